package natt.tests.bench;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// Measures what a TCP connection carries, always at the receiver, so that what a tunnel
/// buffers does not flatter it.
///
/// One connection is one test, which its second line names. It begins as SSH does, with a short
/// line from the client and one from the service: natts lets an original nattc begin with
/// nothing else.
final class Meter {
    private static final String GREETING = "SSH-2.0-bench";
    private static final int CHUNK = 1 << 16;
    private static final int WARM_UP_ECHOES = 30;
    private static final int PATIENCE_MILLIS = 5_000;

    private Meter() {}

    /// Bytes that were received within a time.
    ///
    /// @param cpuSeconds what the watched processes spent meanwhile, in their order
    record Bulk(long bytes, double seconds, double[] cpuSeconds) {
        double megabitsPerSecond() {
            return bytes * 8 / 1e6 / seconds;
        }

        /// Of all watched processes together.
        double cpuSecondsPerGigabyte() {
            return Arrays.stream(cpuSeconds).sum() / (bytes / 1e9);
        }
    }

    /// How long bytes took there and back, in milliseconds.
    record Echo(int count, double median, double p95) {}

    /// When a receiver counts: not before `skip`, then for `window`.
    record Times(Duration skip, Duration window) {
        long millis() {
            return skip.plus(window).toMillis();
        }
    }

    // ---- the service

    /// Serves all tests at an address until the process ends.
    static ServerSocket serve(String host) throws IOException {
        var listener = new ServerSocket();
        listener.bind(new InetSocketAddress(host, 0));
        var thread = new Thread(() -> acceptAll(listener), "service");
        thread.setDaemon(true);
        thread.start();
        return listener;
    }

