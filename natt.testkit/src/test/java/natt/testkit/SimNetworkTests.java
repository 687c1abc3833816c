package natt.testkit;

import static natt.testkit.SimNat.Dependence.ENDPOINT_INDEPENDENT;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.util.Objects.requireNonNull;

import natt.testkit.SimLink.Shape;
import natt.testkit.SimNat.Behavior;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class SimNetworkTests {

    private static final Behavior OPEN = Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT);

    private final SimNetwork network = new SimNetwork(1);
    private final SimRealm internet = network.internet();
    private final ToyEngine a = new ToyEngine('x');
    private final ToyEngine b = new ToyEngine('x');

    @Test
    void aDatagramTakesBothLinksDelays() {
        var portA = internet.addHost("a", "192.0.2.1").bind(1000, a);
        var portB = internet.addHost("b", "192.0.2.2").bind(2000, b);
        a.send(portB.local(), "xyz");
        var took = network.runUntil(() -> !b.received.isEmpty(), Duration.ofSeconds(1));
        assertEquals(Duration.ofMillis(2), took);
        assertEquals(Duration.ofMillis(2), network.elapsed());
        var expected = new ToyEngine.Received(portA.local(), "xyz", network.nanoTime());
        assertEquals(List.of(expected), b.received);
        assertEquals(1, portA.sent());
        assertEquals(1, portB.received());
    }

    @Test
    void enginesAreWokenExactlyOnTimeForHoursAcrossTheWrap() {
        var host = internet.addHost("a", "192.0.2.1");
        host.bind(1000, a);
        var portB = internet.addHost("b", "192.0.2.2").bind(2000, b);
        long start = network.nanoTime();
        a.sendTo(portB.local(), Duration.ofSeconds(7), start);
        network.runFor(Duration.ofHours(3));
        assertEquals(Duration.ofHours(3), network.elapsed());
        assertTrue(start > 0 && network.nanoTime() < 0);
        assertEquals(3 * 3600 / 7 + 1, a.wokenAtNanos.size());
        for (int i = 0; i < a.wokenAtNanos.size(); i++) {
            assertEquals(i * 7_000_000_000L, a.wokenAtNanos.get(i) - start);
        }
        assertEquals(a.wokenAtNanos.size(), b.received.size());
        assertEquals(b.received.size(), network.trace().count(SimFate.DELIVERED));
        assertEquals(b.received.size(), host.up().count(SimFate.PASSED));
    }

    @Test
    void equalSeedsGiveEqualTracesAndOthersDoNot() {
        long first = stormyRun(7);
        assertEquals(first, stormyRun(7));
        assertNotEquals(first, stormyRun(8));
    }

    @Test
    void theFirstEngineThatTakesADatagramGetsItAlone() {
        var y = new ToyEngine('y');
        var secondX = new ToyEngine('x');
        var portA = internet.addHost("a", "192.0.2.1").bind(1000, a);
        var portB = internet.addHost("b", "192.0.2.2").bind(2000, y, b);
        portB.add(secondX);
        for (String text : List.of("x1", "y1", "z1")) {
            a.send(portB.local(), text);
        }
        network.runFor(Duration.ofSeconds(1));
        assertEquals(List.of("y1"), texts(y));
        assertEquals(List.of("x1"), texts(b));
        assertEquals(List.of(), texts(secondX));
        assertEquals(3, portB.received());
        assertEquals(1, portB.unclaimed());
        assertEquals(1, network.trace().count(SimFate.UNCLAIMED));
        assertEquals(3, portA.sent());
    }

    @Test
    void applicationsRunAfterEachInputAndBeforeItsOutput() {
        internet.addHost("a", "192.0.2.1").bind(1000, a);
        var portB = internet.addHost("b", "192.0.2.2").bind(2000, b);
        portB.application(
                now -> {
                    ToyEngine.Received last = b.received.getLast();
                    b.send(last.from(), last.text() + " back");
                });
        a.send(portB.local(), "x");
        network.runUntil(() -> !a.received.isEmpty(), Duration.ofSeconds(1));
        assertEquals(List.of("x back"), texts(a));
        assertEquals(Duration.ofMillis(4), network.elapsed());
    }

    @Test
    void aDeadlineComesBeforeADatagramOfTheSameInstant() {
        internet.addHost("a", "192.0.2.1").bind(1000, a);
        var portB = internet.addHost("b", "192.0.2.2").bind(2000, b);
        var order = new ArrayList<String>();
        portB.application(now -> order.add(b.received.isEmpty() ? "deadline" : "datagram"));
        Duration interval = Duration.ofHours(1);
        b.sendTo(address("192.0.2.1", 1000), interval, network.nanoTime() + 2_000_000);
        a.send(portB.local(), "x");
        network.runFor(Duration.ofMillis(2));
        assertEquals(List.of("deadline", "datagram"), order);
    }

    @Test
    void actionsHappenAtTheirTimeInTheirOrder() {
        var happened = new ArrayList<String>();
        network.after(Duration.ofSeconds(2), () -> happened.add("second " + network.elapsed()));
        network.after(Duration.ofSeconds(1), () -> happened.add("first " + network.elapsed()));
        network.after(Duration.ofSeconds(2), () -> happened.add("third " + network.elapsed()));
        network.runFor(Duration.ofMillis(1999));
        assertEquals(List.of("first PT1S"), happened);
        network.runFor(Duration.ofMillis(1));
        assertEquals(List.of("first PT1S", "second PT2S", "third PT2S"), happened);
    }

    @Test
    void datagramsToNobodyAreCountedByReason() {
        internet.addHost("a", "192.0.2.1").bind(1000, a);
        internet.addHost("b", "192.0.2.2").bind(2000, b);
        internet.addNat("nat", "203.0.113.1", OPEN);
        a.send(address("192.0.2.2", 2001), "x");
        a.send(address("192.0.2.3", 2000), "x");
        a.send(address("203.0.113.1", 2000), "x");
        network.runFor(Duration.ofSeconds(1));
        assertEquals(3, network.trace().count(SimFate.SENT));
        assertEquals(1, network.trace().count(SimFate.NO_LISTENER));
        assertEquals(1, network.trace().count(SimFate.NO_ROUTE));
        assertEquals(1, network.trace().count(SimFate.UNMAPPED));
        assertEquals(3, network.trace().latest().stream().filter(e -> e.at().isZero()).count());
    }

    @Test
    void aHostReachesItself() {
        var host = internet.addHost("a", "192.0.2.1", "192.0.2.9");
        host.bind(1000, a);
        var second = host.bind(1, 1000, b);
        a.send(second.local(), "x");
        network.runFor(Duration.ZERO);
        assertEquals(List.of("x"), texts(b));
        assertEquals(0, host.up().count(SimFate.PASSED));
    }

    @Test
    void answersComeBackThroughNatsInsideNats() {
        var carrier = internet.addNat("carrier", "203.0.113.1", OPEN);
        var home = carrier.addNat("home", "100.64.0.5", OPEN);
        home.addHost("a", "192.168.0.2").bind(1000, a);
        var portB = internet.addHost("b", "192.0.2.2").bind(2000, b);
        a.send(portB.local(), "x there");
        network.runUntil(() -> !b.received.isEmpty(), Duration.ofSeconds(1));
        InetSocketAddress seen = b.received.get(0).from();
        assertEquals("203.0.113.1", seen.getAddress().getHostAddress());
        b.send(seen, "x back");
        network.runUntil(() -> !a.received.isEmpty(), Duration.ofSeconds(1));
        assertEquals(portB.local(), a.received.get(0).from());
        assertEquals(Duration.ofMillis(8), network.elapsed());
        assertEquals(1, home.nat().counts(network.nanoTime()).created());
        assertEquals(1, carrier.nat().counts(network.nanoTime()).created());
    }

    @Test
    void hairpinnedDatagramsComeFromTheExternalAddress() {
        var lan = internet.addNat("nat", "203.0.113.1", OPEN);
        var stun = internet.addHost("stun", "192.0.2.1").bind(3478, new ToyEngine('x'));
        lan.addHost("a", "192.168.0.2").bind(1000, a);
        lan.addHost("b", "192.168.0.3").bind(1000, b);
        b.send(stun.local(), "x");
        network.runFor(Duration.ofSeconds(1));
        InetSocketAddress external =
                requireNonNull(
                        lan.nat()
                                .outbound(
                                        address("192.168.0.3", 1000),
                                        stun.local(),
                                        network.nanoTime())
                                .address());
        a.send(external, "x");
        network.runFor(Duration.ofSeconds(1));
        assertEquals(1, b.received.size());
        assertEquals("203.0.113.1", b.received.get(0).from().getAddress().getHostAddress());
        assertEquals(2, lan.nat().counts(network.nanoTime()).created());
    }

    @Test
    void withoutHairpinningInsideHostsDoNotMeetOutside() {
        var lan = internet.addNat("nat", "203.0.113.1", OPEN.withHairpins(false));
        lan.addHost("a", "192.168.0.2").bind(1000, a);
        lan.addHost("b", "192.168.0.3").bind(1000, b);
        InetSocketAddress external =
                requireNonNull(
                        lan.nat()
                                .outbound(
                                        address("192.168.0.3", 1000),
                                        address("192.0.2.1", 1),
                                        network.nanoTime())
                                .address());
        a.send(external, "x");
        network.runFor(Duration.ofSeconds(1));
        assertEquals(List.of(), b.received);
        assertEquals(1, lan.nat().unmapped());
        a.send(address("192.168.0.3", 1000), "x direct");
        network.runFor(Duration.ofSeconds(1));
        assertEquals(List.of("x direct"), texts(b));
    }

    @Test
    void forgedSourcesArriveAsGiven() {
        var portB = internet.addHost("b", "192.0.2.2").bind(2000, b);
        var victim = address("198.51.100.9", 5);
        internet.inject(victim, portB.local(), new byte[] {'x'});
        network.runFor(Duration.ofSeconds(1));
        assertEquals(victim, b.received.get(0).from());
    }

    @Test
    void aRenumberedHostHasOneAddressAndTheSamePorts() {
        var hostA = internet.addHost("a", "192.0.2.1");
        var portA = hostA.bind(1000, a);
        var portB = internet.addHost("b", "192.0.2.2").bind(2000, b);
        InetSocketAddress before = portA.local();
        hostA.renumber(0, "192.0.2.7");
        a.send(portB.local(), "x");
        b.send(before, "x");
        network.runFor(Duration.ofSeconds(1));
        assertEquals(address("192.0.2.7", 1000), b.received.get(0).from());
        assertEquals(1, network.trace().count(SimFate.NO_ROUTE));
    }

    @Test
    void linksCanChangeAndFailWhileRunning() {
        var hostA = internet.addHost("a", "192.0.2.1");
        hostA.bind(1000, a);
        var portB = internet.addHost("b", "192.0.2.2").bind(2000, b);
        a.sendTo(portB.local(), Duration.ofSeconds(1), network.nanoTime());
        network.after(Duration.ofMillis(2500), () -> hostA.up().outage(true));
        network.after(Duration.ofMillis(5500), () -> hostA.up().outage(false));
        network.after(
                Duration.ofMillis(7500),
                () -> hostA.up().shape(Shape.clean().withDelay(Duration.ofMillis(300))));
        network.runFor(Duration.ofMillis(9500));
        assertEquals(List.of("x0", "x1", "x2", "x6", "x7", "x8", "x9"), texts(b));
        assertEquals(3, network.trace().count(SimFate.OUTAGE));
        long start = network.nanoTime() - Duration.ofMillis(9500).toNanos();
        assertEquals(9_301_000_000L, b.received.getLast().atNanos() - start);
    }

    @Test
    void aClosedPortHearsAndSendsNothing() {
        var portA = internet.addHost("a", "192.0.2.1").bind(1000, a);
        var portB = internet.addHost("b", "192.0.2.2").bind(2000, b);
        a.sendTo(portB.local(), Duration.ofSeconds(1), network.nanoTime());
        network.after(Duration.ofMillis(2500), portB::close);
        network.after(Duration.ofMillis(4500), portA::close);
        network.runFor(Duration.ofSeconds(10));
        assertEquals(3, b.received.size());
        assertEquals(5, a.wokenAtNanos.size());
        assertEquals(2, network.trace().count(SimFate.NO_LISTENER));
    }

    @Test
    void anUnmetConditionFailsWithTheSeedAndTheLastDatagrams() {
        var seeded = new SimNetwork(4711);
        var port = seeded.internet().addHost("a", "192.0.2.1").bind(1000, a);
        a.send(port.local(), "z");
        var failure =
                assertThrows(
                        AssertionError.class,
                        () -> seeded.runUntil(() -> false, Duration.ofSeconds(3)));
        String message = failure.getMessage();
        assertTrue(message.startsWith("seed 4711, PT3S after the start: "), message);
        assertTrue(message.contains("UNCLAIMED"), message);
        assertEquals(Duration.ofSeconds(3), seeded.elapsed());
    }

    @Test
    void anyFailureInAScenarioNamesTheSeedOnce() {
        var cause = new IllegalStateException("broken");
        var failure =
                assertThrows(
                        AssertionError.class,
                        () ->
                                SimNetwork.run(
                                        99,
                                        net -> {
                                            throw cause;
                                        }));
        assertEquals("seed 99, PT0S after the start: broken", failure.getMessage());
        assertSame(cause, failure.getCause());
        var unmet =
                assertThrows(
                        AssertionError.class,
                        () -> SimNetwork.run(99, net -> net.runUntil(() -> false, Duration.ZERO)));
        assertEquals(1, unmet.getMessage().split("seed", -1).length - 1);
    }

    @Test
    void enginesThatNeverSettleFailTheTest() {
        var restless =
                new ToyEngine('x') {
                    @Override
                    public long nanosUntilTimeout(long nowNanos) {
                        return -5;
                    }
                };
        internet.addHost("a", "192.0.2.1").bind(1000, restless);
        var second = Duration.ofSeconds(1);
        var failure = assertThrows(AssertionError.class, () -> network.runFor(second));
        assertTrue(failure.getMessage().contains("deadline stays due"), failure.getMessage());
        var talkative =
                new ToyEngine('x') {
                    @Override
                    public InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
                        return address("192.0.2.9", 9);
                    }
                };
        var other = new SimNetwork(2);
        other.internet().addHost("a", "192.0.2.1").bind(1000, talkative);
        failure = assertThrows(AssertionError.class, () -> other.runFor(second));
        assertTrue(failure.getMessage().contains("does not stop sending"));
    }

    @Test
    void theReceiveBufferIsOverwrittenAfterEachCall() {
        var kept = new ArrayList<ByteBuffer>();
        var keeping =
                new ToyEngine('x') {
                    @Override
                    public boolean handleDatagram(
                            InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
                        kept.add(datagram.slice());
                        return true;
                    }
                };
        var port = internet.addHost("a", "192.0.2.1").bind(1000, keeping);
        port.send(port.local(), new byte[] {'x'});
        network.runFor(Duration.ofSeconds(1));
        assertEquals((byte) 0xee, kept.get(0).get(0));
    }

    @Test
    void addressesAndPortsAreTakenOnce() {
        var host = internet.addHost("a", "192.0.2.1");
        host.bind(1000);
        assertThrows(IllegalArgumentException.class, () -> host.bind(1000));
        var dual =
                assertThrows(
                        IllegalArgumentException.class, () -> internet.addHost("b", "192.0.2.1"));
        assertEquals("192.0.2.1 is taken in internet", dual.getMessage());
        assertThrows(IllegalArgumentException.class, () -> internet.addNat("n", "192.0.2.1", OPEN));
        assertThrows(IllegalArgumentException.class, () -> internet.addHost("c"));
        assertThrows(IllegalStateException.class, internet::nat);
        assertEquals(49_152, host.bind(0).local().getPort());
        assertEquals(49_153, host.bind(0).local().getPort());
    }

    @Test
    void watchersSeePayloads() {
        var seen = new ArrayList<String>();
        network.trace()
                .watch((entry, payload) -> seen.add(entry.fate() + " " + (char) payload.get(0)));
        var port = internet.addHost("a", "192.0.2.1").bind(1000, a);
        a.send(port.local(), "x");
        network.runFor(Duration.ofSeconds(1));
        assertEquals(List.of("SENT x", "DELIVERED x"), seen);
    }

    /// Two hosts behind NATs and bad links for ten minutes; returns the fingerprint.
    private static long stormyRun(long seed) {
        var net = new SimNetwork(seed);
        var engineA = new ToyEngine('x');
        var engineB = new ToyEngine('x');
        var lan = net.internet().addNat("nat", "203.0.113.1", OPEN);
        var hostA = lan.addHost("a", "192.168.0.2");
        hostA.bind(1000, engineA);
        var portB = net.internet().addHost("b", "192.0.2.2").bind(2000, engineB);
        hostA.up()
                .shape(
                        Shape.clean()
                                .withJitter(Duration.ofMillis(30))
                                .withLoss(0.1)
                                .withBursts(0.01, 4)
                                .withReorder(0.05, Duration.ofMillis(50))
                                .withDuplicate(0.05)
                                .withCorrupt(0.05)
                                .withRate(100_000, 4000));
        portB.application(
                now -> {
                    if (!engineB.received.isEmpty()) {
                        engineB.send(engineB.received.getLast().from(), "x back");
                    }
                });
        engineA.sendTo(portB.local(), Duration.ofMillis(37), net.nanoTime());
        net.after(Duration.ofMinutes(4), lan.nat()::rebind);
        net.runFor(Duration.ofMinutes(10));
        assertTrue(engineA.received.size() > 10_000);
        return net.trace().fingerprint();
    }

    private static List<String> texts(ToyEngine engine) {
        return engine.received.stream().map(ToyEngine.Received::text).toList();
    }

    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
    }
}
