package natt.tests.bench;

import com.google.gson.GsonBuilder;

import natt.tests.Natt;
import natt.tests.Repository;
import natt.tests.bench.Subjects.Subject;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Whole processes side by side: the image's natts and nattc, kcptun, kcp-go with the
/// original's options, each of the two with the other, and plain TCP, all in one run and in
/// turns.
///
/// Arguments: `--rounds N` (3), `--skip MILLIS` and `--window MILLIS` of a bulk transfer (1000,
/// 2000), `--only NAME` (several times; `-` may stand for a blank), `--veth` (root only: between
/// two network namespaces in place of the loopback).
public final class TunnelBench {
    static final String SERVE = "--serve";

    private static final int ECHOES = 400;
    private static final Duration ECHO_LIMIT = Duration.ofMillis(1500);
    private static final Duration REST = Duration.ofSeconds(2);

    private final List<String> only = new ArrayList<>();
    private int rounds = 3;
    private Duration skip = Duration.ofMillis(1000);
    private Duration window = Duration.ofMillis(2000);
    private boolean veth;
    private String farNamespace = "";

    private TunnelBench(String... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--rounds" -> rounds = Integer.parseInt(arguments[++i]);
                case "--skip" -> skip = Duration.ofMillis(Long.parseLong(arguments[++i]));
                case "--window" -> window = Duration.ofMillis(Long.parseLong(arguments[++i]));
                case "--only" -> only.add(arguments[++i]);
                case "--veth" -> veth = true;
                case "--far-namespace" -> farNamespace = arguments[++i];
                default -> throw new IllegalArgumentException("unknown: " + arguments[i]);
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals(SERVE)) {
            serve(arguments[1]);
            return;
        }
        var bench = new TunnelBench(arguments);
        if (bench.veth) {
            System.exit(runBetweenNamespaces(arguments));
        }
        if (!Files.isExecutable(Path.of(Natt.program("natts")))) {
            throw new IllegalStateException("no image: run the build command of README.md first");
        }
        bench.run();
        System.exit(0);
    }

    private static void serve(String host) throws IOException {
        try (ServerSocket listener = Meter.serve(host)) {
            System.out.println("serving on " + listener.getLocalPort());
            while (System.in.read() >= 0) {}
        }
    }

    /// Runs this program again, where it sees the near end of a pair.
    private static int runBetweenNamespaces(String... arguments)
            throws IOException, InterruptedException {
        try (var pair = VethPair.up()) {
            var rest = new ArrayList<>(List.of(arguments));
            rest.remove("--veth");
            rest.addAll(List.of("--far-namespace", pair.far()));
            return pair.runNear(TunnelBench.class, rest);
        }
    }

    // ---- measuring

    /// All measurements of one subject.
    private static final class Record {
        final Subject subject;
        final List<Meter.Bulk> down = new ArrayList<>();
        final List<Meter.Bulk> up = new ArrayList<>();
        final List<Meter.Echo> echo = new ArrayList<>();
        final List<String> failures = new ArrayList<>();
        double[] megabytesAtRest = {};
        double[] megabytesAfter = {};
        double[] megabytesAtMost = {};

        Record(Subject subject) {
            this.subject = subject;
        }

        double[] memory(java.util.function.LongToDoubleFunction of) {
            return Arrays.stream(subject.pids()).mapToDouble(of).toArray();
        }
    }

    private interface Measurement {
        void run() throws IOException, InterruptedException;
    }

    private void run() throws IOException, InterruptedException {
        String load = ProcStat.loadAverage();
        String far = farNamespace.isEmpty() ? "127.0.0.1" : VethPair.FAR_ADDRESS;
        try (var subjects = new Subjects(far, farNamespace)) {
            List<Record> records =
                    subjects.startAll().stream().filter(this::isWanted).map(Record::new).toList();
            Thread.sleep(REST);
            for (Record record : records) {
                record.megabytesAtRest = record.memory(ProcStat::residentMegabytes);
            }
            for (int round = 0; round < rounds; round++) {
                var order = new ArrayList<>(records);
                Collections.rotate(order, -round);
                for (Record record : order) {
                    measure(record);
                }
                System.err.printf("round %d of %d%n", round + 1, rounds);
            }
            for (Record record : records) {
                record.megabytesAfter = record.memory(ProcStat::residentMegabytes);
                record.megabytesAtMost = record.memory(ProcStat::peakMegabytes);
            }
            report(records, subjects.missing(), load);
        }
    }

    private boolean isWanted(Subject subject) {
        String name = subject.name();
        return only.isEmpty() || only.contains(name) || only.contains(name.replace(' ', '-'));
    }

    private void measure(Record record) throws InterruptedException {
        Subject subject = record.subject;
        var times = new Meter.Times(skip, window);
        note(
                record,
                "down",
                () -> record.down.add(Meter.down(subject.entrance(), times, subject.pids())));
        note(
                record,
                "up",
                () -> record.up.add(Meter.up(subject.entrance(), times, subject.pids())));
        note(
                record,
                "echo",
                () -> record.echo.add(Meter.echo(subject.entrance(), ECHOES, ECHO_LIMIT)));
    }

    private static void note(Record record, String what, Measurement measurement)
            throws InterruptedException {
        try {
            measurement.run();
        } catch (IOException failed) {
            record.failures.add(what + ": " + failed.getMessage());
        }
    }

    // ---- reporting

    private void report(List<Record> records, List<String> missing, String loadBefore)
            throws IOException {
        System.out.printf("%n%s%n", Figures.machine(loadBefore));
        System.out.printf(
                "%s; %d rounds; bulk counted from %d to %d ms; median (least to most)%n%n",
                farNamespace.isEmpty() ? "loopback" : "two namespaces, one veth",
                rounds,
                skip.toMillis(),
                skip.plus(window).toMillis());
        String form = "| %-15s | %-22s | %-22s | %-20s | %-20s | %-13s | %-9s | %-9s | %-9s |%n";
        System.out.printf(
                form,
                "client, server",
                "down Mbit/s",
                "up Mbit/s",
                "CPU s/GB down",
                "CPU s/GB up",
                "echo ms, p95",
                "MB rest",
                "MB after",
                "MB peak");
        System.out.println("|" + "---|".repeat(9));
        for (Record record : records) {
            System.out.printf(
                    form,
                    record.subject.name(),
                    Figures.spread(record.down, Meter.Bulk::megabitsPerSecond),
                    Figures.spread(record.up, Meter.Bulk::megabitsPerSecond),
                    cpu(record, record.down),
                    cpu(record, record.up),
                    echo(record.echo),
                    Figures.ends(record.megabytesAtRest),
                    Figures.ends(record.megabytesAfter),
                    Figures.ends(record.megabytesAtMost));
        }
        missing.forEach(line -> System.out.println("not measured: " + line));
        for (Record record : records) {
            for (String failure : record.failures) {
                System.out.printf("failed: %s %s%n", record.subject.name(), failure);
            }
        }
        Path file = Repository.target("bench").resolve("tunnel.json");
        Files.writeString(file, json(records));
        System.out.println("every figure: " + Repository.root().relativize(file));
    }

    private static String cpu(Record record, List<Meter.Bulk> bulks) {
        return record.subject.pids().length == 0
                ? "-"
                : Figures.spread(bulks, Meter.Bulk::cpuSecondsPerGigabyte);
    }

    private static String echo(List<Meter.Echo> echoes) {
        if (echoes.isEmpty()) {
            return "failed";
        }
        return "%.2f, %.2f"
                .formatted(
                        Figures.median(echoes, Meter.Echo::median),
                        Figures.median(echoes, Meter.Echo::p95));
    }

    private static String json(List<Record> records) {
        var all = new LinkedHashMap<String, Object>();
        for (Record record : records) {
            var one = new LinkedHashMap<String, Object>();
            one.put("down", bulks(record.down));
            one.put("up", bulks(record.up));
            one.put("echoMillis", record.echo);
            one.put("megabytesAtRest", record.megabytesAtRest);
            one.put("megabytesAfter", record.megabytesAfter);
            one.put("megabytesAtMost", record.megabytesAtMost);
            one.put("failures", record.failures);
            all.put(record.subject.name(), one);
        }
        return new GsonBuilder().setPrettyPrinting().create().toJson(all);
    }

    private static List<Map<String, Object>> bulks(List<Meter.Bulk> bulks) {
        return IntStream.range(0, bulks.size())
                .mapToObj(
                        round -> {
                            Meter.Bulk bulk = bulks.get(round);
                            var one = new LinkedHashMap<String, Object>();
                            one.put("bytes", bulk.bytes());
                            one.put("seconds", bulk.seconds());
                            one.put("megabitsPerSecond", bulk.megabitsPerSecond());
                            one.put("cpuSeconds", bulk.cpuSeconds());
                            return (Map<String, Object>) one;
                        })
                .toList();
    }
}
