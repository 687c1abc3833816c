package natt.tests.sim;

import static natt.tests.sim.LossScenarios.MEGA;
import static natt.tests.sim.LossScenarios.line;

import natt.tests.sim.AddressScenarios.Traffic;
import natt.tests.sim.HostileScenarios.Flood;
import natt.tests.sim.LongScenarios.Day;
import natt.tests.sim.LongScenarios.Quiet;
import natt.tests.sim.LossScenarios.Damage;
import natt.tests.sim.StreamScenarios.Stalled;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;

/// Prints what the scenarios measure as a table in Markdown, with more runs and more bytes than
/// the tests have time for.
public final class ReliabilityReport {
    private static final PrintStream OUT =
            new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private ReliabilityReport() {}

    public static void main(String[] arguments) {
        OUT.println("| fault | target | measured | how |");
        OUT.println("|---|---|---|---|");
        loss();
        damage();
        narrow();
        moves();
        deaths();
        sleep();
        strangers();
        streams();
        days();
    }

    private static void row(String fault, String target, String measured, String how) {
        OUT.printf("| %s | %s | %s | %s |%n", fault, target, measured, how);
    }

    private static String seconds(double seconds) {
        return String.format(Locale.ROOT, seconds < 100 ? "%.2f s" : "%.0f s", seconds);
    }

