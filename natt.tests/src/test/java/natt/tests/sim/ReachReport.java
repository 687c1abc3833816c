package natt.tests.sim;

import natt.testkit.NatType;
import natt.tests.sim.ReachWorld.Links;
import natt.tests.sim.ReachWorld.Outcome;
import natt.tests.sim.ReachWorld.Way;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// Prints what becomes of calls between every pair of NATs of the laboratory as tables in
/// Markdown, each pair in both directions and with several seeds.
public final class ReachReport {
    private static final PrintStream OUT =
            new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private static final int SEEDS = 5;
    private static final int MORE_SEEDS = 20;

    /// All calls between two types.
    private record Pair(NatType one, NatType other, List<Outcome> calls) {
        static Pair of(NatType one, NatType other) {
            Pair few = of(one, other, SEEDS);
            boolean luck = few.calls.stream().anyMatch(each -> each.way() == Way.BIRTHDAY);
            return luck ? of(one, other, MORE_SEEDS) : few;
        }

        private static Pair of(NatType one, NatType other, int seeds) {
            var calls = new ArrayList<Outcome>();
            for (int seed = 1; seed <= seeds; seed++) {
                calls.add(ReachWorld.call(seed, one, other, Links.USUAL));
                if (one != other) {
                    calls.add(ReachWorld.call(seed, other, one, Links.USUAL));
                }
            }
            return new Pair(one, other, calls);
        }

        Way way() {
            return calls.stream().map(Outcome::way).min(Comparator.naturalOrder()).orElseThrow();
        }

        /// The part of the calls with a direct path within 15 seconds.
        double direct() {
            return calls.stream().filter(each -> each.direct().orElse(99) <= 15).count()
                    / (double) calls.size();
        }

        double slowestEcho() {
            return calls.stream().mapToDouble(Outcome::echo).max().orElseThrow();
        }

        /// Of the calls that have a direct path.
        String directTimes() {
            List<Double> times =
                    calls.stream()
                            .filter(each -> each.direct().isPresent())
                            .map(each -> each.direct().getAsDouble())
                            .sorted()
                            .toList();
            return times.isEmpty()
                    ? ""
                    : "%s, %s"
                            .formatted(
                                    seconds(times.get(times.size() / 2)), seconds(times.getLast()));
        }

        /// The most on the NAT of a type.
        int mappings(NatType type) {
            return calls.stream()
                    .mapToInt(
                            each ->
                                    Math.max(
                                            each.caller() == type ? each.mappings()[0] : 0,
                                            each.called() == type ? each.mappings()[1] : 0))
                    .max()
                    .orElseThrow();
        }

        int perSecond() {
            return calls.stream().mapToInt(Outcome::mostPerSecond).max().orElseThrow();
        }
    }

    private ReachReport() {}

    public static void main(String[] arguments) {
        var pairs = new ArrayList<Pair>();
        for (NatType one : ReachWorld.TYPES) {
            for (NatType other : ReachWorld.TYPES) {
                if (one.compareTo(other) <= 0) {
                    pairs.add(Pair.of(one, other));
                }
            }
        }
        overview(pairs);
        OUT.println();
        details(pairs);
    }

    private static void overview(List<Pair> pairs) {
        OUT.print("| |");
        ReachWorld.TYPES.forEach(each -> OUT.printf(" %s |", each.label()));
        OUT.printf("%n|---|%s%n", "---|".repeat(ReachWorld.TYPES.size()));
        for (NatType one : ReachWorld.TYPES) {
            OUT.printf("| %s |", one.label());
            for (NatType other : ReachWorld.TYPES) {
                OUT.printf(" %s |", cell(find(pairs, one, other)));
            }
            OUT.println();
        }
    }

    private static Pair find(List<Pair> pairs, NatType one, NatType other) {
        return pairs.stream()
                .filter(
                        each ->
                                each.one == one && each.other == other
                                        || each.one == other && each.other == one)
                .findFirst()
                .orElseThrow();
    }

    private static String cell(Pair pair) {
        return switch (pair.way()) {
            case DIRECT -> "direct";
            case PREDICTION -> "predicted";
            case BIRTHDAY -> "birthday %s".formatted(percent(pair.direct()));
            case RELAY -> "relay";
            case TLS -> "TLS";
        };
    }

    private static void details(List<Pair> pairs) {
        OUT.println(
                "| pair | path | calls | echo, slowest | direct, median and slowest |"
                        + " direct in 15 s | mappings | packets/s |");
        OUT.println("|---|---|---|---|---|---|---|---|");
        for (Pair each : pairs) {
            OUT.printf(
                    "| %s, %s | %s | %d | %s | %s | %s | %d, %d | %d |%n",
                    each.one.label(),
                    each.other.label(),
                    each.way().label(),
                    each.calls.size(),
                    seconds(each.slowestEcho()),
                    each.directTimes(),
                    percent(each.direct()),
                    each.mappings(each.one),
                    each.mappings(each.other),
                    each.perSecond());
        }
    }

    private static String seconds(double seconds) {
        return String.format(Locale.ROOT, "%.2f s", seconds);
    }

    private static String percent(double part) {
        return String.format(Locale.ROOT, "%.0f %%", 100 * part);
    }
}
