package natt.tests.sim;

import natt.testkit.SimLink.Shape;
import natt.tests.sim.SpeedScenarios.Change;
import natt.tests.sim.SpeedScenarios.Transfer;
import natt.tests.sim.SpeedWorld.Path;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;

/// Prints how fast sessions are in virtual time as tables in Markdown: medians of five seeds, and
/// the least and the greatest.
public final class SpeedReport {
    private static final PrintStream OUT =
            new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private static final int SEEDS = 5;

    private SpeedReport() {}

    public static void main(String[] arguments) {
        OUT.println(
                "| path | first MB, s | first 10 s, Mbit/s | wire | steady, Mbit/s | wire | queue,"
                        + " ms | way back |");
        OUT.println("|---|---|---|---|---|---|---|---|");
        transfers("100 ms, 1 %", Path.of(100, 100, 0.01), 5);
        transfers("200 ms, 5 %", Path.of(100, 200, 0.05), 8);
        transfers("20 ms", Path.of(100, 20, 0), 2);
        transfers("20 ms, queue 10 ms", Path.of(100, 20, 0).queue(Duration.ofMillis(10)), 2);
        transfers("100 ms, 2 % in bursts of 8", SpeedScenarios.bursty(100), 5);
        transfers("20 ms, 10 % overtaken", SpeedScenarios.mixedUp(20), 5);
        transfers("100 ms, 10 % overtaken", SpeedScenarios.mixedUp(100), 5);
        transfers(
                "50 ms, a quarter early",
                Path.of(100, 50, 0)
                        .before(
                                Shape.clean()
                                        .withDelay(Duration.ZERO)
                                        .withReorder(0.75, Duration.ofMillis(10))),
                5);
        OUT.println();
        OUT.println("| what | measured |");
        OUT.println("|---|---|");
        for (int rtt : new int[] {20, 100}) {
            List<Change> changes = runs(seed -> SpeedScenarios.change(seed, rtt));
            row(
                    "%d ms, 10 instead of 100 Mbit/s, from the third second on".formatted(rtt),
                    spread(changes, Change::slow)
                            + " Mbit/s, queue "
                            + spread(changes, Change::queueMillis)
                            + " ms");
            row("and 100 again, from the third second on", spread(changes, Change::again));
            row(
                    "%d ms, both processes stand for 10 to 50 ms twice a second".formatted(rtt),
                    spread(runs(seed -> SpeedScenarios.onBusyMachines(seed, rtt)), mbit -> mbit)
                            + " Mbit/s");
        }
        for (int rtt : new int[] {20, 40, 50, 100}) {
            for (boolean first : new boolean[] {false, true}) {
                share(rtt, first, "cubic", new TcpFlow.Cubic());
                share(rtt, first, "BBR", new TcpFlow.Bbr());
            }
        }
    }

    private static void share(int rtt, boolean first, String name, TcpFlow.Law law) {
        List<Double> shares = SpeedScenarios.shares(Path.of(100, rtt, 0), 2, law, first, 40);
        row(
                "%d ms, two flows and then %s%s"
                        .formatted(rtt, name, first ? ", which was first" : ""),
                "%.0f and %.0f, %.0f Mbit/s"
                        .formatted(shares.get(0), shares.get(1), shares.get(2)));
    }

    private static void row(String what, String measured) {
        OUT.printf("| %s | %s |%n", what, measured);
    }

    private static void transfers(String name, Path path, int from) {
        List<Transfer> all = runs(seed -> SpeedScenarios.transfer(seed, path, 10, from, from + 10));
        OUT.printf(
                "| %s | %s | %s | %s | %s | %s | %s | %s |%n",
                name,
                spread(all, Transfer::firstMegabyte),
                spread(all, transfer -> transfer.early().megabits()),
                spread(all, transfer -> transfer.early().wire()),
                spread(all, transfer -> transfer.steady().megabits()),
                spread(all, transfer -> transfer.steady().wire()),
                spread(all, Transfer::queueMillis),
                spread(all, Transfer::acks));
    }

    private interface Run<T> {
        T with(long seed);
    }

    private static <T> List<T> runs(Run<T> run) {
        return LongStream.rangeClosed(1, SEEDS).mapToObj(run::with).toList();
    }

    private static <T> String spread(List<T> runs, ToDoubleFunction<T> value) {
        double[] sorted = runs.stream().mapToDouble(value).sorted().toArray();
        return number(sorted[sorted.length / 2])
                + " ("
                + number(sorted[0])
                + "-"
                + number(sorted[sorted.length - 1])
                + ")";
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value < 2 ? "%.3f" : "%.1f", value);
    }
}
