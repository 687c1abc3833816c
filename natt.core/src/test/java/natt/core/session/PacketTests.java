package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.NodeKey;
import natt.core.PreSharedKey;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Sessions that carry packets.
class PacketTests {
    private static final String BROKER = "198.51.100.10:30000";
    private static final String ALICE = "203.0.113.1:40000";
    private static final String BOB = "203.0.113.2:40000";
    private static final String ELSEWHERE = "203.0.113.77:40000";
    private static final int CHANNEL = 7;

    private final World world = new World();
    private final Set<NodeKey> known = new HashSet<>();
    private final World.Node alice = world.node(ALICE);
    private final World.Node bob = world.node(BOB);
    private final List<String> atAlice = new ArrayList<>();
    private final List<String> atBob = new ArrayList<>();

    private final class Heard implements Packets {
        private final Mode mode;
        private final List<String> heard;

        Heard(Mode mode, List<String> heard) {
            this.mode = mode;
            this.heard = heard;
        }

        @Override
        public Mode mode() {
            return mode;
        }

        @Override
        public Admission admission() {
            return (key, from) ->
                    known.contains(key)
                            ? Admission.Answer.listedKey()
                            : Admission.Answer.refuse(CloseCode.UNKNOWN_KEY);
        }

        @Override
        public void handle(Session from, ByteBuffer packet, long nowNanos) {
            int length = packet.remaining();
            heard.add(packet.get(packet.position()) + ":" + length);
        }
    }

    private void carry(Mode mode, boolean interfaceKeys) {
        alice.carry(new Heard(mode, atAlice), interfaceKeys);
        bob.carry(new Heard(mode, atBob), interfaceKeys);
        known.add(alice.key());
        known.add(bob.key());
    }

    private Session call(InetSocketAddress... at) {
        Session session = alice.engine.callPackets(bob.key(), PreSharedKey.NONE, world.now);
        session.addCandidates(List.of(at), world.now);
        alice.serve();
        world.run(300);
        return session;
    }

    private Session call() {
        return call(World.address(BOB));
    }

    /// As long as asked for, and like a datagram of WireGuard.
    private static ByteBuffer packet(int first, int length) {
        return ByteBuffer.allocate(length).put(0, (byte) first);
    }

    private boolean send(World.Node node, Session by, int first, int length) {
        boolean taken = by.send(packet(first, length), world.now);
        node.serve();
        return taken;
    }

    private void dropUntaken(InetSocketAddress from, byte[] datagram, World.Node at) {
        assertFalse(at.engine.handleDatagram(from, ByteBuffer.wrap(datagram), world.now));
    }

    @Test
    void packetsGoBothWays() {
        carry(Mode.IP, false);
        Session session = call();
        assertTrue(send(alice, session, 0x45, 1200));
        world.run(100);
        assertTrue(send(bob, bob.accepted.getFirst(), 0x60, 40));
        world.run(100);
        assertEquals(List.of("69:1200"), atBob);
        assertEquals(List.of("96:40"), atAlice);
        assertEquals(Mode.IP, bob.accepted.getFirst().mode());
    }

    @Test
    void callersOfAnotherModeAreNotAnswered() {
        carry(Mode.IP, false);
        alice.carry(new Heard(Mode.WIREGUARD, atAlice), false);
        assertEquals(Session.State.CONNECTING, call().state());
        alice.call(bob, BOB);
        world.run(300);
        assertEquals(0, bob.engine.counters().get("initsAnswered"));
        assertTrue(bob.accepted.isEmpty());
    }

    @Test
    void strangersAreRefused() {
        carry(Mode.IP, false);
        known.remove(alice.key());
        Session session = call();
        assertEquals(
                Optional.of(new CloseReason.SessionClosed(CloseCode.UNKNOWN_KEY)),
                session.closed());
        assertTrue(atBob.isEmpty());
    }

    @Test
    void aPeerThatIsTakenOffTheListLosesItsSession() {
        carry(Mode.IP, false);
        Session session = call();
        known.remove(alice.key());
        bob.engine.reviewAdmission(world.now);
        world.run(100);
        assertEquals(
                Optional.of(new CloseReason.SessionClosed(CloseCode.REMOVED_KEY)),
                session.closed());
    }

    @Test
    void packetsWiderThanThePathGoInPartsUntilTheWidthIsKnown() {
        carry(Mode.IP, false);
        world.lost = packet -> packet.data().length > 1300;
        Session session = call();
        int narrow = PathMtu.FIRST - Wire.DATA_OVERHEAD;
        assertEquals(narrow, session.packetSize());
        assertFalse(session.packetSizeIsFinal());
        for (int i = 0; i < 100; i++) {
            assertTrue(send(alice, session, 0x45, 1420));
            world.run(100);
        }
        assertEquals(100, atBob.size());
        assertEquals("69:1420", atBob.getLast());
        assertEquals(narrow, session.packetSize());
        assertTrue(session.packetSizeIsFinal());
    }

