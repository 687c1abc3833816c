package natt.tests.sim;

import static natt.testkit.SimNat.Dependence.ADDRESS_AND_PORT_DEPENDENT;
import static natt.testkit.SimNat.Dependence.ADDRESS_DEPENDENT;
import static natt.testkit.SimNat.Dependence.ENDPOINT_INDEPENDENT;
import static natt.testkit.SimNat.PortAllocation.PRESERVE;
import static natt.testkit.SimNat.PortAllocation.RANDOM;
import static natt.testkit.SimNat.PortAllocation.SEQUENTIAL;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.PortAllocation;
import natt.core.spi.AddressDiscovery.BehaviorContext;
import natt.core.spi.AddressDiscovery.BehaviorDiscovery;
import natt.core.spi.AddressDiscovery.Responder;
import natt.core.spi.AddressDiscovery.ResponderContext;
import natt.core.spi.Engine;
import natt.discovery.stun.StunDiscovery;
import natt.testkit.FakeStunServer;
import natt.testkit.NatType;
import natt.testkit.SimConntrack;
import natt.testkit.SimHost;
import natt.testkit.SimLink.Shape;
import natt.testkit.SimNat;
import natt.testkit.SimNat.Behavior;
import natt.testkit.SimNetwork;
import natt.testkit.SimRealm;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// What the behavior discovery says about NATs whose behavior is known.
class NatBehaviorSimTests {
    private static final int SOCKETS = 9;
    private static final Duration NO_LIFETIME = Duration.ZERO;
    private static final Duration LIMIT = Duration.ofHours(2);

    /// Datagrams by mapping and filtering: 16 questions, or 22 where a second server is asked for
    /// ports, one more where a refused packet may have taken a port away, and repetitions where a
    /// filter keeps answers out or nothing is hairpinned.
    private static final int[][] SENT = {{16, 20, 24}, {22, 31, 35}, {22, 31, 34}};

    private final SimNetwork network;

    /// How much the discovery has sent, and how long it took.
    private long sent;

    private Duration took = Duration.ZERO;

    NatBehaviorSimTests() {
        network = new SimNetwork(11);
    }

    /// Our own responder, on each port of each address of a host.
    private final class Broker {
        private final SimSockets sockets = new SimSockets();
        private final Responder responder;

        Broker(int ports, String... addresses) {
            SimHost host = network.internet().addHost("broker " + addresses[0], addresses);
            for (int address = 0; address < addresses.length; address++) {
                for (int port = 0; port < ports; port++) {
                    sockets.bind(host, address, 3478 + port);
                }
            }
            var context = new ResponderContext(sockets.locals(), network.random("responder"));
            responder = new StunDiscovery().openResponder(context).orElseThrow();
            sockets.add(responder);
        }

        InetSocketAddress address(int number) {
            return sockets.locals().get(number).address();
        }
    }

    private Broker fullBroker() {
        return new Broker(2, "192.0.2.1", "192.0.2.2");
    }

    private NatBehavior behaviorOf(Behavior behavior, InetSocketAddress... servers) {
        return behaviorOf(behavior, SOCKETS, NO_LIFETIME, servers);
    }

    private NatBehavior behaviorOf(
            Behavior behavior, int sockets, Duration longest, InetSocketAddress... servers) {
        SimRealm net = network.internet().addNat("nat", "203.0.113.1", behavior);
        return explore(net.addHost("pc", "192.168.1.2"), sockets, longest, servers);
    }

    private NatBehavior explore(
            SimHost host, int count, Duration longest, InetSocketAddress... servers) {
        SimSockets sockets = SimSockets.of(host, count, 30_000);
        var context =
                new BehaviorContext(
                        List.of(servers),
                        sockets.locals(),
                        longest,
                        network.nanoTime(),
                        network.random("behavior"));
        BehaviorDiscovery discovery = new StunDiscovery().openBehavior(context).orElseThrow();
        sockets.add(discovery);
        var found = new NatBehavior[1];
        took =
                network.runUntil(
                        () -> {
                            found[0] = discovery.pollBehavior();
                            return found[0] != null;
                        },
                        LIMIT);
        assertNull(discovery.pollBehavior(), "it is told once");
        assertEquals(Engine.NEVER, discovery.nanosUntilTimeout(network.nanoTime()));
        sent = sockets.sent();
        return found[0];
    }

    private static Dependence same(SimNat.Dependence dependence) {
        return Dependence.valueOf(dependence.name());
    }

