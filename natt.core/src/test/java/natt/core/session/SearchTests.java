package natt.core.session;

import static natt.core.session.RelayedPair.ALICE;
import static natt.core.session.RelayedPair.BOB;
import static natt.core.session.RelayedPair.candidate;
import static natt.core.session.RelayedPair.isDirect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.NatBehavior;
import natt.core.session.World.Node;
import natt.core.session.World.Packet;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// From a relay to a direct path and back, with nothing but the ports' own sockets.
class SearchTests {
    private final RelayedPair pair = new RelayedPair();
    private final World world = pair.world;

    private void send(Node from, int length) {
        from.streams().send(new byte[length]);
        from.serve();
    }

    private static long moves(Node node) {
        return node.events.stream().filter(SessionEvent.Moved.class::isInstance).count();
    }

    // ---- to the direct path

    @Test
    void bothMoveToTheDirectPathWithinTwoRoundTripsOfTheOffers() {
        pair.offer();
        // The offer and its answer by the relay, 50 ms each way, then a check and its answer.
        world.run(50 + 50 + 25 + 50 + 1);
        assertTrue(pair.bothDirect());
        assertEquals(pair.bob.address, pair.session.path().orElseThrow());
        assertEquals(pair.alice.address, pair.bobs().path().orElseThrow());
        assertEquals(1, moves(pair.alice));
        assertEquals(1, moves(pair.bob));
    }

    @Test
    void bothSidesChecksLeaveAtTheSameTime() {
        pair.offer();
        world.run(300);
        List<Packet> alices = pair.straight(pair.alice);
        List<Packet> bobs = pair.straight(pair.bob);
        assertEquals(alices.getFirst().at(), bobs.getFirst().at());
    }

    @Test
    void eachChecksTheOtherThoughTheFirstDatagramsAreFiltered() {
        // A filter that lets in only whom the inside has sent to.
        pair.lost =
                packet ->
                        world.sent.stream()
                                .noneMatch(
                                        each ->
                                                each.from().equals(packet.to())
                                                        && each.to().equals(packet.from())
                                                        && each.at() - world.delay - packet.at()
                                                                < 0);
        pair.offer();
        world.run(400);
        assertTrue(pair.bothDirect());
    }

    @Test
    void aPeerBehindAnotherPortThanItKnowsIsCheckedWhereItIsHeard() {
        pair.offer(pair.alice, pair.session, "203.0.113.1:9");
        pair.offer(pair.bob, pair.bobs(), BOB);
        world.run(400);
        assertTrue(pair.bothDirect());
        assertEquals(pair.alice.address, pair.bobs().path().orElseThrow());
    }

    @Test
    void theResponderMayTellItsAddressesFirst() {
        pair.offer(pair.bob, pair.bobs(), BOB);
        world.run(500);
        assertFalse(pair.bothDirect());
        pair.offer(pair.alice, pair.session, ALICE);
        world.run(400);
        assertTrue(pair.bothDirect());
    }

    @Test
    void theResponderMayTellItsAddressesLate() {
        pair.offer(pair.alice, pair.session, ALICE);
        world.run(20_000);
        assertFalse(pair.bothDirect());
        pair.offer(pair.bob, pair.bobs(), BOB);
        world.run(500);
        assertTrue(pair.bothDirect());
    }

    @Test
    void aLostOfferIsRepeated() {
        pair.relayDead = true;
        pair.offer();
        world.run(700);
        assertFalse(pair.bothDirect());
        pair.relayDead = false;
        world.run(400);
        assertTrue(pair.bothDirect());
    }

    @Test
    void nothingIsSentStraightBeforeBothHaveOffered() {
        pair.offer(pair.alice, pair.session, ALICE);
        world.run(5000);
        assertEquals(0, pair.straight(pair.alice).size() + pair.straight(pair.bob).size());
        assertEquals(
                Optional.of("the peer has not told its addresses"),
                pair.session.search().whyRelayed());
    }

