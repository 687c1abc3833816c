package natt.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import static java.util.Objects.requireNonNull;

import natt.testkit.SimTranslator.Passage;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.SplittableRandom;

/// What was seen of the kernel (6.18) in the laboratory, and what its sources say.
class SimConntrackTests {

    private static final InetAddress EXTERNAL = InetAddress.ofLiteral("203.0.113.11");
    private static final InetSocketAddress INSIDE = address("192.168.1.2", 40_000);
    private static final InetSocketAddress OTHER_INSIDE = address("192.168.1.3", 40_000);
    private static final InetSocketAddress A = address("198.51.100.10", 5000);
    private static final InetSocketAddress B = address("198.51.100.20", 5000);
    private static final InetSocketAddress C = address("198.51.100.11", 5000);
    private static final InetSocketAddress SAME_PORT = new InetSocketAddress(EXTERNAL, 40_000);
    private static final long SECOND = 1_000_000_000;

    private final long start = new FakeTicker().nanoTime();
    private SimNat nat = nat(SimConntrack.masquerade());

    @Test
    void onePortServesTwoRemotesAndEachReachesOnlyItsOwnFlow() {
        assertEquals(SAME_PORT, out(INSIDE, A, start));
        assertEquals(SAME_PORT, out(INSIDE, B, start));
        assertEquals(2, nat.mappings(start));
        assertEquals(Passage.to(INSIDE), nat.inbound(A, SAME_PORT, start));
        assertEquals(Passage.to(INSIDE), nat.inbound(B, SAME_PORT, start));
        assertEquals(SimFate.UNMAPPED, nat.inbound(C, SAME_PORT, start).fate());
    }

    @Test
    void twoHostsHaveOnePortTowardsDifferentRemotesAndTwoTowardsTheSame() {
        assertEquals(SAME_PORT, out(INSIDE, A, start));
        assertEquals(SAME_PORT, out(OTHER_INSIDE, B, start));
        assertNotEquals(SAME_PORT, out(OTHER_INSIDE, A, start));
        assertEquals(Passage.to(INSIDE), nat.inbound(A, SAME_PORT, start));
        assertEquals(Passage.to(OTHER_INSIDE), nat.inbound(B, SAME_PORT, start));
    }

    @Test
    void anUnsolicitedPacketTakesThePortFromTheInsideHost() {
        out(INSIDE, A, start);
        assertEquals(SimFate.UNMAPPED, nat.inbound(B, SAME_PORT, start).fate());
        assertEquals(1, nat.counts(start).unsolicited());
        InetSocketAddress moved = out(INSIDE, B, start);
        assertNotEquals(40_000, moved.getPort());
        assertEquals(Passage.to(INSIDE), nat.inbound(B, moved, start));
        assertEquals(SimFate.UNMAPPED, nat.inbound(B, SAME_PORT, start).fate());
        assertEquals(moved, out(INSIDE, B, start));
        assertEquals(new SimTranslator.Counts(2, 2, 2, 0, 1, 3), nat.counts(start));
    }

    @Test
    void newFlowsFollowTheLatestOfTheSameInsidePortAndOldOnesStay() {
        out(INSIDE, A, start);
        nat.inbound(B, SAME_PORT, start);
        InetSocketAddress moved = out(INSIDE, B, start);
        assertEquals(moved, out(INSIDE, C, start));
        assertEquals(SAME_PORT, out(INSIDE, A, start));
        assertEquals(3, nat.mappings(start));
    }

    @Test
    void anUnsolicitedPacketToAnotherPortChangesNothing() {
        nat.inbound(B, new InetSocketAddress(EXTERNAL, 40_001), start);
        nat.inbound(C, SAME_PORT, start);
        assertEquals(SAME_PORT, out(INSIDE, B, start));
    }

    @Test
    void thePortIsFreeAgainThirtySecondsAfterTheLastUnsolicitedPacket() {
        nat.inbound(B, SAME_PORT, start);
        nat.inbound(B, SAME_PORT, start + 20 * SECOND);
        long end = start + 50 * SECOND;
        assertEquals(1, nat.counts(end - 1).unsolicited());
        assertNotEquals(SAME_PORT, out(INSIDE, B, end - 1));
        nat = nat(SimConntrack.masquerade());
        nat.inbound(B, SAME_PORT, start);
        nat.inbound(B, SAME_PORT, start + 20 * SECOND);
        assertEquals(SAME_PORT, out(INSIDE, B, end));
        assertEquals(0, nat.counts(end).unsolicited());
    }

