package natt.tests.bench;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.discovery.stun.StunDiscovery;
import natt.rendezvous.Broker;
import natt.rendezvous.BrokerConfig;
import natt.rendezvous.proto.Limits;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// What one broker bears: many registered nodes, and introductions between them. The broker has a
/// process of its own, with the flags of the image's `natt`; the nodes are real session engines in
/// this one, over loopback, from some hundred addresses.
public final class BrokerBenchmark {
    private static final int PORT = 31_900;

    private BrokerBenchmark() {}

    /// @param args how many nodes, introductions a second, and seconds; 10000 1000 60 if none
    public static void main(String[] args) throws Exception {
        if (args.length > 0 && args[0].equals("broker")) {
            serve(Path.of(args[1]));
            return;
        }
        int nodes = argument(args, 0, 10_000);
        int rate = argument(args, 1, 1_000);
        int seconds = argument(args, 2, 60);
        Path state = Files.createTempDirectory("natt-broker-benchmark");
        try (var broker = new Child(state);
                var crowd = new Crowd(nodes, broker.key, address())) {
            measure(broker, crowd, nodes, rate, seconds);
        } finally {
            try (var files = Files.list(state)) {
                files.forEach(BrokerBenchmark::delete);
            }
            delete(state);
        }
    }

    private static void measure(Child broker, Crowd crowd, int nodes, int rate, int seconds)
            throws IOException {
        long emptyHeap = broker.heap();
        double emptyResident = broker.resident();
        double cpu = broker.cpu();
        long start = System.nanoTime();
        crowd.register();
        double took = seconds(start);
        say(
                "%d nodes registered in %.1f s (%.0f/s), %.2f ms of processor each",
                crowd.registered(), took, nodes / took, (broker.cpu() - cpu) / nodes * 1e3);
        long heap = broker.heap();
        say(
                "memory of the broker: heap %.1f MB, %d bytes a node; resident %.0f MB, before"
                        + " the nodes %.0f",
                heap / 1e6, (heap - emptyHeap) / nodes, broker.resident(), emptyResident);
        cpu = broker.cpu();
        start = System.nanoTime();
        crowd.idle(Duration.ofSeconds(15));
        say("idle: %.1f %% of a processor", (broker.cpu() - cpu) / seconds(start) * 100);
        cpu = broker.cpu();
        start = System.nanoTime();
        Crowd.Introductions done = crowd.introduce(rate, Duration.ofSeconds(seconds));
        double busy = broker.cpu() - cpu;
        double lasted = seconds(start);
        say(
                "%d introductions begun in %.1f s (%.0f/s), %d done; round trips of the whole:"
                        + " median %.1f ms, 99 %% %.1f ms, longest %.1f ms",
                done.begun(),
                lasted,
                done.begun() / lasted,
                done.done(),
                done.millis(0.5),
                done.millis(0.99),
                done.millis(1));
        say(
                "introducing: %.1f %% of a processor, %.2f ms each",
                busy / lasted * 100, busy / done.begun() * 1e3);
        long after = broker.heap();
        say(
                "memory with %d channels: heap %.1f MB; resident %.0f MB",
                done.done(), after / 1e6, broker.resident());
        say("lost: %d sessions; load average %s", crowd.lost(), ProcStat.loadAverage());
    }

    private static int argument(String[] args, int at, int usual) {
        return args.length > at && !args[at].isEmpty() ? Integer.parseInt(args[at]) : usual;
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    private static void say(String format, Object... arguments) {
        System.out.println(String.format(Locale.ROOT, format, arguments));
    }

    private static InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), PORT);
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    // ---- the broker's process

    /// Says its key, then the bytes of its heap for every line that it reads.
    private static void serve(Path state) throws IOException {
        var config =
                new BrokerConfig(
                        List.of(address()),
                        Optional.empty(),
                        Identity.generate(new SecureRandom()),
                        PreSharedKey.NONE,
                        Optional.empty(),
                        Limits.usual(),
                        state,
                        new StunDiscovery());
        try (Broker broker = Broker.start(config);
                var in =
                        new BufferedReader(
                                new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
            System.out.println(broker.key());
            while (in.readLine() != null) {
                System.gc();
                Runtime runtime = Runtime.getRuntime();
                System.out.println(runtime.totalMemory() - runtime.freeMemory());
            }
        }
    }

    private static final class Child implements AutoCloseable {
        private final Process process;
        private final BufferedReader out;
        private final NodeKey key;

        Child(Path state) throws IOException {
            process =
                    new ProcessBuilder(
                                    ProcessHandle.current().info().command().orElseThrow(),
                                    "-XX:+UseSerialGC",
                                    "-Xms8m",
                                    "-Xmx256m",
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    BrokerBenchmark.class.getName(),
                                    "broker",
                                    state.toString())
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            out = process.inputReader(StandardCharsets.US_ASCII);
            key = NodeKey.parse(out.readLine());
        }

        long heap() throws IOException {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
            return Long.parseLong(out.readLine());
        }

        double resident() {
            return ProcStat.residentMegabytes(process.pid());
        }

        double cpu() {
            return ProcStat.cpuSeconds(process.pid());
        }

        @Override
        public void close() throws IOException {
            process.getOutputStream().close();
            process.onExit().completeOnTimeout(process, 10, TimeUnit.SECONDS).join();
            process.destroyForcibly();
        }
    }
}
