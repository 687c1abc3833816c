package natt.tests.bench;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.PreSharedKey;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;

/// What many streams and many sessions cost one natts: the image's natts on the loopback, and all
/// clients in one thread of this process, so that only their number differs. All have their turn
/// before anything is counted, since programs compile themselves.
///
/// Arguments: `--rounds N` (3), `--skip MILLIS` (1000) and `--window MILLIS` (2500) of a transfer,
/// `--warm-up MILLIS` (4000) of each case, `--case SESSIONSxSTREAMS` (several times; streams of
/// each
/// session).
public final class ManyBench {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration REST = Duration.ofMillis(500);

    private record Case(int sessions, int streams) {
        @Override
        public String toString() {
            return "%d x %d".formatted(sessions, streams);
        }

        private static Case parse(String text) {
            String[] words = text.split("x");
            return new Case(Integer.parseInt(words[0]), Integer.parseInt(words[1]));
        }
    }

    private static final List<String> CASES = List.of("1x1", "4x32", "64x1", "64x2");

    /// @param evenness the least share of a stream and the greatest, of the mean
    private record Result(double rate, double cpu, double ownCpu, double least, double greatest) {}

    private final List<Case> cases = new ArrayList<>();
    private int rounds = 3;
    private long skip = 1000;
    private long window = 2500;
    private long warmUp = 4000;

    private ManyBench() {}

    public static void main(String[] arguments) throws Exception {
        var bench = new ManyBench();
        for (int i = 0; i < arguments.length; i += 2) {
            String value = arguments[i + 1];
            switch (arguments[i]) {
                case "--rounds" -> bench.rounds = Integer.parseInt(value);
                case "--skip" -> bench.skip = Long.parseLong(value);
                case "--window" -> bench.window = Long.parseLong(value);
                case "--warm-up" -> bench.warmUp = Long.parseLong(value);
                case "--case" -> bench.cases.add(Case.parse(value));
                default -> throw new IllegalArgumentException("unknown: " + arguments[i]);
            }
        }
        if (bench.cases.isEmpty()) {
            CASES.forEach(each -> bench.cases.add(Case.parse(each)));
        }
        bench.run();
        System.exit(0);
    }

    private void run() throws IOException, InterruptedException {
        String load = ProcStat.loadAverage();
        try (var subjects = new Subjects("127.0.0.1", "");
                var clients = new ManyClients()) {
            subjects.startService("127.0.0.1");
            Subjects.Server server = subjects.startSessions();
            long pid = server.process().pid();
            double rest = ProcStat.residentMegabytes(pid);
            ManyClients.Host host = host(server);
            for (Case each : cases) {
                measure(clients, host, pid, each, warmUp);
            }
            var results = new ArrayList<List<Result>>();
            cases.forEach(_ -> results.add(new ArrayList<>()));
            for (int round = 0; round < rounds; round++) {
                var order = new ArrayList<>(cases);
                Collections.rotate(order, -round);
                for (Case each : order) {
                    Result result = measure(clients, host, pid, each, skip);
                    results.get(cases.indexOf(each)).add(result);
                }
            }
            System.out.println(Figures.machine(load));
            report(results);
            System.out.printf(
                    "natts: %.0f MB at rest, %.0f after, %.0f at most%n",
                    rest, ProcStat.residentMegabytes(pid), ProcStat.peakMegabytes(pid));
        }
    }

    private static ManyClients.Host host(Subjects.Server server)
            throws IOException, InterruptedException {
        Matcher at = server.process().awaitLine("listening on UDP ([0-9.]+:[0-9]+)", PATIENCE);
        Matcher key = server.process().awaitLine("this node's key is ([^ ]+)", PATIENCE);
        List<String> line = server.client().apply(0);
        Path secret = Path.of(line.get(line.indexOf("--psk-file") + 1));
        String text =
                Files.readAllLines(secret).stream()
                        .filter(each -> !each.startsWith("#"))
                        .findFirst()
                        .orElseThrow();
        InetSocketAddress address = HostAndPort.parse(at.group(1)).literal().orElseThrow();
        return new ManyClients.Host(
                address, NodeKey.parse(key.group(1)), PreSharedKey.parse(text.strip()));
    }

    private Result measure(
            ManyClients clients, ManyClients.Host host, long pid, Case how, long before)
            throws IOException, InterruptedException {
        clients.begin(host, how.sessions(), how.streams(), Meter.request("down 600000"));
        try {
            Thread.sleep(before);
            long own = ProcessHandle.current().pid();
            double cpu = ProcStat.cpuSeconds(pid);
            double ownCpu = ProcStat.cpuSeconds(own);
            long[] from = clients.bytes();
            long began = System.nanoTime();
            Thread.sleep(window);
            long[] to = clients.bytes();
            double seconds = (System.nanoTime() - began) / 1e9;
            cpu = ProcStat.cpuSeconds(pid) - cpu;
            ownCpu = ProcStat.cpuSeconds(own) - ownCpu;
            for (int i = 0; i < to.length; i++) {
                to[i] -= from[i];
            }
            var shares = Arrays.stream(to).summaryStatistics();
            double gigabytes = shares.getSum() / 1e9;
            return new Result(
                    gigabytes * 8e3 / seconds,
                    cpu / gigabytes,
                    ownCpu / gigabytes,
                    shares.getMin() / shares.getAverage(),
                    shares.getMax() / shares.getAverage());
        } finally {
            clients.end();
            Thread.sleep(REST);
        }
    }

    private void report(List<List<Result>> results) {
        String form = "| %-18s | %-22s | %-20s | %-20s | %-26s |%n";
        System.out.printf(
                form,
                "sessions x streams",
                "Mbit/s",
                "CPU s/GB of natts",
                "of the clients",
                "least, greatest of mean");
        System.out.println("|" + "---|".repeat(5));
        for (int i = 0; i < results.size(); i++) {
            List<Result> some = results.get(i);
            System.out.printf(
                    form,
                    cases.get(i),
                    Figures.spread(some, Result::rate),
                    Figures.spread(some, Result::cpu),
                    Figures.spread(some, Result::ownCpu),
                    "%.2f, %.2f"
                            .formatted(
                                    Figures.median(some, Result::least),
                                    Figures.median(some, Result::greatest)));
        }
    }
}