    private static void acceptAll(ServerSocket listener) {
        try {
            while (true) {
                Socket socket = listener.accept();
                var thread = new Thread(() -> serve(socket), "service");
                thread.setDaemon(true);
                thread.start();
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    private static void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            InputStream in = socket.getInputStream();
            line(in);
            say(socket, GREETING);
            String[] words = line(in).split(" ");
            switch (words[0]) {
                case "echo" -> in.transferTo(socket.getOutputStream());
                case "stamped" -> {
                    OutputStream out = socket.getOutputStream();
                    new DataOutputStream(out).writeLong(System.nanoTime());
                    send(out, Long.parseLong(words[1]));
                }
                case "down" -> send(socket.getOutputStream(), Long.parseLong(words[1]));
                case "up" -> {
                    var times =
                            new Times(
                                    Duration.ofMillis(Long.parseLong(words[1])),
                                    Duration.ofMillis(Long.parseLong(words[2])));
                    Bulk got = receive(socket, times, new long[0]);
                    var out = new DataOutputStream(socket.getOutputStream());
                    out.writeLong(got.bytes());
                    out.writeDouble(got.seconds());
                    out.flush();
                    socket.setSoTimeout(PATIENCE_MILLIS);
                    in.transferTo(OutputStream.nullOutputStream());
                }
                default -> throw new AssertionError("no test " + words[0]);
            }
        } catch (IOException _) {
            // The measuring side breaks off when it has seen enough.
        }
    }

    private static void say(Socket socket, String line) throws IOException {
        socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    private static String line(InputStream in) throws IOException {
        var line = new StringBuilder();
        for (int each; (each = in.read()) != '\n'; ) {
            if (each < 0) {
                throw new IOException("no test was named");
            }
            line.append((char) each);
        }
        return line.toString();
    }

    private static void send(OutputStream out, long millis) throws IOException {
        // Does not compress: kcptun's defaults would.
        byte[] noise = new byte[1 << 20];
        new SplittableRandom(1).nextBytes(noise);
        long begin = System.nanoTime();
        for (int at = 0;
                System.nanoTime() - begin < TimeUnit.MILLISECONDS.toNanos(millis);
                at = (at + CHUNK) % noise.length) {
            out.write(noise, at, CHUNK);
        }
    }

    private static Bulk receive(Socket socket, Times times, long[] pids) throws IOException {
        InputStream in = socket.getInputStream();
        socket.setSoTimeout(PATIENCE_MILLIS);
        byte[] chunk = new byte[CHUNK];
        double[] cpu = null;
        long begin = System.nanoTime();
        long from = begin + times.skip().toNanos();
        long counted = 0;
        while (true) {
            int length = in.read(chunk);
            if (length < 0) {
                throw new IOException("ended before the window was over");
            }
            long now = System.nanoTime();
            if (cpu != null) {
                counted += length;
                if (now - from >= times.window().toNanos()) {
                    return new Bulk(counted, (now - from) / 1e9, spent(cpu, pids));
                }
            } else if (now - from >= 0) {
                from = now;
                cpu = cpu(pids);
            }
        }
    }

    private static double[] cpu(long[] pids) {
        return Arrays.stream(pids).mapToDouble(ProcStat::cpuSeconds).toArray();
    }

    private static double[] spent(double[] before, long[] pids) {
        double[] now = cpu(pids);
        for (int i = 0; i < now.length; i++) {
            now[i] -= before[i];
        }
        return now;
    }

    // ---- the measuring side

    /// What is written to the service at once, before it has greeted.
    static String request(String test) {
        return GREETING + "\n" + test + "\n";
    }

    static Socket begin(InetSocketAddress at, String test) throws IOException {
        var socket = new Socket();
        socket.connect(at, PATIENCE_MILLIS);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLIS);
        say(socket, GREETING);
        line(socket.getInputStream());
        say(socket, test);
        return socket;
    }

    /// From the service to here.
    static Bulk down(InetSocketAddress at, Times times, long... pids) throws IOException {
        try (var socket = begin(at, "down " + (times.millis() + 500))) {
            return receive(socket, times, pids);
        }
    }

    /// From here to the service, which tells when its window is over.
    static Bulk up(InetSocketAddress at, Times times, long... pids)
            throws IOException, InterruptedException {
        String test = "up %d %d".formatted(times.skip().toMillis(), times.window().toMillis());
        try (var socket = begin(at, test)) {
            var sender = new Thread(() -> sendUntilClosed(socket, times.millis()), "sender");
            sender.setDaemon(true);
            sender.start();
            Thread.sleep(times.skip());
            double[] cpu = cpu(pids);
            socket.setSoTimeout((int) times.millis() + PATIENCE_MILLIS);
            var in = new DataInputStream(socket.getInputStream());
            long bytes = in.readLong();
            double seconds = in.readDouble();
            return new Bulk(bytes, seconds, spent(cpu, pids));
        }
    }

    private static void sendUntilClosed(Socket socket, long millis) {
        try {
            send(socket.getOutputStream(), millis + PATIENCE_MILLIS);
        } catch (IOException _) {
            // The answer has come, or never will.
        }
    }

    /// Single bytes, one after the other, until there are enough or the time is over.
    static Echo echo(InetSocketAddress at, int count, Duration limit) throws IOException {
        try (var socket = begin(at, "echo")) {
            InputStream in = socket.getInputStream();
            OutputStream out = socket.getOutputStream();
            double[] millis = new double[count];
            int done = -WARM_UP_ECHOES;
            long begin = System.nanoTime();
            while (done < count && (done < 1 || System.nanoTime() - begin < limit.toNanos())) {
                long sent = System.nanoTime();
                out.write('x');
                if (in.read() < 0) {
                    throw new IOException("ended during echoes");
                }
                if (done >= 0) {
                    millis[done] = (System.nanoTime() - sent) / 1e6;
                }
                done++;
                if (done < 0 && System.nanoTime() - begin > limit.toNanos() / 3) {
                    done = 0;
                }
            }
            Arrays.sort(millis, 0, done);
            return new Echo(done, millis[done / 2], millis[done * 95 / 100]);
        } catch (SocketTimeoutException e) {
            throw new IOException("no echo within %d ms".formatted(PATIENCE_MILLIS), e);
        }
    }
}
