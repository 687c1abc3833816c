package natt.rendezvous.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Route;
import natt.core.rendezvous.Message;
import natt.core.rendezvous.Message.ClosedCode;
import natt.core.rendezvous.Message.NameCode;
import natt.core.rendezvous.Message.OpenCode;
import natt.core.session.Rendezvous;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/// What nodes ask of a broker, and what they get.
class SwitchboardTests {
    private static final int INTRODUCTION = 8192;

    private final Board board = new Board();
    private final Board.Caller alice = board.guest(1);
    private final Board.Caller bob = board.guest(2);
    private final Board.Caller eve = board.stranger(3);

    /// Opens a channel from one node to another, and lets the other learn of it.
    ///
    /// @return what each calls it
    private int[] join(Board.Caller from, Board.Caller to) {
        int own = from.open(to.key).channel();
        from.relays(own, 100);
        var invited = (Message.Invited) to.heard().getFirst();
        assertEquals(from.key, invited.caller());
        return new int[] {own, invited.channel()};
    }

    private int[] joinAndGrant(Board.Caller from, Board.Caller to) {
        int[] numbers = join(from, to);
        to.says(new Message.Grant(numbers[1]));
        from.says(new Message.Grant(numbers[0]));
        from.heard();
        to.heard();
        return numbers;
    }

    @Test
    void aNodeLearnsWhereItIsSeenAndWhatItMay() {
        alice.says(new Message.Register(7, new byte[16], List.of("alice", "x y")));
        assertEquals(
                List.of(
                        new Message.Registered(
                                7,
                                true,
                                true,
                                List.of(NameCode.OK, NameCode.MALFORMED),
                                Optional.of(Board.address("203.0.113.1:40000")),
                                30001,
                                Optional.empty())),
                alice.heard());
    }

    @Test
    void aNodeThatComesOverAConnectionIsSeenNowhere() {
        alice.path = Route.connected(5);
        alice.says(new Message.Register(7, new byte[16], List.of()));
        assertEquals(Optional.empty(), ((Message.Registered) alice.heard().getFirst()).observed());
        assertEquals(List.of(), board.switchboard.sleepers());
    }

    @Test
    void aStrangerIsRegisteredWithoutAName() {
        eve.says(new Message.Register(7, new byte[16], List.of("eve")));
        var answer = (Message.Registered) eve.heard().getFirst();
        assertEquals(List.of(NameCode.NOT_ALLOWED), answer.names());
        assertEquals(List.of(false, false), List.of(answer.namesAllowed(), answer.relayAllowed()));
        assertEquals(List.of(eve.key + ": it is not listed for names"), board.denied);
        assertEquals(List.of(), board.journal);
        alice.register();
        assertEquals(OpenCode.OK, alice.open(eve.key).code());
    }

    @Test
    void aNameIsResolvedForAnybody() {
        bob.register("Bob");
        eve.says(new Message.Resolve(4, "BOB"));
        eve.says(new Message.Resolve(5, "nobody"));
        assertEquals(
                List.of(
                        new Message.Resolved(4, Optional.of(bob.key)),
                        new Message.Resolved(5, Optional.empty())),
                eve.heard());
    }

    @Test
    void aNameOfAKeyThatIsOnTheListNoMoreIsNotResolved() {
        bob.register("bob");
        board.guests.remove(bob.key);
        eve.says(new Message.Resolve(4, "bob"));
        assertEquals(List.of(new Message.Resolved(4, Optional.empty())), eve.heard());
    }

    @Test
    void namesThatAreWithdrawnAreNotResolved() {
        bob.register("bob");
        bob.says(new Message.Withdraw(1));
        eve.says(new Message.Resolve(4, "bob"));
        assertEquals(List.of(new Message.Resolved(4, Optional.empty())), eve.heard());
        assertEquals(List.of(NameCode.TAKEN), alice.register("bob"));
    }

    @Test
    void theCalledNodeIsInvitedWithTheFirstDatagramAndUntilItAnswers() {
        bob.register();
        alice.register();
        int own = alice.open(bob.key).channel();
        assertEquals(List.of(), bob.heard());
        alice.relays(own, 192);
        alice.relays(own, 192);
        assertEquals(4, bob.said.size());
        assertEquals(Rendezvous.RELAY, bob.said.get(1)[0]);
        var relayed = ByteBuffer.wrap(bob.said.get(1));
        assertEquals(5 + 192, relayed.remaining());
        int number = relayed.getInt(1);
        assertEquals(
                List.of(
                        new Message.Invited(number, alice.key),
                        new Message.Invited(number, alice.key)),
                bob.heard());
        bob.relays(number, 108);
        assertEquals(own, ByteBuffer.wrap(alice.said.getFirst()).getInt(1));
        alice.relays(own, 50);
        assertEquals(List.of(), bob.heard());
    }

