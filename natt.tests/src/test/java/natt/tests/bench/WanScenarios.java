package natt.tests.bench;

import static natt.tests.bench.WanRoom.BBR;
import static natt.tests.bench.WanRoom.CUBIC;
import static natt.tests.bench.WanRoom.KCPTUN;
import static natt.tests.bench.WanRoom.NATT;
import static natt.tests.bench.WanRoom.WIREGUARD;
import static natt.tests.bench.WanScenario.column;

import natt.tests.bench.WanRun.Window;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The tables of [WanBench]. All bulk goes from the far host to the near one.
final class WanScenarios {
    private static final List<String> ALL = List.of(NATT, KCPTUN, WIREGUARD, CUBIC, BBR);
    private static final int MEGABYTE = 1_000_000;
    private static final long UNLOADED_MILLIS = 1_000;

    private static final String RATE = "Mbit/s";
    private static final String WIRE = "bytes/byte";
    private static final String QUEUE = "queue ms";
    private static final String CPU = "CPU s/GB";

    private WanScenarios() {}

    static List<WanScenario> all() {
        return List.of(
                new WanScenario(
                        "20ms",
                        "delay=10 rate=100",
                        "20 ms there and back, 100 Mbit/s, 50 ms of queue; counted from 2 to 10 s",
                        ALL,
                        List.of(
                                column(RATE, 1, "90"),
                                column(WIRE, 3, "1.09"),
                                column(QUEUE, 1, "10"),
                                column(CPU, 0, "")),
                        WanScenarios::steady),
                lossy("100ms-1%", "delay=50 loss=1 rate=100", 5, "0.55", "83 1.15 88 1.12"),
                lossy("200ms-5%", "delay=100 loss=5 rate=100", 8, "1.2", "70 1.28 85 1.16"),
                rough("bursty", "delay=50 loss=2 burst=8 rate=100", "100 ms, 2 % in bursts of 8"),
                rough("reorder", "delay=20 reorder=10 rate=100", "40 ms, 10 % overtake"),
                drop(),
                echoUnderBulk(),
                new WanScenario(
                        "16-streams",
                        "delay=10 rate=100",
                        "20 ms, 100 Mbit/s; 16 streams of one session, counted from 3 to 11 s",
                        ALL,
                        List.of(
                                column("least Mbit/s", 2, ""),
                                column("greatest", 2, ""),
                                column("Jain's index", 3, "0.95"),
                                column("total Mbit/s", 1, "")),
                        WanScenarios::streams),
                fair("fair-cubic", CUBIC),
                fair("fair-bbr", BBR));
    }

    // ---- one flow

    private static void steady(WanRun run) throws IOException, InterruptedException {
        try (var session = run.open();
                var trace = run.trace(session)) {
            double unloaded = unloaded(trace);
            try (var flow = session.bulk(11)) {
                var window = Window.of(flow, trace, 2, 10);
                run.put(RATE, window.megabitsPerSecond());
                run.put(WIRE, window.wire());
                run.put(QUEUE, window.roundTrip() - unloaded);
                run.put(CPU, window.cpuSecondsPerGigabyte());
                run.keep(flow, 10);
            }
        }
    }

    /// The round trip of a link on which nothing else goes.
    private static double unloaded(WanTrace trace) throws InterruptedException {
        long from = System.nanoTime();
        Thread.sleep(UNLOADED_MILLIS);
        return trace.roundTrip(from, System.nanoTime());
    }

    private static WanScenario lossy(
            String name, String settings, int from, String firstAim, String aims) {
        String[] aim = aims.split(" ");
        String steady = "%d-%d s ".formatted(from, from + 10);
        return new WanScenario(
                name,
                settings,
                "there and back, so much loss each way, 100 Mbit/s, 50 ms of queue; the first"
                        + " megabyte of a new session and of one that has carried bulk",
                ALL,
                List.of(
                        column("first MB s", 2, firstAim),
                        column("0-10 s " + RATE, 1, aim[0]),
                        column("0-10 s " + WIRE, 3, aim[1]),
                        column(steady + RATE, 1, aim[2]),
                        column(steady + WIRE, 3, aim[3]),
                        column(steady + QUEUE, 1, ""),
                        column("MB again s", 2, "")),
                run -> lossy(run, from, steady));
    }

