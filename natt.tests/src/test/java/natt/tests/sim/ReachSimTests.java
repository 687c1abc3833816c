package natt.tests.sim;

import static natt.testkit.SimNat.Dependence.ADDRESS_AND_PORT_DEPENDENT;
import static natt.testkit.SimNat.Dependence.ENDPOINT_INDEPENDENT;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseReason;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.AddressDiscovery.Finding;
import natt.core.spi.PlainTransport;
import natt.discovery.stun.StunDiscovery;
import natt.testkit.FakeStunServer;
import natt.testkit.SimNat.Behavior;
import natt.testkit.SimNat.Dependence;
import natt.testkit.SimNetwork;
import natt.testkit.SimRealm;
import natt.transport.kcp.KcpGoTransport;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// natts and nattc without their rims: the real engines on simulated ports, NATs between them.
class ReachSimTests {
    private static final Duration ROUND = Duration.ofSeconds(4);

    @Test
    void dnsAloneReachesExactlyTheServersBehindEndpointIndependentNats() {
        int reached = 0;
        for (Dependence serverMapping : Dependence.values()) {
            for (Dependence serverFiltering : Dependence.values()) {
                for (Dependence clientMapping : Dependence.values()) {
                    for (Dependence clientFiltering : Dependence.values()) {
                        var server = Behavior.of(serverMapping, serverFiltering);
                        var client = Behavior.of(clientMapping, clientFiltering);
                        boolean open =
                                serverMapping == ENDPOINT_INDEPENDENT
                                        && serverFiltering == ENDPOINT_INDEPENDENT;
                        assertEquals(open, reaches(server, client), server + " from " + client);
                        reached += open ? 1 : 0;
                    }
                }
            }
        }
        assertEquals(9, reached);
    }

    private static boolean reaches(Behavior server, Behavior client) {
        var reached = new boolean[1];
        SimNetwork.run(
                7,
                network -> {
                    var world = new World(network, server, client);
                    network.runFor(ROUND);
                    boolean published = world.published.isPresent();
                    boolean oneMapping = server.mapping() == ENDPOINT_INDEPENDENT;
                    assertEquals(oneMapping, published, server.toString());
                    if (published) {
                        PlainTransport.Stream stream = world.dial();
                        network.runFor(Duration.ofSeconds(11));
                        reached[0] = stream.answered();
                        boolean silent =
                                stream.closed()
                                        .map(CloseReason.NoAnswer.class::isInstance)
                                        .orElse(false);
                        assertEquals(!reached[0], silent);
                    }
                });
        return reached[0];
    }

    private static Behavior forgetful(Dependence filtering) {
        return Behavior.of(ENDPOINT_INDEPENDENT, filtering)
                .withMappingLifetime(Duration.ofSeconds(30));
    }

    @Test
    void anIdleServerStaysReachableThroughANatThatForgetsAfterThirtySeconds() {
        SimNetwork.run(
                8,
                network -> {
                    var world =
                            new World(
                                    network,
                                    forgetful(ENDPOINT_INDEPENDENT),
                                    forgetful(ADDRESS_AND_PORT_DEPENDENT));
                    network.runFor(ROUND);
                    InetSocketAddress first = world.published.orElseThrow();
                    network.runFor(Duration.ofMinutes(30));
                    assertEquals(first, world.published.orElseThrow());
                    PlainTransport.Stream stream = world.dial();
                    network.runUntil(stream::answered, Duration.ofSeconds(1));
                });
    }

    @Test
    void anIdleSessionLivesForHalfAnHourBehindTwoForgetfulNats() {
        SimNetwork.run(
                9,
                network -> {
                    var world =
                            new World(
                                    network,
                                    forgetful(ENDPOINT_INDEPENDENT),
                                    forgetful(ADDRESS_AND_PORT_DEPENDENT));
                    network.runFor(ROUND);
                    PlainTransport.Stream stream = world.dial();
                    assertEquals("first", world.echo(stream, "first"));
                    network.runFor(Duration.ofMinutes(30));
                    assertEquals(Optional.empty(), stream.closed());
                    assertEquals("again", world.echo(stream, "again"));
                });
    }

