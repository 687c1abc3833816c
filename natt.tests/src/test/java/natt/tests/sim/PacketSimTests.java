package natt.tests.sim;

import static natt.tests.sim.PacketWorld.B;
import static natt.tests.sim.PacketWorld.BEAT;
import static natt.tests.sim.PacketWorld.LENGTH;
import static natt.tests.sim.PacketWorld.NUMBER;
import static natt.tests.sim.PacketWorld.READY;
import static natt.tests.sim.PacketWorld.SECOND;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.session.Mode;
import natt.core.session.Session;
import natt.core.session.SessionEvent;
import natt.testkit.NatType;
import natt.testkit.SimFate;
import natt.testkit.SimNetwork;
import natt.tests.sim.PacketWorld.Pair;
import natt.tests.sim.PacketWorld.Side;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;

/// Two nodes of a broker that exchange packets.
class PacketSimTests {
    private static final int SEEDS = 10;

    private final PacketWorld world = new PacketWorld(9);
    private final SimNetwork network = world.network;

    private Pair pair(Mode mode) {
        return world.new Pair(mode);
    }

    private Pair pair(NatType one, NatType other) {
        return world.new Pair(one, other, Mode.IP);
    }

    private static void assertWithin(Duration limit, Duration took) {
        assertTrue(took.compareTo(limit) <= 0, took::toString);
    }

    // ---- the way

    @ParameterizedTest
    @EnumSource(names = {"IP", "WIREGUARD"})
    void packetsGoBothWaysStraightWithinTwoSeconds(Mode mode) {
        Pair pair = pair(mode).direct();
        pair.a.room.send(pair.b.key(), LENGTH);
        pair.b.room.send(pair.a.key(), LENGTH);
        network.runFor(BEAT);
        assertEquals(1, pair.a.room.arrived.size());
        assertEquals(LENGTH, pair.b.room.arrived.getFirst().length());
    }

    @ParameterizedTest
    @EnumSource(names = {"IP", "WIREGUARD"})
    void withASymmetricNatPacketsAreCarried(Mode mode) {
        Pair pair = world.new Pair(NatType.SYMMETRIC, NatType.SYMMETRIC, mode).join();
        network.runUntil(pair::isUp, Duration.ofSeconds(2));
        pair.beat();
        network.runFor(SECOND.multipliedBy(20));
        assertFalse(pair.isDirect());
        pair.assertNoneIsLost();
    }

    @Test
    void oneSymmetricSideIsReached() {
        Pair pair = pair(NatType.SYMMETRIC, NatType.PORT_RESTRICTED).join();
        network.runUntil(pair::isUp, Duration.ofSeconds(2));
        pair.beat();
        network.runFor(SECOND.multipliedBy(20));
        pair.assertNoneIsLost();
    }

    @ParameterizedTest
    @EnumSource(names = {"IP", "WIREGUARD"})
    void betweenNatsThatMapAnewForEachPeerAndLetEverybodyInPacketsGoStraight(Mode mode) {
        Pair pair = world.new Pair(NatType.SYMMETRIC_OPEN, NatType.SYMMETRIC_OPEN, mode).direct();
        network.runFor(SECOND.multipliedBy(5));
        pair.beat();
        network.runFor(SECOND.multipliedBy(20));
        assertTrue(pair.isDirect());
        pair.assertNoneIsLost();
    }

    // ---- one session

    @ParameterizedTest
    @EnumSource(names = {"IP", "WIREGUARD"})
    void ofTwoThatCallAtTheSameMomentTheRightOneIsLeftAndNoPacketIsLost(Mode mode) {
        for (int seed = 1; seed <= SEEDS; seed++) {
            var each = new PacketWorld(seed);
            Pair pair = each.new Pair(mode);
            ReachWorld.shape(pair.a.host, 10, seed);
            pair.join();
            each.network.runUntil(pair::isUp, SECOND.multipliedBy(2));
            pair.beat();
            each.network.runFor(SECOND.multipliedBy(15));
            assertEquals(1, pair.a.room.sessions(pair.b.key()).size(), "seed " + seed);
            assertEquals(1, pair.b.room.sessions(pair.a.key()).size(), "seed " + seed);
            assertTrue(pair.smaller().serving(pair.larger()).orElseThrow().initiator());
            assertFalse(pair.larger().serving(pair.smaller()).orElseThrow().initiator());
            pair.assertNoneIsLost();
        }
    }

    @Test
    void ofTwoThatCallAtTheSameMomentOneIsLeftThoughNothingIsSent() {
        Pair pair = pair(Mode.IP).join();
        network.runUntil(pair::isUp, Duration.ofSeconds(2));
        network.runFor(SECOND.multipliedBy(20));
        assertEquals(1, pair.a.room.sessions(pair.b.key()).size());
        assertEquals(1, pair.b.room.sessions(pair.a.key()).size());
        assertTrue(pair.isDirect());
    }