    private static String percent(double part) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * part);
    }

    // ---- links

    private static void loss() {
        for (double loss : new double[] {0, 0.01, 0.10, 0.20, 0.40}) {
            row(
                    "loss %.0f %% each way".formatted(100 * loss),
                    loss == 0.40 ? "10 MB in 60 s" : "10 MB, byte exact",
                    seconds(LossScenarios.transferSeconds(line().withLoss(loss), 10 * MEGA)),
                    "one upload");
        }
        for (double loss : new double[] {0.01, 0.10, 0.20, 0.40}) {
            row(
                    "loss %.0f %% each way".formatted(100 * loss),
                    loss == 0.20 ? "99 of 100 echoes of 100 bytes in 4 round trips" : "echo, p99",
                    "%.1f round trips".formatted(LossScenarios.echoRoundTrips(loss, 10_000)),
                    "10,000 echoes");
        }
        row(
                "loss 20 % each way",
                "up in 5 s, 99.9 %",
                percent(LossScenarios.upInTime(0.20, Duration.ofSeconds(5), 5000)),
                "5000 callers, up at both ends");
        row(
                "loss 40 % each way",
                "up in 10 s, 99 %",
                percent(LossScenarios.upInTime(0.40, Duration.ofSeconds(10), 1000)),
                "1000 callers, up at both ends");
    }

    private static void damage() {
        double clean = LossScenarios.transferSeconds(line(), 50 * MEGA);
        var disorder = line().withReorder(0.25, Duration.ofMillis(10)).withDuplicate(0.10);
        double mixed = LossScenarios.transferSeconds(disorder, 50 * MEGA);
        row(
                "25 % held back for 10 ms, 10 % twice",
                "no byte wrong, 70 % of the rate",
                percent(clean / mixed),
                "50 MB with and without");
        Damage flips = LossScenarios.damage(240 * MEGA);
        row(
                "one bit flipped in 1 % of the datagrams",
                "no byte wrong, every flip counted",
                "0 wrong of %d MB, %d of %d counted"
                        .formatted(flips.bytes() / MEGA, flips.counted(), flips.flipped()),
                "240 MB up, 60 MB down at once");
    }

    private static void narrow() {
        for (int mtu : new int[] {1280, 1100, 576}) {
            row(
                    "packets over %d bytes vanish, from the start".formatted(mtu),
                    "connects, 1 MB in 5 s",
                    seconds(AddressScenarios.narrowFromTheStart(mtu)),
                    "from the call until 1 MB each way, worst of 3");
        }
        for (int mtu : new int[] {1280, 1100, 576}) {
            row(
                    "packets over %d bytes vanish, mid-session".formatted(mtu),
                    "recovers in 5 s",
                    both(
                            AddressScenarios.shrinks(mtu, Traffic.UPLOAD),
                            AddressScenarios.shrinks(mtu, Traffic.DOWNLOAD)),
                    "longest pause of an upload, of a download, worst of 5");
        }
    }

    private static String both(double first, double second) {
        return seconds(first) + ", " + seconds(second);
    }

    // ---- addresses

    private static void moves() {
        row(
                "the caller's NAT forgets, in use",
                "1.5 s, 0 lost",
                seconds(AddressScenarios.callerRebinds(Traffic.UPLOAD, 100)),
                "an echo sent at once, worst of 100");
        row(
                "the caller's NAT forgets, mid-transfer",
                "1.5 s, 0 lost",
                both(
                        AddressScenarios.callerRebindsUnderLoad(Traffic.UPLOAD),
                        AddressScenarios.callerRebindsUnderLoad(Traffic.DOWNLOAD)),
                "longest pause of an upload, of a download, worst of 5");
        row(
                "the caller's NAT forgets, at rest",
                "15 s, 0 lost",
                seconds(AddressScenarios.callerRebinds(Traffic.NONE, 100)),
                "until the host has the new path, worst of 100; keepalive and round trip");
        row(
                "the host's address changes, it sends",
                "3 s, 0 lost",
                seconds(AddressScenarios.hostMovesWhileItSends()),
                "longest pause of a download; the caller's NAT lets everybody in");
        row(
                "the host's address changes, the caller's NAT filters",
                "(20 s)",
                both(
                        AddressScenarios.hostMovesBehindAFilter(Traffic.UPLOAD),
                        AddressScenarios.hostMovesBehindAFilter(Traffic.DOWNLOAD)),
                "2 MB up, 2 MB down; STUN each 15 s, DNS after 1 s, worst of 10");
        row(
                "both addresses change at once, in use",
                "20 s, 0 lost",
                both(
                        AddressScenarios.bothMove(Traffic.UPLOAD),
                        AddressScenarios.bothMove(Traffic.DOWNLOAD)),
                "2 MB up, 2 MB down; STUN each 15 s, DNS after 1 s, worst of 10");
        row(
                "both addresses change at once, at rest",
                "75 s, 0 lost",
                seconds(AddressScenarios.bothMove(Traffic.NONE)),
                "until the caller has the new path, worst of 10");
    }

    // ---- processes

    private static void deaths() {
        row(
                "host killed, started again after 1 s, in use",
                "streams end in 5 s",
                both(
                        DeathScenarios.hostRestarts(Traffic.UPLOAD),
                        DeathScenarios.hostRestarts(Traffic.DOWNLOAD)),
                "upload, download, from the start, worst of 10");
        row(
                "host killed, started again after 1 s, at rest",
                "streams end in 20 s",
                seconds(DeathScenarios.hostRestarts(Traffic.NONE)),
                "worst of 10");
        row(
                "host killed for good, data outstanding",
                "noticed in 15 s",
                seconds(DeathScenarios.hostStaysDead(Traffic.UPLOAD)),
                "from the kill, after which a last datagram still arrives; worst of 10");
        row(
                "host killed for good, at rest",
                "noticed in 35 s",
                seconds(DeathScenarios.hostStaysDead(Traffic.NONE)),
                "worst of 10");
        row(
                "caller killed, session young",
                "closed after the hold (60 s)",
                both(
                        DeathScenarios.callerDies(Duration.ofSeconds(20), Traffic.DOWNLOAD),
                        DeathScenarios.callerDies(Duration.ofSeconds(20), Traffic.NONE)),
                "in use, at rest; with the 15 or 30 s until it is noticed");
        row(
                "caller killed, session of use for 150 s",
                "closed after the hold (12 h)",
                seconds(DeathScenarios.callerDies(Duration.ofMinutes(4), Traffic.NONE)),
                "at rest");
    }

    private static void sleep() {
        for (boolean counted : new boolean[] {true, false}) {
            for (int later : new int[] {0, 20}) {
                var network = Duration.ofSeconds(later);
                row(
                        "caller %s for 8 h, network back %d s later"
                                .formatted(counted ? "stopped" : "suspended", later),
                        "goes on in 3 s, 0 lost",
                        both(
                                DeathScenarios.callerSleeps(Traffic.UPLOAD, counted, network),
                                DeathScenarios.callerSleeps(Traffic.DOWNLOAD, counted, network)),
                        "upload, download, from the network's return, worst of 5");
            }
        }
        row(
                "the wall clock jumps",
                "no session dropped, 0 lost",
                both(DeathScenarios.clocksJump(0), DeathScenarios.clocksJump(20)),
                "4 MB each way with no jump, with 20");
    }

    // ---- strangers, streams, days

    private static void strangers() {
        Flood calm = HostileScenarios.flood(false);
        Flood flood = HostileScenarios.flood(true);
        row(
                "10,000 bogus datagrams a second for 10 s",
                "none answered, transfer loses 10 % at most, new session in 3 s",
                "%d of %d answered, %s of the rate, %s"
                        .formatted(
                                flood.answered(),
                                flood.sent(),
                                percent(calm.seconds() / flood.seconds()),
                                seconds(flood.newSession())),
                "8 MB each way; the flood takes the host's time, not the link");
    }

    private static void streams() {
        Stalled alone = StreamScenarios.stalledReader(false);
        Stalled beside = StreamScenarios.stalledReader(true);
        row(
                "a reader stops",
                "4 MiB held at most, others unaffected",
                "%d bytes, others %s instead of %s"
                        .formatted(
                                beside.held(), seconds(beside.others()), seconds(alone.others())),
                "15 streams with 0.5 MB each way beside it");
        row(
                "half close",
                "100 of 100 whole, ends in order",
                "%d of 500".formatted(StreamScenarios.orderlyEnds(500)),
                "20 to 140 kB each way at 5 % loss, either end first");
    }

    private static void days() {
        Quiet quiet = LongScenarios.idleDay();
        row(
                "24 h idle",
                "lives; 1 packet in 15 s each way, 10 MB",
                "lives; %.2f up, %.2f down, %.1f MB"
                        .formatted(quiet.up(), quiet.down(), quiet.megabytes()),
                "keepalives, and new keys every 10 minutes");
        Day busy = LongScenarios.busyDay();
        row(
                "24 h with an echo a minute",
                "lives",
                "%d echoes, slowest %s, %d breaks"
                        .formatted(busy.echoes(), seconds(busy.slowest()), busy.breaks()),
                "one session");
        Day soak = LongScenarios.soak();
        row(
                "24 h, 10 sessions, 1 % loss, rebind every 10 min",
                "every byte right, counters bounded",
                "%d echoes, slowest %s, %d breaks, %d bytes held"
                        .formatted(
                                soak.echoes(), seconds(soak.slowest()), soak.breaks(), soak.held()),
                "an echo each 30 s");
    }
}
