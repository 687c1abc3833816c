package natt.wireguard.control;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/// A WireGuard in user space, as far as its socket goes.
final class FakeUapi implements AutoCloseable {
    private final ServerSocketChannel server;
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<SocketChannel> accepted = new CopyOnWriteArrayList<>();

    /// @param answer to a request; what does not end with an empty line is cut off there
    FakeUapi(Path socket, Function<String, String> answer) throws IOException {
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().start(() -> serve(answer));
    }

    private void serve(Function<String, String> answer) {
        try {
            while (true) {
                SocketChannel channel = server.accept();
                accepted.add(channel);
                String request = request(channel);
                requests.add(request);
                answer(channel, answer.apply(request));
            }
        } catch (ClosedChannelException closed) {
            // The test is over.
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static void answer(SocketChannel channel, String text) {
        ByteBuffer bytes = StandardCharsets.ISO_8859_1.encode(text);
        try {
            // In small pieces, so that lines are cut.
            while (bytes.hasRemaining()) {
                ByteBuffer piece =
                        bytes.slice(bytes.position(), Math.min(1_000, bytes.remaining()));
                bytes.position(bytes.position() + channel.write(piece));
            }
        } catch (IOException refused) {
            // They read no further.
        }
    }

    private static String request(SocketChannel channel) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(65_536);
        String text = "";
        while (!text.endsWith("\n\n") && channel.read(bytes) >= 0) {
            text = StandardCharsets.ISO_8859_1.decode(bytes.duplicate().flip()).toString();
        }
        return text;
    }

    /// Ends the connections that are open.
    void hangUp() throws IOException {
        for (SocketChannel each : accepted) {
            each.close();
        }
    }

    List<String> requests() {
        return List.copyOf(requests);
    }

    @Override
    public void close() throws IOException {
        hangUp();
        server.close();
    }
}