    @Test
    void aRebindIsFoundWithinTwentySecondsAndTheNewAddressIsReached() {
        SimNetwork.run(
                10,
                network -> {
                    var world =
                            new World(
                                    network,
                                    forgetful(ENDPOINT_INDEPENDENT),
                                    forgetful(ADDRESS_AND_PORT_DEPENDENT));
                    network.runFor(Duration.ofMinutes(2));
                    InetSocketAddress before = world.published.orElseThrow();
                    world.home.nat().rebind();
                    network.runUntil(
                            () -> !world.published.orElseThrow().equals(before),
                            Duration.ofSeconds(20));
                    PlainTransport.Stream stream = world.dial();
                    assertEquals("hello", world.echo(stream, "hello"));
                });
    }

    @Test
    void aLyingStunServerIsOutvotedAndNeverPublished() {
        SimNetwork.run(
                11,
                network -> {
                    var lie = new InetSocketAddress("203.0.113.66", 6666);
                    var world =
                            new World(
                                    network,
                                    forgetful(ENDPOINT_INDEPENDENT),
                                    forgetful(ADDRESS_AND_PORT_DEPENDENT));
                    world.stun.getFirst().answer(new FakeStunServer.Answer.Lying(lie));
                    network.runFor(Duration.ofMinutes(30));
                    assertNotEquals(lie, world.published.orElseThrow());
                    assertFalse(world.everPublished.contains(lie));
                    assertEquals(1, world.everPublished.size());
                });
    }

    /// A server that echoes, a client, and three STUN servers.
    private static final class World {
        private final SimNetwork network;
        private final SimRealm home;
        private final PlainTransport.Endpoint client;
        private final List<FakeStunServer> stun = new ArrayList<>();
        private final List<PlainTransport.Stream> served = new ArrayList<>();
        private final List<InetSocketAddress> everPublished = new ArrayList<>();
        private Optional<InetSocketAddress> published = Optional.empty();

        World(SimNetwork network, Behavior serverNat, Behavior clientNat) {
            this.network = network;
            SimRealm internet = network.internet();
            for (int i = 1; i <= 3; i++) {
                var host = internet.addHost("stun" + i, "198.51.100." + i);
                stun.add(new FakeStunServer(host, 3478));
            }
            home = internet.addNat("home", "203.0.113.1", serverNat);
            SimRealm away = internet.addNat("away", "203.0.113.2", clientNat);
            long now = network.nanoTime();
            var discovery =
                    new StunDiscovery()
                            .open(
                                    new AddressDiscovery.Context(
                                            Duration.ofSeconds(15), now, network.random("stun")));
            PlainTransport.Endpoint server =
                    new KcpGoTransport()
                            .open(
                                    new PlainTransport.Context(
                                            true, 1400, now, network.random("server")));
            client =
                    new KcpGoTransport()
                            .open(
                                    new PlainTransport.Context(
                                            false, 1400, now, network.random("client")));
            away.addHost("laptop", "192.168.1.2").bind(40_000, client);
            home.addHost("pc", "192.168.2.2")
                    .bind(30_000, discovery, server)
                    .application(time -> serve(discovery, server, time));
            var servers = stun.stream().map(FakeStunServer::address).toList();
            discovery.useServers(servers, servers.size(), now);
        }

        private void serve(
                AddressDiscovery.Discovery discovery, PlainTransport.Endpoint server, long now) {
            if (discovery.pollFinding() instanceof Finding.Mapped(var address)
                    && !published.equals(Optional.of(address))) {
                published = Optional.of(address);
                everPublished.add(address);
            }
            for (PlainTransport.Stream stream; (stream = server.accept()) != null; ) {
                served.add(stream);
            }
            var chunk = ByteBuffer.allocate(2000);
            for (PlainTransport.Stream stream : served) {
                if (stream.read(chunk.clear(), now) > 0) {
                    stream.write(chunk.flip(), now);
                }
            }
        }

        PlainTransport.Stream dial() {
            return client.dial(published.orElseThrow(), network.nanoTime());
        }

        /// Sends a text and returns what has come back as soon as it has its length.
        String echo(PlainTransport.Stream stream, String text) {
            stream.write(ByteBuffer.wrap(text.getBytes()), network.nanoTime());
            var back = ByteBuffer.allocate(2000);
            network.runUntil(
                    () -> {
                        stream.read(back, network.nanoTime());
                        return back.position() >= text.length();
                    },
                    Duration.ofSeconds(2));
            assertTrue(stream.answered());
            return new String(back.array(), 0, back.position());
        }
    }
}
