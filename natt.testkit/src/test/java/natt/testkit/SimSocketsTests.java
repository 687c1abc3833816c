package natt.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.Route;
import natt.testkit.SimLink.Shape;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;

/// Additional sockets and connections of a port.
class SimSocketsTests {

    private static final Duration SECOND = Duration.ofSeconds(1);

    private final SimNetwork network = new SimNetwork(1);
    private final SimRealm internet = network.internet();
    private final ToyEngine a = new ToyEngine('x');
    private final ToyEngine b = new ToyEngine('x');
    private final SimPort portA = internet.addHost("a", "192.0.2.1").bind(1000, a);
    private final SimPort portB = internet.addHost("b", "192.0.2.2").bind(2000, b);

    @Test
    void whatIsSentThroughASocketLeavesFromItsPortAndIsAnsweredThere() {
        assertEquals(1, portA.addSocket());
        assertEquals(2, portA.addSocket());
        a.send(Route.through(2, portB.local()), "x");
        network.runFor(SECOND);
        assertEquals(List.of(portA.local(2)), sources(b));
        assertNotEquals(portA.local(), portA.local(2));
        b.send(portA.local(2), "x back");
        b.send(portA.local(), "x own");
        network.runFor(SECOND);
        assertEquals(List.of(Route.through(2, portB.local()), portB.local()), sources(a));
    }

    @Test
    void eachSocketHasAMappingOfItsOwn() {
        var host =
                internet.addHostBehind(
                        NatType.SYMMETRIC.model(), "c", "203.0.113.1", "192.168.0.2");
        var c = new ToyEngine('x');
        SimPort portC = host.bind(1000, c);
        for (int socket : portC.addSockets(256)) {
            c.send(Route.through(socket, portB.local()), "x");
        }
        network.runFor(SECOND);
        assertEquals(256, new HashSet<>(sources(b)).size());
        assertEquals(256, host.realm().nat().mappings(network.nanoTime()));
        assertEquals(256, portC.additionalSockets());
    }

    @Test
    void hundredsOfSocketsMeetOneRandomPortByBirthday() {
        SimHost host =
                internet.addHostBehind(
                        NatType.SYMMETRIC.model(), "c", "203.0.113.1", "192.168.0.2");
        SimHost peer =
                internet.addHostBehind(
                        NatType.PORT_RESTRICTED.model(), "d", "203.0.113.2", "192.168.0.2");
        var c = new ToyEngine('x');
        var d = new ToyEngine('x');
        SimPort portC = host.bind(1000, c);
        peer.bind(2000, d);
        for (int socket : portC.addSockets(400)) {
            c.send(Route.through(socket, new InetSocketAddress("203.0.113.2", 2000)), "x");
        }
        network.runFor(SECOND);
        var random = network.random("probes");
        for (int i = 0; i < 1000; i++) {
            d.send(new InetSocketAddress("203.0.113.1", 1024 + random.nextInt(64_512)), "x");
        }
        network.runFor(SECOND);
        assertEquals(6, c.received.size(), 5);
        for (ToyEngine.Received probe : c.received) {
            c.send(probe.from(), "x answer");
        }
        network.runFor(SECOND);
        assertEquals(c.received.size(), d.received.size());
        assertEquals(400, host.realm().nat().counts(network.nanoTime()).most());
        assertEquals(1, peer.realm().nat().counts(network.nanoTime()).most());
    }

    @Test
    void aClosedSocketHearsAndSendsNothing() {
        int socket = portA.addSocket();
        InetSocketAddress local = portA.local(socket);
        portA.closeSocket(socket);
        a.send(Route.through(socket, portB.local()), "x");
        b.send(local, "x");
        network.runFor(SECOND);
        assertEquals(List.of(), sources(a));
        assertEquals(List.of(), sources(b));
        assertEquals(2, network.trace().count(SimFate.NO_LISTENER));
        assertEquals(2, portA.addSocket());
        assertThrows(IllegalArgumentException.class, () -> portA.closeSocket(0));
        assertThrows(IllegalArgumentException.class, () -> portA.closeSocket(1));
    }

    @Test
    void theSocketsOfAClosedPortAreFree() {
        int first = portA.local(portA.addSockets(3).getFirst()).getPort();
        portA.close();
        assertEquals(first, portA.host().bind(first).local().getPort());
    }

    @Test
    void theNumberOfAClosedSocketIsGivenAwayLast() {
        int closed = portA.addSocket();
        int number = portA.local(closed).getPort();
        portA.closeSocket(closed);
        assertEquals(number + 1, portA.local(portA.addSocket()).getPort());
    }

    @Test
    void routesAreNeverAcceptedFromTheNetwork() {
        internet.inject(Route.relayed(7), portB.local(), new byte[] {'x'});
        network.runFor(SECOND);
        assertEquals(List.of(), sources(b));
        assertEquals(1, network.trace().count(SimFate.UNCLAIMED));
    }