    @Test
    void threeNodesMakeAMesh() {
        List<Side> all =
                Stream.of("a", "b", "c")
                        .map(name -> world.side(NatType.PORT_RESTRICTED, name, Mode.IP))
                        .toList();
        network.runUntil(() -> all.stream().allMatch(each -> each.node.isReady()), READY);
        List<List<Side>> pairs = new ArrayList<>();
        for (Side one : all) {
            all.stream().filter(each -> each != one).forEach(each -> pairs.add(List.of(one, each)));
        }
        pairs.forEach(each -> each.getFirst().join(each.getLast()));
        all.forEach(each -> each.node.serve());
        network.runUntil(
                () -> pairs.stream().allMatch(each -> each.getFirst().isDirect(each.getLast())),
                SECOND.multipliedBy(3));
        pairs.forEach(each -> each.getFirst().beat(each.getLast()));
        network.runFor(READY);
        for (List<Side> each : pairs) {
            assertEquals(1, each.getFirst().room.sessions(each.getLast().key()).size());
        }
        all.forEach(each -> each.room.quiet());
        network.runFor(SECOND);
        long sent = all.stream().mapToLong(each -> each.room.sent()).sum();
        assertEquals(sent, all.stream().mapToLong(each -> each.room.arrived.size()).sum());
    }

    // ---- what happens to paths

    private static void assertBackAfterRebind(Mode mode, boolean ofA) {
        for (int seed = 1; seed <= SEEDS; seed++) {
            assertBackAfterRebind(new PacketWorld(seed), mode, ofA);
        }
    }

    private static void assertBackAfterRebind(PacketWorld each, Mode mode, boolean ofA) {
        SimNetwork network = each.network;
        Pair pair = each.new Pair(mode).direct();
        pair.beat();
        network.runFor(SECOND.multipliedBy(10).plusMillis(network.random("phase").nextInt(1000)));
        (ofA ? pair.a : pair.b).host.realm().nat().rebind();
        assertWithin(Duration.ofSeconds(3), pair.back(READY));
        network.runUntil(pair::isDirect, Duration.ofSeconds(130));
    }

    @ParameterizedTest
    @EnumSource(names = {"IP", "WIREGUARD"})
    void trafficIsBackThreeSecondsAfterTheNatOfTheFirstHasForgotten(Mode mode) {
        assertBackAfterRebind(mode, true);
    }

    @ParameterizedTest
    @EnumSource(names = {"IP", "WIREGUARD"})
    void trafficIsBackThreeSecondsAfterTheNatOfTheSecondHasForgotten(Mode mode) {
        assertBackAfterRebind(mode, false);
    }

    private static void assertBackAfterRestart(Mode mode, boolean ofSmaller) {
        for (int seed = 1; seed <= SEEDS; seed++) {
            assertBackAfterRestart(new PacketWorld(seed), mode, ofSmaller);
        }
    }

    private static void assertBackAfterRestart(PacketWorld each, Mode mode, boolean ofSmaller) {
        SimNetwork network = each.network;
        Pair pair = each.new Pair(mode).direct();
        pair.beat();
        network.runFor(SECOND.multipliedBy(10));
        Side restarted = ofSmaller ? pair.smaller() : pair.larger();
        Side other = ofSmaller ? pair.larger() : pair.smaller();
        restarted.restart(other);
        restarted.beat(other);
        assertWithin(READY, pair.back(Duration.ofSeconds(20)));
        network.runFor(SECOND.multipliedBy(20));
        assertEquals(1, other.room.sessions(restarted.key()).size());
        assertEquals(1, restarted.room.sessions(other.key()).size());
        assertTrue(pair.isDirect());
    }

    @ParameterizedTest
    @EnumSource(names = {"IP", "WIREGUARD"})
    void trafficIsBackTenSecondsAfterTheSideWithTheSmallerKeyWasRestarted(Mode mode) {
        assertBackAfterRestart(mode, true);
    }

    @ParameterizedTest
    @EnumSource(names = {"IP", "WIREGUARD"})
    void trafficIsBackTenSecondsAfterTheSideWithTheLargerKeyWasRestarted(Mode mode) {
        assertBackAfterRestart(mode, false);
    }

    @Test
    void aSideThatWasAwayForMinutesIsBackTenSecondsAfterItIs() {
        Pair pair = pair(Mode.IP).direct();
        pair.b.node.kill();
        network.runFor(Duration.ofMinutes(3));
        pair.b.restart(pair.a);
        pair.beat();
        assertWithin(READY, pair.back(Duration.ofSeconds(20)));
    }

