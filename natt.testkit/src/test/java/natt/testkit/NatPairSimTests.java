package natt.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Pairs of the laboratory's types, both sides punching at once with server-reflexive candidates
/// and learning peer-reflexive ones, without prediction or relay: what the laboratory's own probe
/// opens there.
class NatPairSimTests {

    private static final Duration LIMIT = Duration.ofSeconds(2);

    private static final List<NatType> TYPES =
            Stream.of(NatType.values()).filter(type -> type != NatType.OPEN).toList();

    /// Each row is a type against all in the same order.
    private static final String OPENED =
            """
            full-cone              o o o o o o o o o o o o - -
            full-cone-random       o o o o o o o o o o o o - -
            addr-restricted        o o o o o o o o o o o o - -
            port-restricted        o o o o o - - - - o - o - -
            port-restricted-random o o o o o - - - - o - o - -
            symmetric              o o o - - - - - - - - - - -
            symmetric-addr         o o o - - - - - - - - - - -
            symmetric-seq          o o o - - - - - - - - - - -
            symmetric-open         o o o - - - - - o - - - - -
            linux                  o o o o o - - - - o - o - -
            linux-random           o o o - - - - - - - - - - -
            firewall               o o o o o - - - - o - o - -
            udp-blocked            - - - - - - - - - - - - - -
            dns-only               - - - - - - - - - - - - - -
            """;

    @Test
    void thePairsThatPlainPunchingOpensAreThoseOfTheLaboratory() {
        assertEquals(
                OPENED, TYPES.stream().map(NatPairSimTests::row).collect(Collectors.joining()));
    }

    @Test
    void linuxGivesTheLateSideAnotherPortSoThatBothWait() {
        var late = Duration.ofMillis(50);
        assertTrue(punch(NatType.PORT_RESTRICTED.model(), NatType.PORT_RESTRICTED.model(), late));
        assertTrue(punch(NatType.LINUX.model(), NatType.LINUX.model(), Duration.ZERO));
        assertFalse(punch(NatType.LINUX.model(), NatType.LINUX.model(), late));
        assertFalse(punch(NatType.PORT_RESTRICTED.model(), NatType.LINUX.model(), late));
        assertFalse(punch(NatType.FIREWALL.model(), NatType.LINUX.model(), late));
        assertTrue(punch(NatType.LINUX.model(), NatType.FIREWALL.model(), late));
        assertTrue(punch(NatType.LINUX.model(), NatType.PORT_RESTRICTED.model(), late));
        assertTrue(punch(NatType.ADDR_RESTRICTED.model(), NatType.LINUX.model(), late));
        var quiet = SimConntrack.masquerade().withKeepsUnsolicited(false);
        assertTrue(punch(quiet, quiet, late));
    }

    private static String row(NatType a) {
        return TYPES.stream()
                .map(b -> punch(a.model(), b.model(), Duration.ZERO) ? "o" : "-")
                .collect(Collectors.joining(" ", "%-22s ".formatted(a.label()), "\n"));
    }

    /// @param late how much later b begins than a
    private static boolean punch(
            SimTranslator.Model typeA, SimTranslator.Model typeB, Duration late) {
        var network = new SimNetwork(81);
        SimRealm internet = network.internet();
        var server = new FakeStunServer(internet.addHost("stun", "198.51.100.10"), 3478);
        SimHost hostA = internet.addHostBehind(typeA, "a", "203.0.113.11", "192.168.1.2");
        SimHost hostB = internet.addHostBehind(typeB, "b", "203.0.113.12", "192.168.2.2");
        var a = new ToyPuncher(server.address(), network.random("a"));
        var b = new ToyPuncher(server.address(), network.random("b"));
        hostA.bind(30_000, a);
        hostB.bind(30_000, b);
        network.runFor(LIMIT);
        b.serverReflexive().ifPresent(to -> a.check(to, network.nanoTime()));
        network.runFor(late);
        a.serverReflexive().ifPresent(to -> b.check(to, network.nanoTime()));
        network.runFor(LIMIT);
        return a.valid().isPresent() && b.valid().isPresent();
    }
}