    private static void lossy(WanRun run, int from, String steady)
            throws IOException, InterruptedException {
        try (var session = run.open();
                var trace = run.trace(session)) {
            double unloaded = unloaded(trace);
            try (var flow = session.bulk(from + 11)) {
                var first = Window.of(flow, trace, 0, 10);
                run.put("first MB s", flow.secondsUntil(MEGABYTE, 10));
                run.put("0-10 s " + RATE, first.megabitsPerSecond());
                run.put("0-10 s " + WIRE, first.wire());
                var later = Window.of(flow, trace, from, from + 10);
                run.put(steady + RATE, later.megabitsPerSecond());
                run.put(steady + WIRE, later.wire());
                run.put(steady + QUEUE, later.roundTrip() - unloaded);
                run.keep(flow, from + 10);
            }
            run.room().awaitQuiet();
            try (var again = session.bulk(5)) {
                run.put("MB again s", again.secondsUntil(MEGABYTE, 5));
            }
        }
    }

    private static WanScenario rough(String name, String settings, String what) {
        return new WanScenario(
                name,
                settings,
                what + ", 100 Mbit/s, 50 ms of queue; counted from 2 to 12 s",
                ALL,
                List.of(
                        column(RATE, 1, ""),
                        column(WIRE, 3, ""),
                        column(QUEUE, 1, ""),
                        column("worst second", 1, "")),
                WanScenarios::rough);
    }

    private static void rough(WanRun run) throws IOException, InterruptedException {
        try (var session = run.open();
                var trace = run.trace(session)) {
            double unloaded = unloaded(trace);
            try (var flow = session.bulk(13)) {
                var window = Window.of(flow, trace, 2, 12);
                run.put(RATE, window.megabitsPerSecond());
                run.put(WIRE, window.wire());
                run.put(QUEUE, window.roundTrip() - unloaded);
                run.put("worst second", worstSecond(window));
                run.keep(flow, 12);
            }
        }
    }

    private static double worstSecond(Window window) {
        double worst = Double.POSITIVE_INFINITY;
        long step = 100_000_000;
        for (long at = window.fromNanos(); at + 10 * step - window.toNanos() <= 0; at += step) {
            worst = Math.min(worst, window.flow().megabitsPerSecond(at, at + 10 * step));
        }
        return worst;
    }

    // ---- a link that changes

    private static WanScenario drop() {
        return new WanScenario(
                "drop",
                "delay=20 rate=100",
                "40 ms, 50 ms of queue; 100, 10 and again 100 Mbit/s for 10 s each; rates from 3"
                        + " to 10 s of each; until a second brings 80 % of the new rate",
                ALL,
                List.of(
                        column("at 100", 1, ""),
                        column("at 10", 2, ""),
                        column("again at 100", 1, ""),
                        column("down after s", 1, "3"),
                        column("up after s", 1, "3"),
                        column("slow " + QUEUE, 1, ""),
                        column("slow " + WIRE, 3, "")),
                WanScenarios::drop);
    }

    private static void drop(WanRun run) throws IOException, InterruptedException {
        WanLink link = run.room().link();
        try (var session = run.open();
                var trace = run.trace(session)) {
            double unloaded = unloaded(trace);
            try (var flow = session.bulk(31)) {
                run.put("at 100", Window.of(flow, trace, 3, 10).megabitsPerSecond());
                link.set("rate=10");
                long slower = System.nanoTime();
                var slow = Window.of(flow, trace, 13, 20);
                run.put("at 10", slow.megabitsPerSecond());
                run.put("slow " + QUEUE, slow.roundTrip() - unloaded);
                run.put("slow " + WIRE, slow.wire());
                link.set("rate=100");
                long faster = System.nanoTime();
                run.put("again at 100", Window.of(flow, trace, 23, 30).megabitsPerSecond());
                run.put("down after s", secondsUntil(flow, slower, 9, 8));
                run.put("up after s", secondsUntil(flow, faster, 9, 80));
                run.keep(flow, 30);
            } finally {
                link.set("rate=100");
            }
        }
    }

    /// After how long a second begins that brings at least so much; infinite if none does.
    private static double secondsUntil(Flow flow, long from, int limit, double megabits) {
        for (int tenths = 0; tenths <= (limit - 1) * 10; tenths++) {
            long at = from + tenths * 100_000_000L;
            if (flow.megabitsPerSecond(at, at + 1_000_000_000) >= megabits) {
                return tenths / 10.0;
            }
        }
        return Double.POSITIVE_INFINITY;
    }

    // ---- several flows

