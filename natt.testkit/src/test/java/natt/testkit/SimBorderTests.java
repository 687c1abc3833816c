package natt.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.testkit.SimNat.Hairpinning;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/// Borders of realms: firewalls, IPv6, hosts of several addresses, hairpinning, what is counted.
class SimBorderTests {

    private static final Duration SECOND = Duration.ofSeconds(1);

    private final SimNetwork network = new SimNetwork(1);
    private final SimRealm internet = network.internet();
    private final ToyEngine a = new ToyEngine('x');
    private final ToyEngine b = new ToyEngine('x');
    private final ToyEngine server = new ToyEngine('x');

    @Test
    void aHostBehindAFirewallHasAPublicAddressAndHearsWhomItCalled() {
        SimHost host =
                internet.addHostBehind(NatType.FIREWALL.model(), "a", "203.0.113.46", "none");
        SimPort portA = host.bind(1000, a);
        SimPort portB = internet.addHost("b", "192.0.2.2").bind(2000, b);
        b.send(portA.local(), "x too early");
        network.runFor(SECOND);
        assertEquals(1, network.trace().count(SimFate.FILTERED));
        a.send(portB.local(), "x");
        network.runFor(SECOND);
        assertEquals(portA.local(), b.received.getFirst().from());
        b.send(portA.local(), "x back");
        network.runFor(SECOND);
        assertEquals(List.of("x back"), texts(a));
        assertEquals(1, host.realm().nat().filtered());
        assertThrows(IllegalStateException.class, host.realm().nat()::externalAddress);
    }

    @Test
    void behindAnOpenRouterAnybodyIsHeard() {
        SimHost host = internet.addHostBehind(NatType.OPEN.model(), "a", "203.0.113.46", "none");
        SimPort portA = host.bind(1000, a);
        internet.addHost("b", "192.0.2.2").bind(2000, b);
        b.send(portA.local(), "x");
        network.runFor(SECOND);
        assertEquals(List.of("x"), texts(a));
        assertEquals(1, host.realm().nat().packetsIn());
    }

    @Test
    void anAddressBehindAFirewallIsTakenOutsideToo() {
        SimRealm inner = internet.addFirewall("fw", SimConntrack.firewall());
        internet.addHost("a", "192.0.2.1");
        assertThrows(IllegalArgumentException.class, () -> inner.addHost("b", "192.0.2.1"));
        inner.addHost("c", "192.0.2.3");
        assertThrows(IllegalArgumentException.class, () -> internet.addHost("d", "192.0.2.3"));
        SimTranslator.Model nat = NatType.LINUX.model();
        SimTranslator.Model open = NatType.OPEN.model();
        assertThrows(IllegalArgumentException.class, () -> internet.addFirewall("e", nat));
        assertThrows(IllegalArgumentException.class, () -> internet.addNat("f", "192.0.2.9", open));
    }

    @Test
    void ipv6IsRoutedThroughAFirewallBesideANat() {
        SimRealm lan = internet.addNat("nat", "203.0.113.1", NatType.SYMMETRIC.model());
        lan.routeIpv6(NatType.FIREWALL.model());
        SimHost host = lan.addHost("a", "192.168.0.2", "2001:db8:a::2");
        host.bindAny(1000, a);
        SimHost far = internet.addHost("b", "192.0.2.2", "2001:db8:ff::2");
        far.bindAny(2000, b);
        b.send(address("2001:db8:a::2", 1000), "x unasked");
        network.runFor(SECOND);
        assertEquals(List.of(), texts(a));
        a.send(address("2001:db8:ff::2", 2000), "x6");
        a.send(address("192.0.2.2", 2000), "x4");
        network.runFor(SECOND);
        assertEquals(List.of("x6", "x4"), texts(b));
        assertEquals(address("2001:db8:a::2", 1000), b.received.getFirst().from());
        InetAddress seen = b.received.getLast().from().getAddress();
        assertEquals(InetAddress.ofLiteral("203.0.113.1"), seen);
        b.send(b.received.getFirst().from(), "x back");
        network.runFor(SECOND);
        assertEquals(List.of("x back"), texts(a));
        assertEquals(1, lan.ipv6().mappings(network.nanoTime()));
        assertEquals(1, lan.nat().mappings(network.nanoTime()));
        assertEquals(1, lan.ipv6().filtered());
    }

    @Test
    void ipv6IsRoutedOpenlyIntoRealmsInsideRealms() {
        SimRealm carrier = internet.addNat("carrier", "203.0.113.1", NatType.SYMMETRIC.model());
        SimRealm home = carrier.addNat("home", "100.64.0.2", NatType.LINUX.model());
        carrier.routeIpv6(SimTranslator.Model.open());
        home.routeIpv6(SimTranslator.Model.open());
        home.addHost("a", "192.168.0.2", "2001:db8:a::2").bindAny(1000, a);
        internet.addHost("b", "2001:db8:ff::2").bind(2000, b);
        b.send(address("2001:db8:a::2", 1000), "x");
        network.runFor(SECOND);
        assertEquals(List.of("x"), texts(a));
    }

    @Test
    void ipv6DoesNotPassWhereItIsNotRouted() {
        SimRealm lan = internet.addNat("nat", "203.0.113.1", NatType.FULL_CONE.model());
        lan.addHost("a", "192.168.0.2", "2001:db8:a::2").bindAny(1000, a);
        internet.addHost("b", "2001:db8:ff::2").bind(2000, b);
        a.send(address("2001:db8:ff::2", 2000), "x");
        b.send(address("2001:db8:a::2", 1000), "x");
        network.runFor(SECOND);
        assertEquals(2, network.trace().count(SimFate.NO_ROUTE));
        assertThrows(IllegalStateException.class, lan::ipv6);
        assertThrows(IllegalArgumentException.class, () -> lan.routeIpv6(NatType.LINUX.model()));
        assertThrows(IllegalStateException.class, () -> internet.routeIpv6(NatType.OPEN.model()));
    }

