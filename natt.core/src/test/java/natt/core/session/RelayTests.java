package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.PreSharedKey;
import natt.core.Route;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Sessions with a broker, and sessions that it carries.
class RelayTests {
    private static final String BROKER = "198.51.100.10:30000";
    private static final String ALICE = "203.0.113.1:40000";
    private static final String BOB = "203.0.113.2:40000";
    private static final int CHANNEL = 7;
    private static final Admission ANYBODY = (key, from) -> Admission.Answer.anybody();

    private final World world = new World();
    private final World.Node broker = world.broker(BROKER, ANYBODY);
    private final World.Node alice = world.node(ALICE);
    private final World.Node bob = world.host(BOB, ANYBODY);
    private final List<String> heard = new ArrayList<>();
    private Session fromAlice;
    private Session fromBob;

    @BeforeEach
    void callBroker() {
        broker.rendezvous =
                (from, message, now) -> {
                    if (message.get(message.position()) == Rendezvous.RELAY) {
                        Session other = broker.accepted.getFirst();
                        other = other == from ? broker.accepted.getLast() : other;
                        other.say(message, now);
                    } else {
                        var text = new byte[message.remaining()];
                        message.get(text);
                        heard.add(new String(text, StandardCharsets.US_ASCII));
                    }
                };
        fromAlice = callBroker(alice);
        fromBob = callBroker(bob);
        world.run(200);
    }

    private Session callBroker(World.Node node) {
        Session session = node.engine.callBroker(broker.key(), PreSharedKey.NONE, world.now);
        session.addCandidates(List.of(World.address(BROKER)), world.now);
        node.serve();
        return session;
    }

    private Session callByRelay() {
        InetSocketAddress toBob = alice.engine.addRelay(fromAlice, CHANNEL);
        bob.engine.addRelay(fromBob, CHANNEL);
        Session session =
                alice.engine.call(bob.key(), PreSharedKey.NONE, alice.transport, world.now);
        session.addCandidates(List.of(toBob), world.now);
        alice.serve();
        return session;
    }

    @Test
    void messagesReachTheBroker() {
        assertEquals(Session.State.UP, fromAlice.state());
        assertTrue(broker.accepted.getFirst().isRendezvous());
        assertTrue(
                fromAlice.say(
                        ByteBuffer.wrap("hello".getBytes(StandardCharsets.US_ASCII)), world.now));
        world.run(100);
        assertEquals(List.of("hello"), heard);
    }

    @Test
    void aRendezvousIsKeptAliveAndRenewsItsKeys() {
        long before = world.sent.size();
        world.run(Duration.ofMinutes(30));
        assertEquals(Session.State.UP, fromAlice.state());
        assertEquals(2, fromAlice.counters().get("rekeyed"));
        // Two nodes ask every 15 s, the broker answers; renewals are a few more.
        long sent = world.sent.size() - before;
        assertTrue(sent >= 480 && sent < 520, () -> sent + " datagrams");
    }

    @Test
    void aNodeThatIsGoneIsForgottenAfterAMinuteWithoutPath() {
        alice.asleep = true;
        world.run(120_000);
        assertEquals(1, broker.engine.sessions().size());
    }

    @Test
    void twoNodesHaveASessionThroughTheBroker() {
        Session session = callByRelay();
        world.run(400);
        assertEquals(Session.State.UP, session.state());
        assertEquals(alice.key(), bob.accepted.getFirst().peer());
        assertTrue(Route.channel(session.path().orElseThrow()).isPresent());
        assertTrue(
                world.sent.stream()
                        .noneMatch(
                                p -> p.from().equals(alice.address) && p.to().equals(bob.address)),
                "nothing goes straight");
    }

    @Test
    void whoIsReachedByTheRelayHearsOfTheEnd() {
        callByRelay();
        world.run(400);
        Session called = bob.accepted.getFirst();
        alice.engine.shutdown(CloseCode.SHUTTING_DOWN, world.now);
        alice.serve();
        world.run(200);
        assertEquals(
                Optional.of(new CloseReason.SessionClosed(CloseCode.SHUTTING_DOWN)),
                called.closed());
        assertEquals(1, broker.engine.sessions().size());
    }

