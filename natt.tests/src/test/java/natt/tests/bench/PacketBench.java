package natt.tests.bench;

import com.google.gson.GsonBuilder;

import natt.tests.Programs;
import natt.tests.Repository;
import natt.tests.bench.PacketTunnels.Tunnel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.LongToDoubleFunction;

/// Packet tunnels side by side, between two network namespaces joined by one veth: `natt tun` of
/// the image, wireguard-go, nebula and tinc, and no tunnel at all, in one run and in turns. As
/// root.
///
/// Arguments: `--rounds N` (3), `--seconds N` of each transfer (3, at most 10), `--pings N` (150,
/// at most 500), `--mtu N` (1280) or `--mtu own` for what each program takes by itself, `--only
/// NAME` (several times).
public final class PacketBench {
    private static final Duration REST = Duration.ofSeconds(2);
    private static final int WARM_UP_SECONDS = 2;

    private final List<String> only = new ArrayList<>();
    private int rounds = 3;
    private int seconds = 3;
    private int pings = 150;
    private OptionalInt mtu = OptionalInt.of(1280);

    private PacketBench(String... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--rounds" -> rounds = Integer.parseInt(arguments[++i]);
                case "--seconds" -> seconds = Math.clamp(Integer.parseInt(arguments[++i]), 1, 10);
                case "--pings" -> pings = Math.clamp(Integer.parseInt(arguments[++i]), 10, 500);
                case "--mtu" -> mtu = mtu(arguments[++i]);
                case "--only" -> only.add(arguments[++i]);
                default -> throw new IllegalArgumentException("unknown: " + arguments[i]);
            }
        }
    }

    private static OptionalInt mtu(String argument) {
        return argument.equals("own")
                ? OptionalInt.empty()
                : OptionalInt.of(Integer.parseInt(argument));
    }

    public static void main(String[] arguments) throws Exception {
        for (String program : List.of("ip", "ss", "ping", "iperf3")) {
            if (Programs.find(program).isEmpty()) {
                System.err.println("no program " + program + " (iproute2, iputils-ping, iperf3)");
                System.exit(1);
            }
        }
        new PacketBench(arguments).run();
        System.exit(0);
    }

    // ---- measuring

    /// All measurements of one tunnel.
    private static final class Record {
        final Tunnel tunnel;
        final List<PacketMeter.Bulk> down = new ArrayList<>();
        final List<PacketMeter.Bulk> up = new ArrayList<>();
        final List<PacketMeter.Echo> echo = new ArrayList<>();
        final List<String> failures = new ArrayList<>();
        int mtu;
        double[] megabytesAtRest = {};
        double[] megabytesAfter = {};

        Record(Tunnel tunnel) {
            this.tunnel = tunnel;
        }

        double[] memory(LongToDoubleFunction of) {
            return Arrays.stream(tunnel.pids()).mapToDouble(of).toArray();
        }
    }

    private interface Measurement {
        void run() throws IOException, InterruptedException;
    }

    private void run() throws IOException, InterruptedException {
        String load = ProcStat.loadAverage();
        try (var pair = VethPair.up();
                var tunnels = new PacketTunnels(pair, mtu)) {
            var meter = new PacketMeter(pair);
            List<Record> records = tunnels.start(only).stream().map(Record::new).toList();
            Thread.sleep(REST);
            for (Record record : records) {
                record.mtu = meter.mtu(record.tunnel.farAddress());
                record.megabytesAtRest = record.memory(ProcStat::residentMegabytes);
            }
            for (Record record : records) {
                warmUp(meter, record);
            }
            for (int round = 0; round < rounds; round++) {
                var order = new ArrayList<>(records);
                Collections.rotate(order, -round);
                for (Record record : order) {
                    measure(meter, record);
                }
                System.err.printf("round %d of %d%n", round + 1, rounds);
            }
            for (Record record : records) {
                note(
                        record,
                        "memory",
                        () -> record.megabytesAfter = record.memory(ProcStat::residentMegabytes));
            }
            report(records, tunnels.missing(), load);
        }
    }

    /// Compilers and buffers take their time once, and TCP remembers thresholds of a peer.
    private static void warmUp(PacketMeter meter, Record record) throws InterruptedException {
        Tunnel tunnel = record.tunnel;
        for (boolean down : new boolean[] {true, false}) {
            note(
                    record,
                    "warm-up",
                    () -> meter.bulk(tunnel.farAddress(), down, WARM_UP_SECONDS, tunnel.pids()));
        }
    }

    private void measure(PacketMeter meter, Record record) throws InterruptedException {
        String far = record.tunnel.farAddress();
        long[] pids = record.tunnel.pids();
        note(record, "down", () -> record.down.add(meter.bulk(far, true, seconds, pids)));
        note(record, "up", () -> record.up.add(meter.bulk(far, false, seconds, pids)));
        note(record, "ping", () -> record.echo.add(meter.ping(far, pings)));
    }

    private static void note(Record record, String what, Measurement measurement)
            throws InterruptedException {
        try {
            measurement.run();
        } catch (IOException | java.io.UncheckedIOException failed) {
            record.failures.add(what + ": " + failed.getMessage());
        }
    }

    // ---- reporting

    private void report(List<Record> records, List<String> missing, String loadBefore)
            throws IOException {
        System.out.printf("%n%s%n", Figures.machine(loadBefore));
        System.out.printf(
                "two namespaces, one veth; %d rounds of %d s each way and %d pings; "
                        + "median (least to most)%n%n",
                rounds, seconds, pings);
        String form = "| %-12s | %-5s | %-22s | %-22s | %-18s | %-18s | %-11s | %-9s | %-9s |%n";
        System.out.printf(
                form,
                "tunnel",
                "MTU",
                "down Mbit/s",
                "up Mbit/s",
                "CPU s/GB down",
                "CPU s/GB up",
                "ping ms, p95",
                "MB rest",
                "MB after");
        System.out.println("|" + "---|".repeat(9));
        for (Record record : records) {
            System.out.printf(
                    form,
                    record.tunnel.name(),
                    record.mtu,
                    Figures.spread(record.down, PacketMeter.Bulk::megabitsPerSecond),
                    Figures.spread(record.up, PacketMeter.Bulk::megabitsPerSecond),
                    cpu(record, record.down),
                    cpu(record, record.up),
                    echo(record.echo),
                    Figures.ends(record.megabytesAtRest),
                    Figures.ends(record.megabytesAfter));
        }
        missing.forEach(line -> System.out.println("not measured: " + line));
        for (Record record : records) {
            for (String failure : record.failures) {
                System.out.printf("failed: %s %s%n", record.tunnel.name(), failure);
            }
        }
        Path file = Repository.target("bench").resolve("packets.json");
        Files.writeString(file, json(records));
        System.out.println("every figure: " + Repository.root().relativize(file));
    }

    private static String cpu(Record record, List<PacketMeter.Bulk> bulks) {
        return record.tunnel.pids().length == 0
                ? "-"
                : Figures.spread(bulks, PacketMeter.Bulk::cpuSecondsPerGigabyte);
    }

    private static String echo(List<PacketMeter.Echo> echoes) {
        if (echoes.isEmpty()) {
            return "failed";
        }
        return "%.2f, %.2f"
                .formatted(
                        Figures.median(echoes, PacketMeter.Echo::median),
                        Figures.median(echoes, PacketMeter.Echo::p95));
    }

    private static String json(List<Record> records) {
        var all = new LinkedHashMap<String, Object>();
        for (Record record : records) {
            var one = new LinkedHashMap<String, Object>();
            one.put("mtu", record.mtu);
            one.put("down", record.down);
            one.put("up", record.up);
            one.put("ping", record.echo);
            one.put("megabytesAtRest", record.megabytesAtRest);
            one.put("megabytesAfter", record.megabytesAfter);
            one.put("failures", record.failures);
            all.put(record.tunnel.name(), one);
        }
        return new GsonBuilder().setPrettyPrinting().create().toJson(all);
    }
}