    @Test
    void aWidePathIsFound() {
        carry(Mode.IP, false);
        Session session = call();
        for (int i = 0; i < 10; i++) {
            send(alice, session, 0x45, 1200);
            world.run(100);
        }
        assertEquals(Wire.MOST_DATAGRAM - Wire.DATA_OVERHEAD, session.packetSize());
        assertTrue(session.packetSizeIsFinal());
    }

    @Test
    void whatCannotBeSentIsRefused() {
        carry(Mode.IP, false);
        Session session = alice.engine.callPackets(bob.key(), PreSharedKey.NONE, world.now);
        assertFalse(send(alice, session, 0x45, 100), "there is no path");
        session.addCandidates(List.of(World.address(BOB)), world.now);
        alice.serve();
        world.run(300);
        assertFalse(session.send(ByteBuffer.allocate(0), world.now));
        assertFalse(send(alice, session, 0x45, Session.MOST_PACKET + 1));
        assertTrue(send(alice, session, 0x45, Session.MOST_PACKET));
        for (int i = 0; i < 256; i++) {
            assertTrue(session.send(packet(0x45, 100 + i), world.now));
        }
        assertFalse(session.send(packet(0x45, 100), world.now), "the queue is full");
        alice.serve();
        world.run(100);
        assertEquals(257, atBob.size());
        assertEquals("69:355", atBob.getLast());
        assertEquals(1, session.counters().get("packetsDropped"));
    }

    @Test
    void theQueueKeepsItsOrderWhenItGrowsInTheMiddle() {
        carry(Mode.IP, false);
        Session session = call();
        for (int i = 0; i < 10; i++) {
            send(alice, session, 0x45, 50);
        }
        world.run(100);
        atBob.clear();
        var expected = new ArrayList<String>();
        for (int i = 0; i < 60; i++) {
            session.send(packet(0x45, 100 + i), world.now);
            expected.add("69:" + (100 + i));
        }
        alice.serve();
        world.run(100);
        assertEquals(expected, atBob);
    }

    @Test
    void anIdleSessionIsKeptAliveEveryFiveSeconds() {
        carry(Mode.IP, false);
        call();
        world.run(Duration.ofSeconds(1));
        world.sent.clear();
        world.run(Duration.ofSeconds(60));
        long questions =
                world.sent.stream().filter(each -> each.from().equals(alice.address)).count();
        assertTrue(questions >= 11 && questions <= 14, questions + " datagrams");
    }

    @Test
    void aPathThatDiesUnderTrafficIsDoubtedWithinThreeSeconds() {
        carry(Mode.IP, false);
        Session session = call();
        send(alice, session, 0x45, 100);
        world.run(1000);
        world.lost = packet -> true;
        alice.events.clear();
        long since = world.now;
        while (alice.events.isEmpty()) {
            send(alice, session, 0x45, 100);
            world.run(100);
        }
        assertTrue(alice.events.getFirst() instanceof SessionEvent.Doubtful);
        assertTrue(world.now - since < 5 * World.SECOND / 2, (world.now - since) + " ns");
    }

    @Test
    void replayedAndForgedDatagramsGiveNoPacket() {
        carry(Mode.IP, false);
        Session session = call();
        world.sent.clear();
        send(alice, session, 0x45, 500);
        world.run(100);
        byte[] datagram = world.sent.getFirst().data();
        assertEquals(1, atBob.size());
        world.send(alice.address, bob.address, datagram.clone());
        world.send(World.address(ELSEWHERE), bob.address, datagram.clone());
        for (int i = 0; i < datagram.length; i += 7) {
            byte[] forged = datagram.clone();
            forged[i] ^= 0x40;
            world.send(alice.address, bob.address, forged);
        }
        world.run(1000);
        assertEquals(1, atBob.size());
    }

    // ---- WireGuard

    @Test
    void wireGuardGoesBareOnADirectPath() {
        carry(Mode.WIREGUARD, true);
        Session session = call();
        assertEquals(Session.State.UP, session.state());
        world.sent.clear();
        assertTrue(send(alice, session, 4, 1452));
        world.run(100);
        assertEquals(List.of("4:1452"), atBob);
        assertEquals(1452, world.sent.getFirst().data().length);
        assertEquals(Session.MOST_PACKET, session.packetSize());
    }

