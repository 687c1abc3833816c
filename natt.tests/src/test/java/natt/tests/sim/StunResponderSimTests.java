package natt.tests.sim;

import static natt.testkit.SimNat.Dependence.ADDRESS_AND_PORT_DEPENDENT;
import static natt.testkit.SimNat.Dependence.ENDPOINT_INDEPENDENT;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Route;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.AddressDiscovery.Finding;
import natt.core.spi.AddressDiscovery.Observation;
import natt.core.spi.AddressDiscovery.ResponderContext;
import natt.core.spi.AddressDiscovery.Sample;
import natt.core.spi.AddressDiscovery.SampleContext;
import natt.discovery.stun.StunDiscovery;
import natt.testkit.SimHost;
import natt.testkit.SimLink.Shape;
import natt.testkit.SimNat.Behavior;
import natt.testkit.SimNat.PortAllocation;
import natt.testkit.SimNetwork;
import natt.testkit.SimRealm;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The discovery's own responder asked by its own discovery, also through additional sockets.
class StunResponderSimTests {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final SimNetwork network = new SimNetwork(4);
    private final SimHost broker = network.internet().addHost("broker", "192.0.2.1", "192.0.2.2");
    private final SimSockets brokerSockets = new SimSockets();

    StunResponderSimTests() {
        brokerSockets.bind(broker, 0, 3478);
        brokerSockets.bind(broker, 0, 3479);
        brokerSockets.bind(broker, 1, 3478);
        brokerSockets.bind(broker, 1, 3479);
        var context = new ResponderContext(brokerSockets.locals(), network.random("responder"));
        brokerSockets.add(new StunDiscovery().openResponder(context).orElseThrow());
    }

    private List<InetSocketAddress> servers() {
        return brokerSockets.locals().stream().map(each -> each.address()).toList();
    }

    private SimSockets behind(Behavior behavior, int sockets) {
        SimRealm net = network.internet().addNat("home", "203.0.113.1", behavior);
        return SimSockets.of(net.addHost("pc", "192.168.1.2"), sockets, 30_000);
    }

    private AddressDiscovery.Discovery discovery(
            SimSockets sockets, List<InetSocketAddress> asked) {
        var context =
                new AddressDiscovery.Context(
                        Duration.ofSeconds(15), network.nanoTime(), network.random("discovery"));
        AddressDiscovery.Discovery discovery = new StunDiscovery().open(context);
        sockets.add(discovery);
        discovery.useServers(asked, asked.size(), network.nanoTime());
        return discovery;
    }

    private Sample sample(SimSockets sockets, List<InetSocketAddress> asked) {
        var context = new SampleContext(asked, network.nanoTime(), network.random("sample"));
        Sample sample = new StunDiscovery().openSample(context).orElseThrow();
        sockets.add(sample);
        return sample;
    }

    private static List<InetSocketAddress> through(int socket, List<InetSocketAddress> servers) {
        return servers.stream().map(each -> Route.through(socket, each)).toList();
    }

    @Test
    void allFourAddressesAgreeThroughAnEndpointIndependentNat() {
        var behavior = Behavior.of(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT);
        var discovery = discovery(behind(behavior, 1), servers());
        network.runFor(SECOND);
        assertTrue(discovery.pollFinding() instanceof Finding.Mapped);
        assertEquals(servers(), discovery.observations().stream().map(o -> o.server()).toList());
    }

    @Test
    void aDiscoveryThroughAnAdditionalSocketFindsThatSocketsMapping() {
        var behavior =
                Behavior.of(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT)
                        .withPorts(PortAllocation.PRESERVE);
        SimSockets sockets = behind(behavior, 4);
        var discovery = discovery(sockets, through(3, servers()));
        network.runFor(SECOND);
        var expected = new InetSocketAddress("203.0.113.1", 30_003);
        assertEquals(new Finding.Mapped(expected), discovery.pollFinding());
        network.runFor(Duration.ofMinutes(10));
        assertEquals(expected, discovery.observations().getFirst().mapped());
        assertEquals(0, discovery.counters().get("timedOut"));
    }

    @Test
    void anAddressDependentMappingTellsWhoSawWhatAndWhen() {
        var behavior =
                Behavior.of(ADDRESS_AND_PORT_DEPENDENT, ADDRESS_AND_PORT_DEPENDENT)
                        .withPorts(PortAllocation.SEQUENTIAL);
        var discovery = discovery(behind(behavior, 1), servers());
        network.runFor(SECOND);
        assertTrue(
                discovery.pollFinding() instanceof Finding.AddressDependentMapping(var seen)
                        && seen.equals(discovery.observations()));
        assertEquals(4, discovery.observations().size());
    }

    @Test
    void aSampleThroughACountingNatHasPortsInTheOrderOfItsServers() {
        var behavior =
                Behavior.of(ADDRESS_AND_PORT_DEPENDENT, ADDRESS_AND_PORT_DEPENDENT)
                        .withPorts(PortAllocation.SEQUENTIAL);
        SimSockets sockets = behind(behavior, 3);
        Sample sample = sample(sockets, through(2, servers()));
        Duration took = network.runUntil(sample::isDone, SECOND);
        List<Observation> seen = sample.observations();
        assertEquals(through(2, servers()), seen.stream().map(Observation::server).toList());
        int first = seen.getFirst().mapped().getPort();
        for (int i = 0; i < 4; i++) {
            assertEquals(first + i, seen.get(i).mapped().getPort());
            assertEquals(
                    seen.getFirst().nanos() + i * Duration.ofMillis(5).toNanos(),
                    seen.get(i).nanos());
        }
        assertEquals(4, sockets.sent());
        assertTrue(took.compareTo(Duration.ofMillis(50)) < 0, took.toString());
    }

    @Test
    void aSampleGivesUpOnTheSilentAfterThreeRetransmissionsAndTellsTheOthers() {
        var silent = new InetSocketAddress("192.0.2.99", 3478);
        SimSockets sockets = behind(Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT), 1);
        var asked = new ArrayList<>(List.of(silent));
        asked.addAll(servers().subList(0, 2));
        Sample sample = sample(sockets, asked);
        Duration took = network.runUntil(sample::isDone, SECOND);
        assertEquals(Duration.ofMillis(900), took);
        assertEquals(
                servers().subList(0, 2),
                sample.observations().stream().map(Observation::server).toList());
        assertEquals(4 + 2, sockets.sent());
    }

    @Test
    void aSampleSurvivesLoss() {
        SimSockets sockets = behind(Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT), 1);
        broker.up().shape(Shape.clean().withLoss(0.2));
        Sample sample = sample(sockets, servers());
        network.runUntil(sample::isDone, SECOND);
        assertEquals(4, sample.observations().size());
    }
}