    @Test
    void toOpenTwiceIsToOpenOnce() {
        bob.register();
        alice.register();
        int[] numbers = join(alice, bob);
        assertEquals(numbers[0], alice.open(bob.key).channel());
        assertEquals(numbers[1], bob.open(alice.key).channel(), "nor from the other side");
        assertEquals(1, board.switchboard.channels());
    }

    @Test
    void twoNodesThatOpenAtOnceHaveOneChannel() {
        bob.register();
        alice.register();
        int fromAlice = alice.open(bob.key).channel();
        int fromBob = bob.open(alice.key).channel();
        assertEquals(1, board.switchboard.channels());
        alice.relays(fromAlice, 10);
        assertEquals(fromBob, ByteBuffer.wrap(bob.said.getLast()).getInt(1));
        assertEquals(1, bob.said.size(), "it knows the channel already");
    }

    @Test
    void onlyRegisteredNodesAreJoined() {
        assertEquals(new Message.Opened(1, OpenCode.NOT_ALLOWED, 0), alice.open(bob.key));
        alice.register();
        assertEquals(new Message.Opened(1, OpenCode.NOT_REGISTERED, 0), alice.open(bob.key));
        assertEquals(OpenCode.NOT_REGISTERED, alice.open(alice.key).code(), "nor a node to itself");
    }

    @Test
    void aSilentNodeIsNotCalled() {
        bob.register();
        alice.register();
        bob.up = false;
        assertEquals(OpenCode.NOT_REGISTERED, alice.open(bob.key).code());
    }

    @Test
    void theNewestSessionOfAKeyIsCalledAndChannelsOfTheOlderStay() {
        alice.register();
        bob.register("bob");
        int[] numbers = join(alice, bob);
        Board.Caller restarted = board.guest(2);
        restarted.register("bob");
        bob.relays(numbers[1], 10);
        assertEquals(10, alice.relayed());
        int second = alice.open(bob.key).channel();
        assertNotEquals(numbers[0], second);
        alice.relays(second, 20);
        assertEquals(20, restarted.relayed());
        board.switchboard.leave(restarted.node, board.now);
        assertEquals(numbers[0], alice.open(bob.key).channel());
    }

    @Test
    void aSessionWithANameIsCalledRatherThanANewerOneWithout() {
        alice.register();
        bob.register("bob");
        Board.Caller other = board.guest(2);
        other.register();
        int own = alice.open(bob.key).channel();
        alice.relays(own, 10);
        assertEquals(10, bob.relayed());
        assertEquals(0, other.relayed());
    }

    @Test
    void sessionsOfAKeyLeaveInAnyOrder() {
        alice.register();
        bob.register();
        Board.Caller second = board.guest(2);
        second.register();
        Board.Caller third = board.guest(2);
        third.register();
        board.switchboard.leave(second.node, board.now);
        board.switchboard.leave(third.node, board.now);
        assertEquals(OpenCode.OK, alice.open(bob.key).code());
        board.switchboard.leave(bob.node, board.now);
        assertEquals(OpenCode.NOT_REGISTERED, alice.open(bob.key).code());
        assertEquals(1, board.switchboard.registeredKeys());
    }

    @Test
    void whoLeavesEndsItsChannels() {
        bob.register();
        alice.register();
        int[] numbers = join(alice, bob);
        board.switchboard.leave(bob.node, board.now);
        assertEquals(List.of(new Message.Closed(numbers[0], ClosedCode.PEER_GONE)), alice.heard());
        assertEquals(0, board.switchboard.channels());
    }

    @Test
    void whoClosesAChannelEndsItForBoth() {
        bob.register();
        alice.register();
        int[] numbers = join(alice, bob);
        bob.says(new Message.Closed(numbers[1], ClosedCode.UNSPECIFIED));
        assertEquals(List.of(new Message.Closed(numbers[0], ClosedCode.PEER_GONE)), alice.heard());
        assertEquals(List.of(), bob.heard());
    }

    @Test
    void whoSpeaksOfAChannelThatIsGoneLearnsSo() {
        alice.relays(4711, 10);
        alice.says(new Message.Grant(4712));
        assertEquals(
                List.of(
                        new Message.Closed(4711, ClosedCode.PEER_GONE),
                        new Message.Closed(4712, ClosedCode.PEER_GONE)),
                alice.heard());
    }

    @Test
    void anAddressIsToldToTheOtherEndWhenItsNodeHasGrantedThat() {
        bob.register();
        alice.register();
        int[] numbers = join(alice, bob);
        bob.says(new Message.Grant(numbers[1]));
        assertEquals(List.of(new Message.Granted(numbers[1], Optional.empty())), bob.heard());
        var seen = Optional.of(Board.address("203.0.113.2:40000"));
        assertEquals(List.of(new Message.Granted(numbers[0], seen)), alice.heard());
        alice.says(new Message.Grant(numbers[0]));
        assertEquals(List.of(new Message.Granted(numbers[0], seen)), alice.heard());
        assertEquals(
                List.of(
                        new Message.Granted(
                                numbers[1], Optional.of(Board.address("203.0.113.1:40000")))),
                bob.heard());
        bob.says(new Message.Grant(numbers[1]));
        assertEquals(List.of(), alice.heard(), "not again");
        assertEquals(1, bob.heard().size());
    }