    @Test
    void onlyWireGuardIsSent() {
        carry(Mode.WIREGUARD, true);
        Session session = call();
        assertFalse(send(alice, session, 5, 100));
        assertFalse(send(alice, session, 0, 100));
        assertFalse(session.send(packet(1, 100).put(2, (byte) 1), world.now));
        assertFalse(send(alice, session, 1, 31));
        world.run(100);
        assertTrue(atBob.isEmpty());
    }

    @Test
    void bareDatagramsAreTakenOnlyFromTheValidatedPath() {
        carry(Mode.WIREGUARD, true);
        byte[] bare = packet(1, 148).array();
        dropUntaken(World.address(ALICE), bare, bob);
        Session session = call();
        dropUntaken(World.address(ELSEWHERE), bare, bob);
        assertTrue(
                bob.engine.handleDatagram(World.address(ALICE), ByteBuffer.wrap(bare), world.now));
        assertEquals(List.of("1:148"), atBob);
        session.close(CloseCode.UNSPECIFIED, world.now);
        alice.serve();
        world.run(100);
        dropUntaken(World.address(ALICE), bare, bob);
        assertEquals(1, atBob.size());
    }

    @Test
    void bareDatagramsFollowThePath() {
        carry(Mode.WIREGUARD, true);
        Session session = call();
        alice.move(ELSEWHERE);
        world.run(Duration.ofSeconds(8));
        assertEquals(Optional.of(World.address(ELSEWHERE)), bob.accepted.getFirst().path());
        assertTrue(send(alice, session, 4, 100));
        world.run(100);
        assertEquals(List.of("4:100"), atBob);
        byte[] bare = packet(4, 100).array();
        assertTrue(
                bob.engine.handleDatagram(World.address(ALICE), ByteBuffer.wrap(bare), world.now),
                "it may be on its way since before the change");
        for (int i = 1; i <= 4; i++) {
            alice.move("203.0.113.78:4000" + i);
            world.run(Duration.ofSeconds(8));
        }
        dropUntaken(World.address(ALICE), bare, bob);
    }

    @Test
    void ofTwoSessionsOnOnePathTheOneThatIsLeftTakesBareDatagrams() {
        carry(Mode.WIREGUARD, true);
        Session first = call();
        Session second = call();
        assertEquals(first.path(), second.path());
        second.close(CloseCode.REPLACED, world.now);
        alice.serve();
        world.run(100);
        assertTrue(send(alice, first, 4, 100));
        world.run(100);
        assertEquals(List.of("4:100"), atBob);
        world.run(Duration.ofSeconds(10));
        assertTrue(send(alice, first, 4, 101));
        world.run(100);
        assertEquals(List.of("4:100", "4:101"), atBob);
    }

    @Test
    void aStreamNodeTakesNoBareDatagrams() {
        World.Node host = world.host("203.0.113.3:1", (key, from) -> Admission.Answer.anybody());
        alice.call(host, "203.0.113.3:1");
        world.run(300);
        dropUntaken(World.address(ALICE), packet(4, 100).array(), host);
    }

    @Test
    void byRelayWireGuardIsSealed() {
        World.Node broker = world.broker(BROKER, (key, from) -> Admission.Answer.anybody());
        broker.rendezvous =
                (from, message, now) -> {
                    Session other = broker.accepted.getFirst();
                    other = other == from ? broker.accepted.getLast() : other;
                    other.say(message, now);
                };
        carry(Mode.WIREGUARD, true);
        InetSocketAddress route = alice.engine.addRelay(callBroker(alice, broker), CHANNEL);
        bob.engine.addRelay(callBroker(bob, broker), CHANNEL);
        Session session = call(route);
        assertEquals(Session.State.UP, session.state());
        world.run(500);
        world.sent.clear();
        assertTrue(send(alice, session, 4, 1452));
        world.run(500);
        assertEquals(List.of("4:1452"), atBob);
        assertTrue(world.sent.stream().allMatch(each -> each.type() == Wire.DATA));
    }

    private Session callBroker(World.Node node, World.Node broker) {
        Session session = node.engine.callBroker(broker.key(), PreSharedKey.NONE, world.now);
        session.addCandidates(List.of(World.address(BROKER)), world.now);
        node.serve();
        world.run(200);
        assertEquals(Session.State.UP, session.state());
        return session;
    }

    @Test
    void theUseOfAnInterfacesKeyIsPartOfTheHandshake() {
        carry(Mode.WIREGUARD, true);
        world.lost =
                packet -> {
                    if (packet.type() == Wire.INIT) {
                        packet.data()[3] = 0;
                    }
                    return false;
                };
        assertEquals(Session.State.CONNECTING, call().state());
        assertTrue(bob.accepted.isEmpty());
    }
}