    @Test
    void theBrokerIsRestartedAndNoPacketIsLost() {
        Pair pair = pair(Mode.IP).direct();
        network.runFor(READY);
        pair.beat();
        network.runFor(SECOND);
        var sleepers = world.broker.kill();
        network.runFor(SECOND.multipliedBy(3));
        world.broker.start(sleepers);
        network.runFor(SECOND.multipliedBy(30));
        pair.assertNoneIsLost();
        for (ReachNode each : List.of(pair.a.node, pair.b.node)) {
            assertTrue(
                    each.news.stream()
                            .noneMatch(news -> news.event() instanceof SessionEvent.Suspended));
        }
    }

    // ---- who is not the peer

    @Test
    void replayedAndSpoofedDatagramsGiveNoPacket() {
        Pair pair = pair(Mode.IP).direct();
        record Seen(InetSocketAddress from, InetSocketAddress to, byte[] payload) {}
        var caught = new ArrayList<Seen>();
        boolean[] catching = {true};
        network.trace()
                .watch(
                        (entry, payload) -> {
                            if (catching[0] && entry.fate() == SimFate.SENT) {
                                var bytes = new byte[payload.remaining()];
                                payload.get(bytes);
                                caught.add(new Seen(entry.from(), entry.to(), bytes));
                            }
                        });
        pair.beat();
        network.runFor(SECOND.multipliedBy(5));
        catching[0] = false;
        var external = new InetSocketAddress(InetAddress.ofLiteral(B), NUMBER);
        InetSocketAddress fromA = pair.b.node.path(pair.a.node).orElseThrow();
        int again = 0;
        for (Seen each : caught) {
            if (each.to().equals(external)) {
                again++;
                network.internet().inject(fromA, external, each.payload());
                byte[] wrong = each.payload().clone();
                wrong[wrong.length / 2] ^= 1;
                network.internet().inject(fromA, external, wrong);
            }
        }
        byte[] bare = ByteBuffer.allocate(LENGTH).putInt(4 << 24).array();
        network.internet().inject(fromA, external, bare);
        pair.assertNoneIsLost();
        assertTrue(again > 40);
        var numbers = new HashSet<Long>();
        for (PacketRoom.Arrival each : pair.b.room.arrived) {
            assertTrue(numbers.add(each.number()), each::toString);
            assertEquals(LENGTH, each.length());
        }
    }

    @Test
    void bareDatagramsCountFromThePathAndFromNowhereElse() {
        Pair pair = pair(Mode.WIREGUARD).direct();
        network.runFor(READY);
        var external = new InetSocketAddress(InetAddress.ofLiteral(B), NUMBER);
        InetSocketAddress path = pair.b.node.path(pair.a.node).orElseThrow();
        byte[] bare = ByteBuffer.allocate(LENGTH).putInt(4 << 24).putLong(77).array();
        network.internet()
                .inject(
                        new InetSocketAddress(path.getAddress(), path.getPort() + 1),
                        external,
                        bare);
        network.runFor(SECOND);
        assertEquals(0, pair.b.room.arrived.size());
        network.internet().inject(path, external, bare);
        network.runFor(SECOND);
        assertEquals(1, pair.b.room.arrived.size());
    }

    // ---- how wide it is

    @Test
    void packetsGrowAndShrinkWithThePath() {
        Pair pair = pair(Mode.IP).direct();
        network.runFor(READY);
        Session session = pair.a.serving(pair.b).orElseThrow();
        assertFalse(session.packetSizeIsFinal());
        int most = 1472 - 32;
        pair.a.room.beat(pair.b.key(), BEAT, most);
        network.runUntil(session::packetSizeIsFinal, READY);
        pair.assertNoneIsLost();
        assertEquals(most, session.packetSize());
        var narrow = pair.a.host.realm().up().shape().withMtu(1400);
        pair.a.host.realm().up().shape(narrow);
        pair.a.room.beat(pair.b.key(), BEAT, most);
        network.runUntil(() -> session.packetSize() <= 1400 - 28 - 32, READY);
        pair.a.room.quiet();
        network.runFor(SECOND);
        long lost = pair.a.room.sent() - pair.b.room.arrived.size();
        pair.a.room.beat(pair.b.key(), BEAT, most);
        network.runFor(SECOND.multipliedBy(5));
        pair.a.room.quiet();
        network.runFor(SECOND);
        assertEquals(lost, pair.a.room.sent() - pair.b.room.arrived.size());
        assertEquals(most, pair.b.room.arrived.getLast().length());
    }
}