    @Test
    void whereItsOwnInputIsFilteredNoPortIsTaken() {
        nat = nat(SimConntrack.masquerade().withKeepsUnsolicited(false));
        assertEquals(SimFate.UNMAPPED, nat.inbound(B, SAME_PORT, start).fate());
        assertEquals(SAME_PORT, out(INSIDE, B, start));
        assertEquals(0, nat.counts(start).unsolicited());
    }

    @Test
    void anUnansweredFlowLivesThirtySeconds() {
        out(INSIDE, A, start);
        long end = start + 30 * SECOND;
        assertEquals(1, nat.mappings(end - 1));
        assertEquals(SimFate.UNMAPPED, nat.inbound(A, SAME_PORT, end).fate());
        assertEquals(0, nat.mappings(end));
        assertEquals(1, nat.counts(end).expired());
    }

    @Test
    void anAnsweredFlowLivesTwoMinutesOnceItIsUsedAfterItsFirstTwoSeconds() {
        out(INSIDE, A, start);
        nat.inbound(A, SAME_PORT, start + SECOND);
        out(INSIDE, A, start + 2 * SECOND);
        assertEquals(1, nat.mappings(start + 32 * SECOND - 1));
        nat.inbound(A, SAME_PORT, start + 31 * SECOND);
        long end = start + 151 * SECOND;
        assertEquals(Passage.to(INSIDE), nat.inbound(A, SAME_PORT, end - 1));
        assertEquals(1, nat.mappings(end));
        assertEquals(0, nat.mappings(end + 120 * SECOND));
    }

    @Test
    void aShortExchangeIsForgottenAfterThirtySeconds() {
        out(INSIDE, A, start);
        nat.inbound(A, SAME_PORT, start + SECOND);
        assertEquals(1, nat.mappings(start + 31 * SECOND - 1));
        assertEquals(0, nat.mappings(start + 31 * SECOND));
    }

    @Test
    void fullyRandomGivesEachFlowAPortOfItsOwn() {
        nat = nat(SimConntrack.masqueradeFullyRandom());
        var ports = new HashSet<Integer>();
        for (int i = 0; i < 500; i++) {
            ports.add(out(INSIDE, address("198.51.100.10", 1000 + i), start).getPort());
        }
        assertEquals(498, ports.size(), 2);
        assertEquals(500, nat.mappings(start));
        assertEquals(500, nat.counts(start).most());
    }

    @Test
    void nobodyInsideReachesTheExternalAddress() {
        out(INSIDE, A, start);
        assertEquals(SimFate.UNMAPPED, nat.outbound(OTHER_INSIDE, SAME_PORT, start).fate());
        assertEquals(1, nat.counts(start).created());
    }

    @Test
    void theMostFlowsAtOnceIsRemembered() {
        for (int i = 0; i < 40; i++) {
            out(INSIDE, address("198.51.100.10", 1000 + i), start + i * SECOND);
        }
        assertEquals(30, nat.counts(start + 39 * SECOND).most());
        assertEquals(0, nat.mappings(start + 69 * SECOND));
        var counts = nat.counts(start + 69 * SECOND);
        assertEquals(new SimTranslator.Counts(0, 30, 40, 40, 0, 30), counts);
    }

    @Test
    void aFirewallKeepsAddressesAndLetsInAnswersOnly() {
        nat = nat(SimConntrack.firewall());
        assertEquals(SimFate.FILTERED, nat.inbound(B, INSIDE, start).fate());
        assertEquals(INSIDE, out(INSIDE, A, start));
        assertEquals(INSIDE, out(INSIDE, B, start));
        assertEquals(Passage.to(INSIDE), nat.inbound(B, INSIDE, start));
        assertEquals(SimFate.FILTERED, nat.inbound(C, INSIDE, start).fate());
        assertEquals(0, nat.counts(start).unsolicited());
        assertEquals(2, nat.mappings(start));
    }

    @Test
    void lifetimesCanBeSet() {
        nat =
                nat(
                        SimConntrack.masquerade()
                                .withLifetimes(Duration.ofSeconds(3), Duration.ofSeconds(5)));
        out(INSIDE, A, start);
        assertEquals(0, nat.mappings(start + 3 * SECOND));
    }

    private InetSocketAddress out(InetSocketAddress inside, InetSocketAddress remote, long now) {
        return requireNonNull(nat.outbound(inside, remote, now).address());
    }

    private static SimNat nat(SimConntrack rules) {
        return new SimNat(rules, EXTERNAL, new SplittableRandom(30));
    }

    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
    }
}
