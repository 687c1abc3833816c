package natt.testkit;

import static natt.testkit.SimNat.Dependence.ADDRESS_AND_PORT_DEPENDENT;
import static natt.testkit.SimNat.Dependence.ENDPOINT_INDEPENDENT;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.testkit.SimLink.Shape;
import natt.testkit.SimNat.Behavior;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetSocketAddress;
import java.time.Duration;

/// How a simulation is written: two engines on a port each, across two NATs.
class SmokeSimTests {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void twoEnginesMeetAcrossTwoNatsAndABadLink(long seed) {
        SimNetwork.run(
                seed,
                network -> {
                    var world = new World(network);
                    world.learnAddresses();
                    world.lanB
                            .down()
                            .shape(
                                    Shape.clean()
                                            .withDelay(Duration.ofMillis(80))
                                            .withJitter(Duration.ofMillis(20))
                                            .withLoss(0.2));
                    Duration took = world.meet();
                    assertTrue(took.compareTo(Duration.ofMillis(83)) > 0, took.toString());
                    world.toyA.sendTo(
                            world.a.valid().orElseThrow(),
                            Duration.ofMillis(10),
                            network.nanoTime());
                    network.runFor(Duration.ofSeconds(20));
                    assertEquals(0.8 * 2001, world.toyB.received.size(), 60);
                });
    }

    @Test
    void aMappingThatIsNotRefreshedDies() {
        SimNetwork.run(
                4,
                network -> {
                    var world = new World(network);
                    world.learnAddresses();
                    world.meet();
                    InetSocketAddress toB = world.a.valid().orElseThrow();
                    world.portB.close();
                    network.runFor(Duration.ofSeconds(29));
                    assertEquals(1, world.lanB.nat().mappings(network.nanoTime()));
                    network.runFor(Duration.ofSeconds(2));
                    assertEquals(0, world.lanB.nat().mappings(network.nanoTime()));
                    long unmapped = world.lanB.nat().unmapped();
                    world.toyA.send(toB, "x");
                    network.runFor(Duration.ofMillis(50));
                    assertTrue(world.lanB.nat().unmapped() > unmapped);
                });
    }

    @Test
    void afterARebindThePeerIsReachedAgainAtItsNewAddress() {
        SimNetwork.run(
                5,
                network -> {
                    var world = new World(network);
                    world.learnAddresses();
                    world.meet();
                    InetSocketAddress before = world.b.valid().orElseThrow();
                    world.lanA.nat().rebind();
                    network.runUntil(() -> !world.b.valid().orElseThrow().equals(before), LIMIT);
                    assertEquals(before.getAddress(), world.b.valid().orElseThrow().getAddress());
                });
    }

    /// Host a behind a strict NAT, host b behind an open one that forgets after 30 seconds. On
    /// each, a puncher and a toy engine share one port.
    private static final class World {
        private final SimNetwork network;
        private final SimRealm lanA;
        private final SimRealm lanB;
        private final ToyPuncher a;
        private final ToyPuncher b;
        private final ToyEngine toyA = new ToyEngine('x');
        private final ToyEngine toyB = new ToyEngine('x');
        private final SimPort portB;

        private World(SimNetwork network) {
            this.network = network;
            SimRealm internet = network.internet();
            var stun = new FakeStunServer(internet.addHost("stun", "192.0.2.1"), 3478);
            var strict = Behavior.of(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT);
            var open = Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT);
            lanA = internet.addNat("natA", "203.0.113.1", strict);
            lanB =
                    internet.addNat(
                            "natB",
                            "203.0.113.2",
                            open.withMappingLifetime(Duration.ofSeconds(30)));
            a = new ToyPuncher(stun.address(), network.random("a"));
            b = new ToyPuncher(stun.address(), network.random("b"));
            lanA.addHost("a", "192.168.0.2").bind(30_000, toyA, a);
            portB = lanB.addHost("b", "192.168.0.2").bind(30_000, toyB, b);
        }

        private void learnAddresses() {
            network.runUntil(
                    () -> a.serverReflexive().isPresent() && b.serverReflexive().isPresent(),
                    LIMIT);
        }

        /// Lets each side check the other's address, until both have an answer.
        private Duration meet() {
            a.check(b.serverReflexive().orElseThrow(), network.nanoTime());
            b.check(a.serverReflexive().orElseThrow(), network.nanoTime());
            return network.runUntil(() -> a.valid().isPresent() && b.valid().isPresent(), LIMIT);
        }
    }
}