    // ---- nothing brings it back to the relay

    @Test
    void whatIsStillOnItsWayByTheRelayMovesNobodyBack() {
        pair.offer();
        for (int i = 0; i < 100; i++) {
            send(pair.alice, 100);
            send(pair.bob, 100);
            world.run(5);
        }
        world.run(2000);
        assertTrue(pair.bothDirect());
        assertEquals(1, moves(pair.alice));
        assertEquals(1, moves(pair.bob));
        assertEquals(100, pair.bob.streams().received.size());
        assertEquals(100, pair.alice.streams().received.size());
    }

    @Test
    void theInitiatorMayBeDirectLongBeforeTheResponder() {
        // Bob's checks are lost, so that only those of Alice are answered.
        pair.lost = packet -> packet.from().equals(pair.bob.address) && isCheck(packet);
        oneSideFirst(pair.session, pair.bobs(), pair.bob);
    }

    @Test
    void theResponderMayBeDirectLongBeforeTheInitiator() {
        pair.lost = packet -> packet.from().equals(pair.alice.address) && isCheck(packet);
        oneSideFirst(pair.bobs(), pair.session, pair.alice);
    }

    private int checksLost;

    /// The first datagrams of 48 bytes; answers come after them.
    private boolean isCheck(Packet packet) {
        return packet.data().length == 48 && checksLost++ < 1;
    }

    private void oneSideFirst(Session first, Session second, Node secondNode) {
        pair.offer();
        world.run(180);
        assertTrue(isDirect(first));
        pair.lost = packet -> false;
        for (int i = 0; i < 100; i++) {
            send(pair.alice, 100);
            send(pair.bob, 100);
            world.run(5);
        }
        world.run(1000);
        assertTrue(isDirect(second));
        assertEquals(1, moves(pair.alice));
        assertEquals(1, moves(pair.bob));
        assertEquals(100, pair.bob.streams().received.size());
        assertEquals(100, pair.alice.streams().received.size());
    }

    // ---- the better one

    private void offerBoth(Node node, Session its, String outside, String link) {
        its.offer(
                new LocalCandidates(
                        NatBehavior.UNKNOWN,
                        List.of(
                                candidate(Candidate.Type.SERVER_REFLEXIVE, outside),
                                candidate(Candidate.Type.HOST, link))),
                world.now);
        node.serve();
    }

    private void offerLinks() {
        pair.alice.link("192.168.1.1:40000");
        pair.bob.link("192.168.1.2:40000");
        offerBoth(pair.alice, pair.session, ALICE, "192.168.1.1:40000");
        offerBoth(pair.bob, pair.bobs(), BOB, "192.168.1.2:40000");
    }

    @Test
    void theInitiatorChoosesTheQuickerPathTheResponderFollowsAndBothStay() {
        offerLinks();
        world.run(180);
        assertEquals(Optional.of(pair.bob.address), pair.session.path());
        for (int i = 0; i < 40; i++) {
            send(pair.alice, 100);
            send(pair.bob, 100);
            world.run(100);
        }
        assertEquals(Optional.of(World.address("192.168.1.2:40000")), pair.session.path());
        assertEquals(Optional.of(World.address("192.168.1.1:40000")), pair.bobs().path());
        assertEquals(2, moves(pair.alice));
        assertEquals(2, moves(pair.bob));
        world.run(Duration.ofMinutes(5));
        assertEquals(2, moves(pair.alice));
        assertEquals(2, moves(pair.bob));
        assertEquals(40, pair.bob.streams().received.size());
        assertEquals(40, pair.alice.streams().received.size());
    }

    @Test
    void aPathThatIsHardlyQuickerIsNotTaken() {
        world.linkDelay = 24 * World.MILLI;
        offerLinks();
        world.run(Duration.ofMinutes(1));
        assertEquals(Optional.of(pair.bob.address), pair.session.path());
        assertEquals(1, moves(pair.alice));
        assertEquals(1, moves(pair.bob));
    }