    @Test
    void aBrokerWithTwoAddressesTellsAllNineCombinations() {
        for (var mapping : SimNat.Dependence.values()) {
            for (var filtering : SimNat.Dependence.values()) {
                var world = new NatBehaviorSimTests();
                Broker broker = world.fullBroker();
                var found = world.behaviorOf(Behavior.of(mapping, filtering), broker.address(0));
                String which = mapping + " " + filtering;
                assertEquals(same(mapping), found.mapping(), which);
                assertEquals(same(filtering), found.filtering(), which);
                assertEquals(new PortAllocation.Random(), found.ports(), which);
                boolean tellable =
                        mapping == ENDPOINT_INDEPENDENT || filtering == ENDPOINT_INDEPENDENT;
                assertEquals(
                        tellable ? Optional.of(true) : Optional.empty(), found.hairpins(), which);
                assertEquals(Optional.empty(), found.mappingLifetime());
                assertEquals(0, broker.responder.counters().get("limited"), which);
                assertEquals(SENT[mapping.ordinal()][filtering.ordinal()], world.sent, which);
                assertTrue(world.took.toSeconds() < 5, which + " took " + world.took);
            }
        }
    }

    /// Mapping, filtering, ports, hairpinning, whether what is refused takes a port away, and the
    /// lifetime in seconds of the laboratory's types: EI, AD, APD or ?. Linux gives 30 seconds to
    /// what has carried an exchange, and 120 only to what has gone on for more than two.
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "full-cone,              EI EI preserving no no ?",
        "full-cone-random,       EI EI random no no 120",
        "addr-restricted,        EI AD preserving no no 120",
        "port-restricted,        EI APD preserving no no 120",
        "port-restricted-random, EI APD random no no 120",
        "symmetric,              APD APD random ? ? 120",
        "symmetric-addr,         AD APD random ? no 120",
        "symmetric-seq,          APD APD sequential+1 ? ? 120",
        "symmetric-open,         APD EI random ? no 120",
        "linux,                  EI APD preserving no yes 29",
        "linux-random,           APD APD random ? ? 30",
        "firewall,               EI APD preserving yes no 29",
        "open,                   EI EI preserving yes no 300",
        "udp-blocked,            ? ? ? ? ? ?",
        "dns-only,               ? ? ? ? ? ?"
    })
    void everyTypeOfTheLaboratoryIsToldWithItsLifetime(String type, String expected) {
        SimHost host =
                network.internet()
                        .addHostBehind(
                                NatType.of(type).model(), "pc", "203.0.113.1", "192.168.1.2");
        var found = explore(host, SOCKETS, Duration.ofMinutes(5), fullBroker().address(0));
        assertEquals(expected, describe(found));
    }

    private static String describe(NatBehavior found) {
        String ports =
                switch (found.ports()) {
                    case PortAllocation.Preserving _ -> "preserving";
                    case PortAllocation.Random _ -> "random";
                    case PortAllocation.Sequential(int step) -> "sequential%+d".formatted(step);
                    case PortAllocation.Unknown _ -> "?";
                };
        return "%s %s %s %s %s %s"
                .formatted(
                        describe(found.mapping()),
                        describe(found.filtering()),
                        ports,
                        describe(found.hairpins()),
                        describe(found.keepsUnsolicited()),
                        found.mappingLifetime().map(time -> "" + time.toSeconds()).orElse("?"));
    }

    private static String describe(Optional<Boolean> known) {
        return known.map(does -> does ? "yes" : "no").orElse("?");
    }

    private static String describe(Dependence dependence) {
        return switch (dependence) {
            case ENDPOINT_INDEPENDENT -> "EI";
            case ADDRESS_DEPENDENT -> "AD";
            case ADDRESS_AND_PORT_DEPENDENT -> "APD";
            case AT_MOST_ADDRESS_DEPENDENT -> "EI|AD";
            case AT_LEAST_ADDRESS_DEPENDENT -> "AD|APD";
            case UNKNOWN -> "?";
        };
    }

    private Optional<Boolean> keepsUnsolicited(SimConntrack model, InetSocketAddress... servers) {
        SimHost host = network.internet().addHostBehind(model, "pc", "203.0.113.1", "192.168.1.2");
        return explore(host, SOCKETS, NO_LIFETIME, servers).keepsUnsolicited();
    }

    @Test
    void twoPortsOfOneAddressTellWhetherWhatIsRefusedTakesAPortAway() {
        for (boolean keeps : new boolean[] {true, false}) {
            var world = new NatBehaviorSimTests();
            Broker broker = world.new Broker(2, "192.0.2.1");
            var linux = SimConntrack.masquerade().withKeepsUnsolicited(keeps);
            assertEquals(
                    Optional.of(keeps),
                    world.keepsUnsolicited(linux, broker.address(0), broker.address(1)));
        }
        InetSocketAddress onePort = new Broker(1, "192.0.2.1").address(0);
        assertEquals(Optional.empty(), keepsUnsolicited(SimConntrack.masquerade(), onePort));
    }

    @Test
    void aForeignServerOfRfc5780TellsThemToo() {
        for (var mapping : SimNat.Dependence.values()) {
            for (var filtering : SimNat.Dependence.values()) {
                var world = new NatBehaviorSimTests();
                SimHost host = world.network.internet().addHost("stun", "192.0.2.1", "192.0.2.2");
                var server = new FakeStunServer(host, 3478, 3479);
                var found = world.behaviorOf(Behavior.of(mapping, filtering), server.address());
                assertEquals(same(mapping), found.mapping());
                assertEquals(same(filtering), found.filtering());
            }
        }
    }

    @Test
    void oneSocketTellsMappingAndFiltering() {
        for (var mapping : SimNat.Dependence.values()) {
            for (var filtering : SimNat.Dependence.values()) {
                var world = new NatBehaviorSimTests();
                var behavior = Behavior.of(mapping, filtering);
                var found =
                        world.behaviorOf(behavior, 1, NO_LIFETIME, world.fullBroker().address(0));
                assertEquals(same(mapping), found.mapping());
                assertEquals(same(filtering), found.filtering());
                // Four addresses that see four ports are four samples.
                assertEquals(
                        mapping == ADDRESS_AND_PORT_DEPENDENT
                                ? new PortAllocation.Random()
                                : new PortAllocation.Unknown(),
                        found.ports());
                assertEquals(Optional.empty(), found.hairpins());
            }
        }
    }

    @Test
    void oneSocketThatHasSentToAllAddressesDoesNotTellTheFiltering() {
        Broker broker = fullBroker();
        var found =
                behaviorOf(
                        Behavior.of(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT),
                        1,
                        NO_LIFETIME,
                        broker.address(0),
                        broker.address(1),
                        broker.address(2),
                        broker.address(3));
        assertEquals(Dependence.ENDPOINT_INDEPENDENT, found.mapping());
        assertEquals(Dependence.UNKNOWN, found.filtering());
    }

    @Test
    void aBrokerWithOneAddressAndTwoPortsTellsWhatPortsTell() {
        Dependence[] expected = {
            Dependence.AT_MOST_ADDRESS_DEPENDENT,
            Dependence.AT_MOST_ADDRESS_DEPENDENT,
            Dependence.ADDRESS_AND_PORT_DEPENDENT
        };
        for (var mapping : SimNat.Dependence.values()) {
            for (var filtering : SimNat.Dependence.values()) {
                var world = new NatBehaviorSimTests();
                Broker broker = world.new Broker(2, "192.0.2.1");
                var behavior = Behavior.of(mapping, filtering);
                var found = world.behaviorOf(behavior, broker.address(0), broker.address(1));
                assertEquals(expected[mapping.ordinal()], found.mapping());
                assertEquals(expected[filtering.ordinal()], found.filtering());
            }
        }
    }

    @Test
    void severalPlainServersTellTheMapping() {
        Dependence[] expected = {
            Dependence.ENDPOINT_INDEPENDENT,
            Dependence.AT_LEAST_ADDRESS_DEPENDENT,
            Dependence.AT_LEAST_ADDRESS_DEPENDENT
        };
        for (var mapping : SimNat.Dependence.values()) {
            var world = new NatBehaviorSimTests();
            var found =
                    world.behaviorOf(
                            Behavior.of(mapping, ENDPOINT_INDEPENDENT),
                            world.new Broker(1, "192.0.2.1").address(0),
                            world.new Broker(1, "192.0.2.2").address(0));
            assertEquals(expected[mapping.ordinal()], found.mapping());
            assertEquals(Dependence.UNKNOWN, found.filtering());
        }
    }

    @Test
    void oneOfThreeServersThatLiesChangesNothing() {
        var liar = new FakeStunServer(network.internet().addHost("liar", "192.0.2.9"), 3478);
        liar.answer(new FakeStunServer.Answer.Lying(new InetSocketAddress("198.51.100.1", 1234)));
        var found =
                behaviorOf(
                        Behavior.of(ENDPOINT_INDEPENDENT, ADDRESS_DEPENDENT),
                        liar.address(),
                        new Broker(1, "192.0.2.1").address(0),
                        new Broker(1, "192.0.2.2").address(0));
        assertEquals(Dependence.ENDPOINT_INDEPENDENT, found.mapping());
    }

    @Test
    void oneServerWithOneAddressAndPortTellsThePortsOnly() {
        var found =
                behaviorOf(
                        Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT).withPorts(PRESERVE),
                        new Broker(1, "192.0.2.1").address(0));
        assertEquals(Dependence.UNKNOWN, found.mapping());
        assertEquals(Dependence.UNKNOWN, found.filtering());
        assertEquals(new PortAllocation.Preserving(), found.ports());
        assertEquals(Optional.of(true), found.hairpins());
    }

    @Test
    void portAllocationIsTold() {
        for (var filtering : SimNat.Dependence.values()) {
            for (var ports : SimNat.PortAllocation.values()) {
                PortAllocation expected =
                        switch (ports) {
                            case PRESERVE -> new PortAllocation.Preserving();
                            case SEQUENTIAL -> new PortAllocation.Sequential(1);
                            case RANDOM -> new PortAllocation.Random();
                        };
                var world = new NatBehaviorSimTests();
                var behavior = Behavior.of(ENDPOINT_INDEPENDENT, filtering).withPorts(ports);
                var found = world.behaviorOf(behavior, world.fullBroker().address(0));
                assertEquals(expected, found.ports());
            }
        }
    }

    @Test
    void aCountingNatWithDependentMappingIsTold() {
        for (int sockets : new int[] {1, SOCKETS}) {
            for (var mapping : List.of(ADDRESS_DEPENDENT, ADDRESS_AND_PORT_DEPENDENT)) {
                var world = new NatBehaviorSimTests();
                Broker broker = world.fullBroker();
                var behavior =
                        Behavior.of(mapping, ADDRESS_AND_PORT_DEPENDENT).withPorts(SEQUENTIAL);
                var found = world.behaviorOf(behavior, sockets, NO_LIFETIME, broker.address(0));
                boolean samples = sockets == SOCKETS || mapping == ADDRESS_AND_PORT_DEPENDENT;
                assertEquals(
                        samples ? new PortAllocation.Sequential(1) : new PortAllocation.Unknown(),
                        found.ports());
            }
        }
    }

    @Test
    void aNatThatDoesNotHairpinIsTold() {
        for (var filtering : SimNat.Dependence.values()) {
            var world = new NatBehaviorSimTests();
            var behavior = Behavior.of(ENDPOINT_INDEPENDENT, filtering).withHairpins(false);
            var found = world.behaviorOf(behavior, world.fullBroker().address(0));
            assertEquals(Optional.of(false), found.hairpins());
        }
    }

    @Test
    void noNatLooksLikeOneThatDoesNothing() {
        SimHost host = network.internet().addHost("pc", "198.51.100.7");
        var found = explore(host, SOCKETS, NO_LIFETIME, fullBroker().address(0));
        assertEquals(
                new NatBehavior(
                        Dependence.ENDPOINT_INDEPENDENT,
                        Dependence.ENDPOINT_INDEPENDENT,
                        new PortAllocation.Preserving(),
                        Optional.of(true),
                        Optional.of(false),
                        Optional.empty()),
                found);
    }

    @Test
    void silenceTellsNothingAndTakesTwoSeconds() {
        var nobody = new InetSocketAddress("192.0.2.77", 3478);
        var found = behaviorOf(Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT), nobody);
        assertEquals(NatBehavior.UNKNOWN, found);
        assertEquals(Duration.ofMillis(2200), took);
        assertEquals(4, sent);
    }

    @Test
    void aTenthOfTheDatagramsLostChangesNothing() {
        for (var mapping : SimNat.Dependence.values()) {
            for (var filtering : SimNat.Dependence.values()) {
                var world = new NatBehaviorSimTests();
                SimRealm net =
                        world.network
                                .internet()
                                .addNat("nat", "203.0.113.1", Behavior.of(mapping, filtering));
                net.up().shape(Shape.clean().withLoss(0.1));
                net.down().shape(Shape.clean().withLoss(0.1));
                var found =
                        world.explore(
                                net.addHost("pc", "192.168.1.2"),
                                SOCKETS,
                                NO_LIFETIME,
                                world.fullBroker().address(0));
                assertEquals(same(mapping), found.mapping());
                assertEquals(same(filtering), found.filtering());
            }
        }
    }

    private Optional<Duration> lifetime(Behavior behavior, int sockets, Duration longest) {
        Broker broker = fullBroker();
        var found = behaviorOf(behavior, sockets, longest, broker.address(0));
        assertEquals(0, broker.responder.counters().get("limited"));
        return found.mappingLifetime();
    }

    @Test
    void theLifetimeBehindMovingPortsIsFoundByComparing() {
        var behavior = Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT).withPorts(RANDOM);
        var lifetime = Duration.ofSeconds(37);
        assertEquals(
                Optional.of(Duration.ofSeconds(36)),
                lifetime(behavior.withMappingLifetime(lifetime), SOCKETS, Duration.ofMinutes(5)));
        assertTrue(took.compareTo(Duration.ofMinutes(8)) < 0, took.toString());
    }

    @Test
    void theLifetimeOfADependentMappingIsFoundByComparing() {
        var behavior =
                Behavior.of(ADDRESS_AND_PORT_DEPENDENT, ADDRESS_AND_PORT_DEPENDENT)
                        .withPorts(SEQUENTIAL)
                        .withMappingLifetime(Duration.ofSeconds(45));
        assertEquals(
                Optional.of(Duration.ofSeconds(44)),
                lifetime(behavior, SOCKETS, Duration.ofMinutes(5)));
    }

    @Test
    void theLifetimeBehindKeptPortsIsFoundByThePermission() {
        for (var filtering : List.of(ADDRESS_DEPENDENT, ADDRESS_AND_PORT_DEPENDENT)) {
            var world = new NatBehaviorSimTests();
            var behavior = Behavior.of(ENDPOINT_INDEPENDENT, filtering).withPorts(PRESERVE);
            assertEquals(
                    Optional.of(Duration.ofSeconds(119)),
                    world.lifetime(behavior, SOCKETS, Duration.ofMinutes(5)));
        }
    }

    @Test
    void theLifetimeBehindABrokerWithOneAddressIsFoundByThePermissionOfAPort() {
        Broker broker = new Broker(2, "192.0.2.1");
        var other = new Broker(1, "192.0.2.8");
        var behavior =
                Behavior.of(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT).withPorts(PRESERVE);
        var found =
                behaviorOf(
                        behavior,
                        SOCKETS,
                        Duration.ofMinutes(5),
                        broker.address(0),
                        broker.address(1),
                        other.address(0));
        assertEquals(Dependence.ENDPOINT_INDEPENDENT, found.mapping());
        assertEquals(Dependence.ADDRESS_AND_PORT_DEPENDENT, found.filtering());
        assertEquals(Optional.of(Duration.ofSeconds(119)), found.mappingLifetime());
    }

    @Test
    void theLifetimeBehindKeptPortsAndNoFilterIsFoundByHairpinningOrNotAtAll() {
        var open = Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT).withPorts(PRESERVE);
        assertEquals(
                Optional.of(Duration.ofSeconds(119)),
                lifetime(open, SOCKETS, Duration.ofMinutes(5)));
        var world = new NatBehaviorSimTests();
        assertEquals(
                Optional.empty(),
                world.lifetime(open.withHairpins(false), SOCKETS, Duration.ofMinutes(5)));
    }

    @Test
    void aLongerLifetimeThanLookedForIsNotGuessed() {
        var behavior = Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT);
        assertEquals(
                Optional.of(Duration.ofSeconds(100)),
                lifetime(behavior, SOCKETS, Duration.ofSeconds(100)));
        assertTrue(took.compareTo(Duration.ofSeconds(110)) < 0, took.toString());
    }

    @Test
    void twoSocketsFindTheLifetimeByHalving() {
        var behavior =
                Behavior.of(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT)
                        .withPorts(PRESERVE)
                        .withMappingLifetime(Duration.ofSeconds(30));
        assertEquals(
                Optional.of(Duration.ofSeconds(29)), lifetime(behavior, 2, Duration.ofMinutes(5)));
    }

    @Test
    void aServerThatIsLostWhileWaitingLeavesTheLifetimeOpen() {
        Broker broker = fullBroker();
        SimRealm net =
                network.internet()
                        .addNat(
                                "nat",
                                "203.0.113.1",
                                Behavior.of(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT)
                                        .withPorts(PRESERVE));
        network.after(Duration.ofSeconds(20), () -> net.up().outage(true));
        var found =
                explore(
                        net.addHost("pc", "192.168.1.2"),
                        SOCKETS,
                        Duration.ofMinutes(5),
                        broker.address(0));
        assertEquals(Dependence.ADDRESS_AND_PORT_DEPENDENT, found.filtering());
        assertEquals(Optional.empty(), found.mappingLifetime());
    }
}