    private static WanScenario echoUnderBulk() {
        return new WanScenario(
                "echo-under-bulk",
                "delay=10 rate=100",
                "20 ms, 100 Mbit/s; single bytes on one stream, alone and while bulk goes on"
                        + " another of the session (from its 2nd second on, 8 s)",
                ALL,
                List.of(
                        column("alone ms", 1, ""),
                        column("median ms", 1, ""),
                        column("p95 ms", 1, "60"),
                        column("bulk Mbit/s", 1, "")),
                run -> {
                    try (var session = run.open();
                            var trace = run.trace(session)) {
                        var alone = Meter.echo(session.entrance(), 60, Duration.ofSeconds(4));
                        run.put("alone ms", alone.median());
                        try (var flow = session.bulk(14)) {
                            flow.awaitSecond(2);
                            var loaded = Meter.echo(session.entrance(), 500, Duration.ofSeconds(8));
                            run.put("median ms", loaded.median());
                            run.put("p95 ms", loaded.p95());
                            run.put(
                                    "bulk Mbit/s",
                                    Window.of(flow, trace, 2, 10).megabitsPerSecond());
                        }
                    }
                });
    }

    private static void streams(WanRun run) throws IOException, InterruptedException {
        var flows = new ArrayList<Flow>();
        try (var session = run.open()) {
            for (int i = 0; i < 16; i++) {
                flows.add(session.bulk(13));
            }
            double[] shares = shares(flows, 3, 11);
            run.put("least Mbit/s", Arrays.stream(shares).min().orElseThrow());
            run.put("greatest", Arrays.stream(shares).max().orElseThrow());
            run.put("Jain's index", jain(shares));
            run.put("total Mbit/s", Arrays.stream(shares).sum());
        } finally {
            close(flows);
        }
    }

    /// What each has had, in Mbit/s, in a time after the last has begun.
    static double[] shares(List<Flow> flows, double from, double to)
            throws IOException, InterruptedException {
        Flow last = flows.getLast();
        last.awaitSecond(to);
        long begun = last.begunNanos();
        return flows.stream()
                .mapToDouble(
                        each ->
                                each.megabitsPerSecond(
                                        begun + (long) (from * 1e9), begun + (long) (to * 1e9)))
                .toArray();
    }

    /// The fairness of shares, from 1/n where one has all to 1 where all have the same.
    private static double jain(double... shares) {
        double sum = Arrays.stream(shares).sum();
        double squares = Arrays.stream(shares).map(each -> each * each).sum();
        return sum * sum / (shares.length * squares);
    }

    static void close(List<Flow> flows) throws IOException {
        for (Flow each : flows) {
            each.close();
        }
    }

    private static WanScenario fair(String name, String rival) {
        return new WanScenario(
                name,
                "delay=20 rate=100",
                ("40 ms, 100 Mbit/s, 50 ms of queue; two sessions of two clients begin 3 s apart"
                                + " and 3 s later one %s; from 10 to 30 s")
                        .formatted(rival),
                // How much two kernels would leave is the yardstick.
                List.of(NATT, KCPTUN, rival.equals(CUBIC) ? BBR : CUBIC),
                List.of(
                        column("first Mbit/s", 1, "11 to 100"),
                        column("second", 1, "11 to 100"),
                        column(rival, 1, "11 to 100"),
                        column("total", 1, ""),
                        column("round trip ms", 1, "")),
                run -> fair(run, rival));
    }

    private static void fair(WanRun run, String rival) throws IOException, InterruptedException {
        var flows = new ArrayList<Flow>();
        try (var first = run.open();
                var second = run.open();
                var other = run.room().open(rival);
                var trace = run.trace(first)) {
            for (var session : List.of(first, second, other)) {
                int begun = 3 * flows.size();
                flows.add(session.bulk(31 - begun));
                if (flows.size() < 3) {
                    flows.getFirst().awaitSecond(begun + 3);
                }
            }
            double[] shares = shares(flows, 4, 24);
            run.put("first Mbit/s", shares[0]);
            run.put("second", shares[1]);
            run.put(rival, shares[2]);
            run.put("total", Arrays.stream(shares).sum());
            for (int i = 0; i < flows.size(); i++) {
                run.keep(flows.get(i), 30 - 3 * i);
            }
            run.put("round trip ms", Window.of(flows.getFirst(), trace, 10, 30).roundTrip());
        } finally {
            close(flows);
        }
    }
}