    // ---- back to the relay

    @Test
    void aDirectPathThatDiesGivesWayToTheRelayWithinFourSecondsOfUse() {
        pair.offer();
        world.run(Duration.ofMinutes(1));
        assertTrue(pair.bothDirect());
        pair.lost = packet -> true;
        pair.alice.streams().outstanding = true;
        world.run(4000);
        assertFalse(isDirect(pair.session));
        assertEquals(Session.State.UP, pair.session.state());
        world.run(1500);
        assertFalse(isDirect(pair.bobs()));
        send(pair.bob, 77);
        world.run(110);
        assertEquals(77, pair.alice.streams().received.getLast().length);
    }

    @Test
    void aDirectPathThatDiesOneWayGivesWayOnBothSides() {
        pair.offer();
        world.run(Duration.ofMinutes(1));
        pair.lost = packet -> packet.from().equals(pair.bob.address);
        for (int i = 0; i < 90; i++) {
            send(pair.alice, 100);
            send(pair.bob, 100);
            world.run(100);
        }
        assertFalse(isDirect(pair.session));
        assertFalse(isDirect(pair.bobs()));
        assertEquals(Session.State.UP, pair.session.state());
        assertEquals(Session.State.UP, pair.bobs().state());
    }

    @Test
    void aPathThatComesBackIsFoundAgainAtOnceOrInTheNextSearch() {
        pair.offer();
        world.run(Duration.ofMinutes(1));
        pair.lost = packet -> true;
        pair.alice.streams().outstanding = true;
        world.run(6000);
        pair.lost = packet -> false;
        world.run(Duration.ofSeconds(32));
        assertTrue(pair.bothDirect());
    }

    @Test
    void withoutARelayDoubtIsAnsweredByCallingAsEver() {
        pair.offer();
        world.run(Duration.ofMinutes(1));
        pair.relayDead = true;
        pair.lost = packet -> true;
        pair.alice.streams().outstanding = true;
        world.run(Duration.ofSeconds(25));
        assertEquals(Session.State.SUSPENDED, pair.session.state());
        pair.lost = packet -> false;
        world.run(Duration.ofSeconds(5));
        assertEquals(Session.State.UP, pair.session.state());
    }

    // ---- how much is sent

    @Test
    void addressesThatNobodyAttestsGetFiftyChecksAtMostTenASecond() {
        var sixteen = new String[16];
        for (int i = 0; i < sixteen.length; i++) {
            sixteen[i] = "192.0.2.%d:1000".formatted(100 + i);
        }
        pair.lost = packet -> packet.from().equals(pair.bob.address);
        pair.offer(pair.bob, pair.bobs(), sixteen);
        pair.offer(pair.alice, pair.session, ALICE);
        world.run(Duration.ofMinutes(1));
        List<Packet> sent = pair.straight(pair.alice);
        assertTrue(sent.size() >= 40, sent.size() + " checks");
        assertTrue(sent.stream().allMatch(each -> each.data().length == 48));
        for (int i = 1; i < sent.size(); i++) {
            assertTrue(sent.get(i).at() - sent.get(i - 1).at() >= 100 * World.MILLI);
        }
        // 50, and one more each 2.4 seconds.
        assertTrue(sent.size() <= 50 + 25, sent.size() + " checks");
    }

    @Test
    void aPeerThatOffersAllTheTimeDrawsNoMore() {
        pair.lost = packet -> packet.from().equals(pair.bob.address);
        pair.offer(pair.alice, pair.session, ALICE);
        for (int i = 0; i < 120; i++) {
            pair.offer(pair.bob, pair.bobs(), "192.0.2.100:" + (1000 + i));
            world.run(500);
        }
        int sent = pair.straight(pair.alice).size();
        assertTrue(sent <= 50 + 25, sent + " checks");
    }
}