    @Test
    void whoMovesIsTellingThoseWhomItHasAdmitted() {
        bob.register();
        alice.register();
        int[] numbers = join(alice, bob);
        bob.says(new Message.Grant(numbers[1]));
        alice.heard();
        bob.path = Board.address("198.51.100.7:5");
        board.switchboard.moved(bob.node, board.now);
        alice.path = Board.address("198.51.100.8:5");
        board.switchboard.moved(alice.node, board.now);
        assertEquals(
                List.of(new Message.Granted(numbers[0], Optional.of(bob.path))), alice.heard());
        bob.said.removeIf(each -> each[0] != 10);
        assertEquals(1, bob.said.size(), "its own answer only");
    }

    @Test
    void eightKibibytesAreCarriedForAnybody() {
        bob.register();
        eve.register();
        int own = eve.open(bob.key).channel();
        eve.relays(own, INTRODUCTION - 1000);
        eve.relays(own, 1000);
        assertEquals(INTRODUCTION, bob.relayed());
        eve.relays(own, 1);
        assertEquals(List.of(new Message.Closed(own, ClosedCode.QUOTA)), eve.heard());
        assertEquals(1, bob.heard().size());
    }

    @Test
    void moreIsCarriedWhenASideThatMayRelayHasGrantedIt() {
        bob.register();
        eve.register();
        int[] numbers = join(eve, bob);
        bob.says(new Message.Grant(numbers[1]));
        bob.heard();
        eve.relays(numbers[0], 100_000);
        assertEquals(100_000, bob.relayed());
        bob.relays(numbers[1], 100_000);
        assertEquals(100_000, eve.relayed());
        assertEquals(200_000, board.switchboard.quotas().of(bob.key, board.now).total());
    }

    @Test
    void aStrangersGrantDoesNotCarryMore() {
        Board.Caller mallory = board.stranger(4);
        mallory.register();
        eve.register();
        int[] numbers = joinAndGrant(eve, mallory);
        eve.relays(numbers[0], INTRODUCTION - 100);
        assertEquals(INTRODUCTION - 100, mallory.relayed());
        eve.relays(numbers[0], 1);
        assertEquals(0, mallory.relayed());
    }

    @Test
    void whoIsTakenOffTheListRelaysNoMore() {
        bob.register();
        eve.register();
        int[] numbers = join(eve, bob);
        bob.says(new Message.Grant(numbers[1]));
        eve.relays(numbers[0], 100_000);
        bob.heard();
        board.guests.remove(bob.key);
        eve.relays(numbers[0], 100_000);
        assertEquals(0, bob.relayed());
    }

    @Test
    void aChannelThatWasNotGrantedEndsAfterAMinute() {
        bob.register();
        alice.register();
        int[] numbers = join(alice, bob);
        alice.heard();
        board.run(59 * Board.SECOND);
        alice.relays(numbers[0], 10);
        bob.heard();
        board.run(60 * Board.SECOND - 1);
        assertEquals(List.of(), alice.heard());
        board.run(1);
        assertEquals(List.of(new Message.Closed(numbers[0], ClosedCode.IDLE)), alice.heard());
        assertEquals(List.of(new Message.Closed(numbers[1], ClosedCode.IDLE)), bob.heard());
    }

    @Test
    void aChannelThatWasGrantedEndsAfterFiveIdleMinutes() {
        bob.register();
        alice.register();
        int[] numbers = joinAndGrant(alice, bob);
        board.run(299 * Board.SECOND);
        bob.relays(numbers[1], 10);
        alice.heard();
        board.run(300 * Board.SECOND - 1);
        assertEquals(List.of(), alice.heard());
        board.run(1);
        assertEquals(List.of(new Message.Closed(numbers[0], ClosedCode.IDLE)), alice.heard());
        assertEquals(0, board.switchboard.channels());
    }

    @Test
    void aKeyThatIsHereKeepsItsNamesForLongerThan90Days() {
        bob.register("bob");
        board.run(91 * Board.DAY);
        assertEquals(List.of(NameCode.TAKEN), alice.register("bob"));
        board.switchboard.leave(bob.node, board.now);
        board.run(89 * Board.DAY);
        assertEquals(List.of(NameCode.TAKEN), alice.register("bob"));
        board.run(2 * Board.DAY);
        assertEquals(List.of(NameCode.OK), alice.register("bob"));
    }

    @Test
    void nodesThatHaveRegisteredAreKnownToBeWoken() {
        assertTrue(board.switchboard.sleepers().isEmpty());
        alice.register();
        bob.register();
        eve.open(alice.key);
        assertEquals(2, board.switchboard.sleepers().size());
        assertTrue(board.switchboard.takeChanged());
        assertTrue(!board.switchboard.takeChanged());
        board.switchboard.moved(alice.node, board.now);
        assertTrue(board.switchboard.takeChanged());
    }
}