    @Test
    void aHostWithoutAnAddressOfThatFamilyReachesNobodyThere() {
        internet.addHost("a", "2001:db8:ff::1").bindAny(1000, a);
        internet.addHost("b", "192.0.2.2").bind(2000, b);
        a.send(address("192.0.2.2", 2000), "x");
        network.runFor(SECOND);
        assertEquals(1, network.trace().count(SimFate.NO_ROUTE));
    }

    @Test
    void aPortOfAllAddressesIsTakenForEachOfThem() {
        SimHost host = internet.addHost("a", "192.0.2.1", "2001:db8:ff::1");
        host.bindAny(1000);
        assertThrows(IllegalArgumentException.class, () -> host.bind(1, 1000));
        host.bind(1, 1001);
        assertThrows(IllegalArgumentException.class, () -> host.bindAny(1001));
        host.bind(0, 1001);
    }

    @Test
    void hairpinningShowsTheSourceThatItIsSetToShow() {
        for (Hairpinning hairpinning : Hairpinning.values()) {
            var net = new SimNetwork(1);
            var inside = new ToyEngine('x');
            var other = new ToyEngine('x');
            SimRealm lan =
                    net.internet()
                            .addNat(
                                    "nat",
                                    "203.0.113.1",
                                    NatType.FULL_CONE.behavior().with(hairpinning));
            lan.addHost("a", "192.168.0.2").bind(3000, inside);
            lan.addHost("b", "192.168.0.3").bind(2000, other);
            other.send(address("192.0.2.2", 1), "x");
            net.runFor(SECOND);
            inside.send(address("203.0.113.1", 2000), "x");
            net.runFor(SECOND);
            var expected =
                    switch (hairpinning) {
                        case NONE -> List.of();
                        case EXTERNAL_SOURCE -> List.of(address("203.0.113.1", 3000));
                        case INSIDE_SOURCE -> List.of(address("192.168.0.2", 3000));
                    };
            assertEquals(expected, other.received.stream().map(ToyEngine.Received::from).toList());
        }
    }

    @Test
    void neighboursBehindOneCarrierMeetIfItHairpins() {
        for (boolean hairpins : new boolean[] {true, false}) {
            var net = new SimNetwork(1);
            var one = new ToyEngine('x');
            var two = new ToyEngine('x');
            SimRealm carrier =
                    net.internet()
                            .addNat(
                                    "carrier",
                                    "203.0.113.21",
                                    NatType.FULL_CONE.behavior().withHairpins(hairpins));
            var home = NatType.FULL_CONE.model();
            carrier.addNat("natA", "100.64.1.2", home).addHost("a", "192.168.1.2").bind(1000, one);
            carrier.addNat("natB", "100.64.1.3", home).addHost("b", "192.168.1.2").bind(2000, two);
            two.send(address("192.0.2.2", 1), "x");
            net.runFor(SECOND);
            one.send(address("203.0.113.21", 2000), "x");
            net.runFor(SECOND);
            assertEquals(hairpins ? List.of("x") : List.of(), texts(two));
        }
    }

    @Test
    void theMostPacketsWithinAnySecondAreCountedInEachDirection() {
        SimRealm lan = internet.addNat("nat", "203.0.113.1", NatType.FULL_CONE.model());
        SimPort portA = lan.addHost("a", "192.168.0.2").bind(1000, a);
        SimPort remote = internet.addHost("s", "192.0.2.2").bind(1, server);
        Runnable five =
                () -> {
                    for (int i = 0; i < 5; i++) {
                        portA.send(remote.local(), new byte[] {'x'});
                    }
                };
        for (int millis : new int[] {0, 900, 1800, 5000}) {
            network.after(Duration.ofMillis(millis), five);
        }
        network.runFor(Duration.ofSeconds(4));
        assertEquals(10, lan.nat().mostOutPerSecond());
        assertEquals(15, lan.nat().packetsOut());
        assertEquals(0, lan.nat().mostInPerSecond());
        lan.nat().forgetMostPerSecond();
        network.runFor(Duration.ofSeconds(4));
        assertEquals(5, lan.nat().mostOutPerSecond());
        server.send(address("203.0.113.1", 1000), "x");
        network.runFor(SECOND);
        assertEquals(1, lan.nat().mostInPerSecond());
    }

    @Test
    void otherTrafficTakesSequentialPortsAtItsMeanRate() {
        SimRealm lan = internet.addNat("nat", "203.0.113.1", NatType.SYMMETRIC_SEQ.model());
        lan.otherTraffic(Duration.ofMillis(100));
        network.runFor(Duration.ofSeconds(100));
        var passage =
                lan.nat()
                        .outbound(
                                address("192.168.0.2", 1),
                                address("192.0.2.2", 1),
                                network.nanoTime());
        int port = passage.address() == null ? 0 : passage.address().getPort();
        assertEquals(20_000 + 1000, port, 100);
        assertEquals(1, lan.nat().mappings(network.nanoTime()));
    }

    private static List<String> texts(ToyEngine engine) {
        return engine.received.stream().map(ToyEngine.Received::text).toList();
    }

    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
    }
}
