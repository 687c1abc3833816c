package natt.wireguard.control;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;

/// One operation over the socket of a WireGuard in user space.
///
/// It starts no thread, so that it can be done before capabilities are dropped.
final class UapiSocket implements AutoCloseable {
    private static final int LONGEST_LINE = 512;
    private static final int LONGEST_REPLY = 8 << 20;

    private final SocketChannel channel;
    private final Selector selector;
    private final long deadline;
    private final ByteBuffer received = ByteBuffer.allocate(64 << 10);
    private final byte[] line = new byte[LONGEST_LINE];
    private int lineLength;

    private UapiSocket(Path path, Duration patience) throws IOException {
        deadline = System.nanoTime() + patience.toNanos();
        selector = Selector.open();
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        } catch (IOException failed) {
            selector.close();
            throw failed;
        }
        try {
            channel.configureBlocking(false);
            if (!channel.connect(UnixDomainSocketAddress.of(path))) {
                await(SelectionKey.OP_CONNECT);
                channel.finishConnect();
            }
        } catch (IOException failed) {
            close();
            throw failed;
        }
    }

    /// Sends a request and returns what it is answered.
    ///
    /// @throws IOException if it is refused, the answer is malformed, or the time is over
    static InterfaceState call(Path path, String request, Duration patience) throws IOException {
        try (var socket = new UapiSocket(path, patience)) {
            socket.send(request);
            return socket.receive();
        }
    }

    private void send(String request) throws IOException {
        ByteBuffer bytes = StandardCharsets.US_ASCII.encode(request);
        while (bytes.hasRemaining()) {
            if (channel.write(bytes) == 0) {
                await(SelectionKey.OP_WRITE);
            }
        }
    }

    private InterfaceState receive() throws IOException {
        var reply = new UapiReply();
        int total = 0;
        try {
            while (!reply.isComplete()) {
                received.clear();
                int count = channel.read(received);
                if (count < 0) {
                    throw new EOFException("it ends in the middle of an answer");
                }
                if (count == 0) {
                    await(SelectionKey.OP_READ);
                }
                total += count;
                if (total > LONGEST_REPLY) {
                    throw new IOException("its answer does not end");
                }
                take(reply);
            }
        } catch (IllegalArgumentException malformed) {
            throw new IOException("it answers with " + malformed.getMessage());
        } finally {
            // The private key was in there.
            Arrays.fill(received.array(), (byte) 0);
            Arrays.fill(line, (byte) 0);
        }
        return reply.result();
    }

    private void take(UapiReply reply) {
        received.flip();
        while (received.hasRemaining() && !reply.isComplete()) {
            byte next = received.get();
            if (next == '\n') {
                reply.line(new String(line, 0, lineLength, StandardCharsets.ISO_8859_1));
                lineLength = 0;
            } else if (lineLength == LONGEST_LINE) {
                throw new IllegalArgumentException("a line without an end");
            } else {
                line[lineLength++] = next;
            }
        }
    }

    private void await(int operation) throws IOException {
        long left = deadline - System.nanoTime();
        channel.register(selector, operation);
        if (left <= 0 || selector.select(1 + left / 1_000_000) == 0) {
            throw new IOException("it does not answer");
        }
        selector.selectedKeys().clear();
    }

    @Override
    public void close() throws IOException {
        try (selector) {
            channel.close();
        }
    }
}