    @Test
    void noDatagramOfARelayedSessionIsLongerThanA1280BytePacket() {
        Session session = callByRelay();
        world.run(400);
        alice.streams().send(new byte[session.datagramSize() - Wire.DATA_OVERHEAD]);
        alice.serve();
        world.run(100);
        int longest = world.sent.stream().mapToInt(p -> p.data().length).max().orElseThrow();
        assertEquals(PathMtu.FIRST, longest);
    }

    @Test
    void aBrokerIsNotReachedThroughItself() {
        var captured = new ArrayList<World.Packet>();
        world.lost =
                p -> {
                    boolean data = p.to().equals(alice.address) && p.type() == Wire.DATA;
                    return data && captured.isEmpty() && captured.add(p);
                };
        broker.accepted
                .getFirst()
                .say(ByteBuffer.wrap("lost".getBytes(StandardCharsets.US_ASCII)), world.now);
        broker.serve();
        InetSocketAddress route = alice.engine.addRelay(fromAlice, CHANNEL);
        long before = alice.engine.counters().get("forged");
        alice.engine.handleDatagram(route, ByteBuffer.wrap(captured.getFirst().data()), world.now);
        assertEquals(before + 1, alice.engine.counters().get("forged"));
        assertEquals(Optional.of(World.address(BROKER)), fromAlice.path());
    }

    @Test
    void aRelayedDatagramOfAnUnknownChannelIsDropped() {
        Session session = callByRelay();
        alice.engine.removeRelay(Route.relayed(1));
        world.run(400);
        assertEquals(Session.State.CONNECTING, session.state());
        assertNotEquals(0, alice.engine.counters().get("unrelayed"));
    }

    @Test
    void aNodeThatIsNoBrokerTakesNoRendezvous() {
        Session session = alice.engine.callBroker(bob.key(), PreSharedKey.NONE, world.now);
        session.addCandidates(List.of(World.address(BOB)), world.now);
        alice.serve();
        world.run(1000);
        assertEquals(Session.State.CONNECTING, session.state());
    }

    @Test
    void aBrokerThatHasLostItsSessionsWakesTheirNodes() {
        broker.restart(PreSharedKey.NONE, ANYBODY);
        var wake = ByteBuffer.allocate(Wire.WAKE_LENGTH).put(0, (byte) Wire.WAKE);
        wake.put(Wire.WAKE_TOKEN, fromAlice.wakeToken());
        world.send(World.address(BROKER), World.address(ALICE), wake.array());
        world.run(200);
        assertEquals(Optional.of(new CloseReason.PeerRestarted()), fromAlice.closed());
    }

    @Test
    void aWakeWithAnotherTokenIsIgnored() {
        int before = world.sent.size();
        var wake = ByteBuffer.allocate(Wire.WAKE_LENGTH).put(0, (byte) Wire.WAKE);
        world.send(World.address(BROKER), World.address(ALICE), wake.array());
        world.run(100);
        assertEquals(before + 1, world.sent.size());
    }

    @Test
    void aBrokerTellsItsKeyToWhoeverAsks() {
        KeyQuestion question = alice.engine.askKey(List.of(World.address(BROKER)), world.now);
        alice.serve();
        world.run(100);
        assertEquals(Optional.of(broker.key()), question.answer());
        assertTrue(question.isOver(world.now));
    }

    @Test
    void aNodeThatIsNoBrokerTellsItsKeyToNobody() {
        KeyQuestion question = alice.engine.askKey(List.of(World.address(BOB)), world.now);
        alice.serve();
        world.run(2900);
        assertFalse(question.isOver(world.now));
        world.run(200);
        assertTrue(question.isOver(world.now));
        assertTrue(question.answer().isEmpty());
    }

    @Test
    void aWakeTokenIsNotTheSameTwice() {
        assertEquals(16, fromAlice.wakeToken().length);
        assertFalse(Arrays.equals(fromAlice.wakeToken(), fromBob.wakeToken()));
        assertArrayEquals(fromAlice.wakeToken(), fromAlice.wakeToken());
    }
}