    @Test
    void anEngineThatSendsToARelaysChannelFailsTheTest() {
        a.send(Route.relayed(7), "x");
        assertThrows(AssertionError.class, () -> network.runFor(SECOND));
    }

    @Test
    void aConnectionCarriesBothWaysInOrderAfterTwoRoundTrips() {
        int atA = portA.connect(portB);
        a.send(Route.connected(atA), "x1");
        a.send(Route.connected(atA), "x2");
        network.runFor(Duration.ofMillis(9));
        assertEquals(List.of(), texts(b));
        network.runFor(Duration.ofMillis(1));
        assertEquals(List.of("x1", "x2"), texts(b));
        InetSocketAddress back = b.received.getFirst().from();
        assertEquals(1, Route.connection(back).orElseThrow());
        b.send(back, "x3");
        network.runFor(Duration.ofMillis(2));
        assertEquals(List.of("x3"), texts(a));
        assertEquals(List.of(Route.connected(atA)), sources(a));
    }

    @Test
    void aConnectionIsNumberedAtEachEndForItself() {
        var third = internet.addHost("c", "192.0.2.3").bind(3000);
        assertEquals(1, third.connect(portB));
        assertEquals(1, portA.connect(portB));
        a.send(Route.connected(1), "x");
        network.runFor(SECOND);
        assertEquals(List.of(Route.connected(2)), sources(b));
        assertEquals(List.of(1, 2), portB.connections());
    }

    @Test
    void aConnectionPassesWhereUdpIsBlockedAndLosesNothing() {
        var host =
                internet.addHostBehind(
                        NatType.UDP_BLOCKED.model(), "c", "203.0.113.1", "192.168.0.2");
        var c = new ToyEngine('x');
        SimPort portC = host.bind(1000, c);
        host.realm().up().shape(Shape.clean().withDelay(Duration.ofMillis(30)).withLoss(0.5));
        int number = portC.connect(portB);
        network.runFor(SECOND);
        for (int i = 0; i < 100; i++) {
            c.send(Route.connected(number), "x" + i);
        }
        c.send(portB.local(), "x by UDP");
        network.runFor(Duration.ofMillis(31));
        assertEquals(List.of(), texts(b));
        network.runFor(Duration.ofMillis(1));
        assertEquals(100, b.received.size());
        assertEquals("x99", b.received.getLast().text());
        assertEquals(1, network.trace().count(SimFate.BLOCKED));
    }

    @Test
    void aConnectionKeepsOrderWhenDelaysShrink() {
        var shape = Shape.clean();
        portA.host().up().shape(shape.withDelay(Duration.ofMillis(100)));
        int number = portA.connect(portB);
        network.runFor(SECOND);
        a.send(Route.connected(number), "x1");
        network.runFor(Duration.ofMillis(10));
        portA.host().up().shape(shape);
        a.send(Route.connected(number), "x2");
        network.runFor(Duration.ofMillis(90));
        assertEquals(List.of(), texts(b));
        network.runFor(Duration.ofMillis(1));
        assertEquals(List.of("x1", "x2"), texts(b));
    }

    @Test
    void aConnectionWaitsWhileALinkIsDown() {
        int number = portA.connect(portB);
        network.runFor(SECOND);
        portB.host().down().outage(true);
        a.send(Route.connected(number), "x");
        network.runFor(Duration.ofMinutes(1));
        assertEquals(List.of(), texts(b));
        portB.host().down().outage(false);
        network.runFor(Duration.ofMillis(202));
        assertEquals(List.of("x"), texts(b));
    }

    @Test
    void aClosedConnectionIsGoneAtBothEnds() {
        int number = portA.connect(portB);
        network.runFor(SECOND);
        a.send(Route.connected(number), "x");
        network.runFor(Duration.ofMillis(1));
        portB.disconnect(1);
        network.runFor(SECOND);
        a.send(Route.connected(number), "x");
        network.runFor(SECOND);
        assertEquals(List.of(), texts(b));
        assertEquals(List.of(), portA.connections());
        assertEquals(1, network.trace().count(SimFate.NO_LISTENER));
        assertThrows(IllegalArgumentException.class, () -> portA.disconnect(number));
    }

    @Test
    void twoHostsOfOneRealmConnectWithoutLeavingIt() {
        var lan = internet.addNat("nat", "203.0.113.1", NatType.LINUX.model());
        lan.up().outage(true);
        var c = new ToyEngine('x');
        var d = new ToyEngine('x');
        SimPort portC = lan.addHost("c", "192.168.0.2").bind(1, c);
        SimPort portD = lan.addHost("d", "192.168.0.3").bind(1, d);
        c.send(Route.connected(portC.connect(portD)), "x");
        assertEquals(Duration.ofMillis(10), network.runUntil(() -> !d.received.isEmpty(), SECOND));
    }

    private static List<String> texts(ToyEngine engine) {
        return engine.received.stream().map(ToyEngine.Received::text).toList();
    }

    private static List<InetSocketAddress> sources(ToyEngine engine) {
        return engine.received.stream().map(ToyEngine.Received::from).toList();
    }
}
