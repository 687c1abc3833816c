package natt.tests;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// TCP services and clients of the tests.
public final class Tcp {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    /// What a client of an SSH service sends first: natts lets nothing else begin.
    private static final byte[] GREETING =
            "SSH-2.0-natt.tests\r\n".getBytes(StandardCharsets.US_ASCII);

    private Tcp() {}

    /// What a service does with a connection.
    public interface Handler {
        void handle(Socket socket) throws IOException;
    }

    /// Serves connections of the loopback until it is closed.
    public static final class Service implements AutoCloseable {
        private final ServerSocket listener;
        private final Handler handler;
        private final List<Socket> accepted = new CopyOnWriteArrayList<>();

        private Service(Handler handler) throws IOException {
            this.handler = handler;
            listener = new ServerSocket(0, 50, LOOPBACK);
            Thread.ofVirtual().start(this::run);
        }

        private void run() {
            try {
                while (true) {
                    Socket socket = listener.accept();
                    accepted.add(socket);
                    Thread.ofVirtual().start(() -> serve(socket));
                }
            } catch (IOException _) {
                // Closed.
            }
        }

        private void serve(Socket socket) {
            try (socket) {
                handler.handle(socket);
            } catch (IOException _) {
                // The other side broke off; what it expected, it checks itself.
            }
        }

        public int port() {
            return listener.getLocalPort();
        }

        public String address() {
            return "127.0.0.1:" + port();
        }

        public List<Socket> accepted() {
            return accepted;
        }

        @Override
        public void close() {
            try {
                listener.close();
                for (Socket socket : accepted) {
                    socket.close();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    public static Service service(Handler handler) throws IOException {
        return new Service(handler);
    }

    public static Service echo() throws IOException {
        return service(socket -> socket.getInputStream().transferTo(socket.getOutputStream()));
    }

    public static Socket connect(int port, Duration readTimeout) throws IOException {
        var socket = new Socket();
        socket.connect(new InetSocketAddress(LOOPBACK, port));
        socket.setSoTimeout((int) readTimeout.toMillis());
        socket.setTcpNoDelay(true);
        return socket;
    }

    /// Sends content that depends on the seed, and compares every byte that comes back.
    ///
    /// @param chunk how much is written at once
    public static void exchange(InputStream in, OutputStream out, long bytes, int chunk, long seed)
            throws IOException, InterruptedException {
        var sender =
                new FutureTask<Void>(
                        () -> {
                            var content = new Content(seed);
                            for (long left = bytes; left > 0; left -= chunk) {
                                out.write(content.next((int) Math.min(left, chunk)));
                                out.flush();
                            }
                            return null;
                        });
        Thread.ofVirtual().start(sender);
        var expected = new Content(seed);
        for (long done = 0; done < bytes; ) {
            int length = (int) Math.min(bytes - done, 8192);
            byte[] came = in.readNBytes(length);
            byte[] due = expected.next(length);
            int differs = Arrays.mismatch(came, due);
            if (differs >= 0) {
                throw new AssertionError(
                        "%s at byte %d of %d"
                                .formatted(
                                        differs < came.length ? "another byte" : "the end",
                                        done + differs,
                                        bytes));
            }
            done += length;
        }
        try {
            sender.get();
        } catch (ExecutionException e) {
            throw new AssertionError("sending failed, though everything came back", e.getCause());
        }
    }

    /// A greeting, then bytes without a pattern.
    public static final class Content {
        private final SplittableRandom random;
        private int greeted;

        public Content(long seed) {
            random = new SplittableRandom(seed);
        }

        /// Returns the next bytes, the same however they are cut.
        public byte[] next(int length) {
            byte[] piece = new byte[length];
            int at = Math.min(length, GREETING.length - greeted);
            System.arraycopy(GREETING, greeted, piece, 0, at);
            greeted += at;
            for (; at < length; at++) {
                piece[at] = (byte) random.nextInt();
            }
            return piece;
        }
    }
}
