package natt.tests.bench;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;

/// A DNS server on the loopback that answers every query at once with one text, and notes when the
/// first has come.
final class StartNames implements AutoCloseable {
    private static final int MAX_QUERY = 512;
    private static final int HEADER = 12;

    private final DatagramSocket socket = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1"));
    private final byte[] text;
    private final AtomicLong askedNanos = new AtomicLong();

    StartNames(String text) throws IOException {
        this.text = text.getBytes(StandardCharsets.US_ASCII);
        Thread.ofPlatform().daemon().start(this::answer);
    }

    int port() {
        return socket.getLocalPort();
    }

    /// When the first query came since this was last called; 0 if none did.
    long takeAskedNanos() {
        return askedNanos.getAndSet(0);
    }

    private void answer() {
        var query = new DatagramPacket(new byte[MAX_QUERY], MAX_QUERY);
        try {
            while (true) {
                query.setLength(MAX_QUERY);
                socket.receive(query);
                askedNanos.compareAndSet(0, System.nanoTime());
                ByteBuffer in = ByteBuffer.wrap(query.getData(), 0, query.getLength());
                int end = HEADER;
                while (in.get(end) != 0) {
                    end += 1 + in.get(end);
                }
                int tail = 5; // the root, the type and the class
                ByteBuffer out = ByteBuffer.allocate(MAX_QUERY + text.length);
                out.putShort(in.getShort(0)).putShort((short) 0x8180);
                out.putShort((short) 1).putShort((short) 1).putInt(0);
                out.put(in.slice(HEADER, end + tail - HEADER));
                // A pointer to the name; TXT, IN; 60 s.
                out.putShort((short) 0xc00c).putInt(0x0010_0001).putInt(60);
                out.putShort((short) (text.length + 1)).put((byte) text.length).put(text);
                socket.send(
                        new DatagramPacket(out.array(), out.position(), query.getSocketAddress()));
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
