package natt.rendezvous.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.rendezvous.Message;
import natt.core.rendezvous.Message.ClosedCode;
import natt.core.rendezvous.Message.NameCode;
import natt.core.rendezvous.Message.OpenCode;
import natt.core.session.Rendezvous;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/// What a hostile node cannot do to a broker and to the others.
class HostileNodeTests {
    private static final int INTRODUCTION = 8192;
    private static final int DATAGRAM = 1024;

    private final Board board = new Board();
    private final Board.Caller alice = board.guest(1);
    private final Board.Caller bob = board.guest(2);
    private final Board.Caller eve = board.guest(3);

    private static int invitedTo(Board.Caller node) {
        return node.heard().stream()
                .filter(Message.Invited.class::isInstance)
                .mapToInt(each -> ((Message.Invited) each).channel())
                .findFirst()
                .orElseThrow();
    }

    // ---- names

    @Test
    void aNameOfAnotherKeyIsNotToBeHad() {
        bob.register("bob");
        for (String spelling : List.of("bob", "BOB", "Bob")) {
            assertEquals(List.of(NameCode.TAKEN), eve.register(spelling));
        }
        eve.says(new Message.Withdraw(1));
        board.switchboard.leave(bob.node, board.now);
        assertEquals(List.of(NameCode.TAKEN), eve.register("bob"), "nor while its owner is away");
        alice.says(new Message.Resolve(1, "bob"));
        assertEquals(List.of(new Message.Resolved(1, Optional.of(bob.key))), alice.heard());
    }

    @Test
    void aFloodOfRegistrationsTakesFourNamesAndIsAnsweredFiveTimesASecond() {
        int answers = 0;
        for (int i = 0; i < 10_000; i++) {
            answers += eve.register("n" + i).size();
            board.now += Board.SECOND / 1000;
        }
        assertEquals(5 + 5 * 10 - 1, answers);
        assertEquals(4, board.switchboard.directory().size());
        assertEquals(4, board.journal.size());
        assertEquals(1, board.switchboard.registeredKeys());
    }

    @Test
    void manyKeysTakeNoMoreNamesThanThereAre() {
        var small = new Board(new Limits(20, 1000, 1000), List.of());
        for (int i = 0; i < 100; i++) {
            small.guest(i).register("a" + i, "b" + i, "c" + i, "d" + i);
        }
        assertEquals(20, small.switchboard.directory().size());
        assertEquals(20, small.journal.size());
    }

    // ---- addresses

    @Test
    void nothingThatANodeSaysMakesAnotherWhichHasNotGrantedItKnown() {
        bob.register("bob");
        eve.register("eve");
        int own = eve.open(bob.key).channel();
        eve.says(new Message.Grant(own));
        eve.says(new Message.Resolve(1, "bob"));
        eve.relays(own, 100);
        int bobs = invitedTo(bob);
        bob.relays(bobs, 100);
        eve.says(new Message.Grant(own));
        eve.says(new Message.Grant(bobs));
        eve.says(new Message.Granted(own, Optional.of(eve.path)));
        for (byte[] each : eve.said) {
            assertTrue(!contains(each, bob.path.getAddress().getAddress()), Arrays.toString(each));
        }
        assertTrue(eve.said.size() > 4);
    }

    private static boolean contains(byte[] whole, byte[] part) {
        for (int at = 0; at + part.length <= whole.length; at++) {
            if (Arrays.equals(whole, at, at + part.length, part, 0, part.length)) {
                return true;
            }
        }
        return false;
    }

    @Test
    void aChannelOfOthersCannotBeUsed() {
        alice.register();
        bob.register();
        eve.register();
        int own = alice.open(bob.key).channel();
        alice.relays(own, 100);
        int bobs = invitedTo(bob);
        for (int number : new int[] {own, bobs, 0, -1, Integer.MIN_VALUE, 1 << 6, 63}) {
            eve.says(new Message.Grant(number));
            eve.relays(number, 100);
            eve.says(new Message.Closed(number, ClosedCode.UNSPECIFIED));
        }
        assertEquals(List.of(), alice.heard());
        assertEquals(List.of(), bob.heard());
        assertEquals(1, board.switchboard.channels());
    }

    // ---- the relay

    @Test
    void nothingIsCarriedToAKeyThatIsNotRegistered() {
        alice.register();
        assertEquals(OpenCode.NOT_REGISTERED, alice.open(bob.key).code());
        bob.says(new Message.Resolve(1, "x"));
        assertEquals(OpenCode.NOT_REGISTERED, alice.open(bob.key).code());
    }

    @Test
    void onlyDatagramsOfSessionsAreCarried() {
        alice.register();
        bob.register();
        int own = alice.open(bob.key).channel();
        for (int type = 0; type < 256; type++) {
            var message = ByteBuffer.allocate(100).put((byte) Rendezvous.RELAY).putInt(own);
            alice.says(message.put((byte) type).array());
        }
        List<Byte> carried =
                bob.said.stream()
                        .filter(each -> each[0] == Rendezvous.RELAY)
                        .map(each -> each[Rendezvous.RELAY_HEADER])
                        .toList();
        assertEquals(List.of((byte) 0x90, (byte) 0x91, (byte) 0x92, (byte) 0x93), carried);
    }

    @Test
    void whatIsCarriedForAKeyKeepsToItsRate() {
        var slow = new Board(new Limits(10, 100_000, 10_000_000_000L), List.of());
        Board.Caller first = slow.guest(1);
        Board.Caller second = slow.stranger(2);
        first.register();
        second.register();
        int own = first.open(second.key).channel();
        first.says(new Message.Grant(own));
        second.said.clear();
        int carried = 0;
        for (int i = 0; i < 10_000; i++) {
            first.relays(own, DATAGRAM);
            carried += second.relayed();
            slow.now += Board.SECOND / 1000;
        }
        assertEquals((2 + 10) * 100_000, carried, 2 * DATAGRAM);
    }

    @Test
    void whatIsCarriedForAKeyInADayIsLimitedToo() {
        var small = new Board(new Limits(10, 1_000_000, 50_000), List.of());
        Board.Caller first = small.guest(1);
        Board.Caller second = small.stranger(2);
        first.register();
        second.register();
        int own = first.open(second.key).channel();
        first.says(new Message.Grant(own));
        second.said.clear();
        first.heard();
        for (int i = 0; i < 60; i++) {
            first.relays(own, 1000);
        }
        assertEquals(50_000, second.relayed());
        assertEquals(new Message.Closed(own, ClosedCode.QUOTA), first.heard().getFirst());
        small.now += Board.DAY;
        own = first.open(second.key).channel();
        first.says(new Message.Grant(own));
        second.said.clear();
        first.relays(own, 1000);
        assertEquals(1000, second.relayed());
    }

    @Test
    void bothSidesThatGrantBringTheirOwnQuota() {
        var small = new Board(new Limits(10, 1_000_000, 50_000), List.of());
        Board.Caller first = small.guest(1);
        Board.Caller second = small.guest(2);
        first.register();
        second.register();
        int own = first.open(second.key).channel();
        first.says(new Message.Grant(own));
        first.relays(own, 1000);
        second.says(new Message.Grant(invitedTo(second)));
        second.said.clear();
        for (int i = 0; i < 200; i++) {
            first.relays(own, 1000);
        }
        assertEquals(99_000, second.relayed());
    }

    @Test
    void toOpenAgainAndAgainIsNoWayToBeCarried() {
        Board.Caller mallory = board.stranger(8);
        Board.Caller trudy = board.stranger(9);
        mallory.register();
        trudy.register();
        long carried = 0;
        for (int i = 0; i < 60_000; i++) {
            Message.Opened opened = openedBy(mallory, trudy);
            if (opened != null && opened.code() == OpenCode.OK) {
                int own = opened.channel();
                for (int sent = 0; sent < INTRODUCTION; sent += DATAGRAM) {
                    mallory.relays(own, DATAGRAM);
                }
                mallory.says(new Message.Closed(own, ClosedCode.UNSPECIFIED));
            }
            carried += trudy.relayed();
            board.now += Board.SECOND / 1000;
        }
        assertTrue(carried <= (512 << 10) + 60 * (16 << 10), carried + " bytes in a minute");
    }

    /// The answer, or null if there is none.
    private static Message.Opened openedBy(Board.Caller from, Board.Caller to) {
        from.says(new Message.Open(1, to.key));
        List<Message> heard = from.heard();
        return !heard.isEmpty() && heard.getLast() instanceof Message.Opened opened ? opened : null;
    }

    // ---- floods

    @Test
    void aFloodOfOpensIsAnsweredTwentyTimesASecondAndMakes64Channels() {
        eve.register();
        for (int i = 100; i < 400; i++) {
            board.stranger(i).register();
        }
        int answered = 0;
        for (int i = 0; i < 30_000; i++) {
            eve.says(new Message.Open(1, Board.key(100 + answered % 300)));
            answered += eve.heard().size();
            board.now += Board.SECOND / 1000;
        }
        assertEquals(50 + 20 * 30 - 1, answered);
        assertEquals(64, board.switchboard.channels());
    }

    @Test
    void aFloodOfQuestionsIsAnsweredTwentyTimesASecond() {
        int answered = 0;
        for (int i = 0; i < 10_000; i++) {
            eve.says(new Message.Resolve(1, "x"));
            answered += eve.heard().size();
            board.now += Board.SECOND / 1000;
        }
        assertEquals(20 + 20 * 10 - 1, answered);
    }

    @Test
    void manyStrangersDoNotKeepAnybodyFromCallingANode() {
        bob.register();
        for (int i = 100; i < 300; i++) {
            Board.Caller stranger = board.stranger(i);
            stranger.register();
            stranger.relays(stranger.open(bob.key).channel(), 10);
            board.now++;
        }
        assertEquals(64, board.switchboard.channels());
        bob.said.clear();
        alice.register();
        alice.relays(alice.open(bob.key).channel(), 10);
        assertEquals(10, bob.relayed());
    }

    @Test
    void manyStrangersDoNotEndWhatANodeHasAdmitted() {
        bob.register();
        alice.register();
        int own = alice.open(bob.key).channel();
        alice.relays(own, 10);
        bob.says(new Message.Grant(invitedTo(bob)));
        for (int i = 100; i < 300; i++) {
            Board.Caller stranger = board.stranger(i);
            stranger.register();
            stranger.relays(stranger.open(bob.key).channel(), 10);
        }
        bob.said.clear();
        alice.relays(own, 10);
        assertEquals(10, bob.relayed());
    }

    @Test
    void anOpenThatIsNotUsedTellsNobodyAnything() {
        bob.register();
        eve.register();
        eve.open(bob.key);
        eve.says(new Message.Closed(eve.open(bob.key).channel(), ClosedCode.UNSPECIFIED));
        eve.says(new Message.Grant(eve.open(bob.key).channel()));
        assertEquals(List.of(), bob.heard());
    }

    // ---- what is no message

    @Test
    void malformedMessagesOfEveryLengthChangeNothingButACounter() {
        bob.register("bob");
        eve.register("eve");
        int own = eve.open(bob.key).channel();
        Map<String, Long> before = board.switchboard.counters().byName();
        var random = new Random(11);
        long malformed = 0;
        for (int length = 1; length <= 1400; length++) {
            for (int type = 0; type < 16; type++) {
                var message = new byte[length];
                random.nextBytes(message);
                message[0] = (byte) type;
                boolean relay = type == Rendezvous.RELAY && length > Rendezvous.RELAY_HEADER;
                if (relay) {
                    message[Rendezvous.RELAY_HEADER] = 1;
                } else if (Message.read(ByteBuffer.wrap(message)) != null) {
                    continue;
                }
                eve.says(message);
                malformed++;
            }
        }
        assertTrue(malformed > 16 * 1300, malformed + " messages");
        var expected = new TreeMap<>(before);
        expected.merge("malformed", malformed, Long::sum);
        assertEquals(expected, board.switchboard.counters().byName());
        assertEquals(List.of(), eve.heard());
        assertEquals(List.of(), bob.heard());
        assertEquals(1, board.switchboard.channels());
        assertEquals(OpenCode.OK, eve.open(bob.key).code());
        assertEquals(own, eve.open(bob.key).channel());
    }

    @Test
    void whatBrokersSayIsNotTakenFromANode() {
        bob.register("bob");
        eve.register("eve");
        var said = new ArrayList<Message>();
        said.add(
                new Message.Registered(
                        1, true, true, List.of(), Optional.of(eve.path), 1, Optional.empty()));
        said.add(new Message.Resolved(1, Optional.of(eve.key)));
        said.add(new Message.Opened(1, OpenCode.OK, 1));
        said.add(new Message.Invited(1, eve.key));
        said.add(new Message.Granted(1, Optional.of(eve.path)));
        said.forEach(eve::says);
        assertEquals((long) said.size(), board.switchboard.counters().byName().get("malformed"));
        assertEquals(List.of(), eve.heard());
        assertEquals(List.of(), bob.heard());
    }

    @Test
    void randomMessagesOfManyNodesLeaveTheBrokerInOrder() {
        var random = new Random(5);
        var callers = new ArrayList<Board.Caller>();
        for (int i = 10; i < 30; i++) {
            callers.add(i % 2 == 0 ? board.guest(i) : board.stranger(i));
        }
        for (int i = 0; i < 200_000; i++) {
            int which = random.nextInt(callers.size());
            Board.Caller from = callers.get(which);
            switch (random.nextInt(12)) {
                case 0, 1 ->
                        from.says(new Message.Register(1, new byte[16], List.of("n" + i % 40)));
                case 2, 3 -> from.says(new Message.Open(1, Board.key(10 + random.nextInt(22))));
                case 4 -> from.says(new Message.Grant(number(from, random)));
                case 5 ->
                        from.says(new Message.Closed(number(from, random), ClosedCode.UNSPECIFIED));
                case 6 -> {
                    board.switchboard.leave(from.node, board.now);
                    callers.set(which, board.new Caller(from.key, "203.0.113.9:1"));
                }
                case 7 -> board.run(random.nextLong(20 * Board.SECOND));
                case 8 -> from.up = random.nextBoolean();
                default -> from.relays(number(from, random), random.nextInt(1, 1400));
            }
        }
        callers.forEach(each -> each.up = true);
        callers.forEach(each -> board.switchboard.leave(each.node, board.now));
        assertEquals(0, board.switchboard.channels());
        assertEquals(0, board.switchboard.registeredKeys());
        board.run(400 * Board.SECOND);
        assertTrue(board.switchboard.counters().relayedBytes() > 0);
    }

    /// A number that the node has lately heard of, or any.
    private static int number(Board.Caller node, Random random) {
        for (int i = node.said.size() - 1; i >= 0; i--) {
            byte[] said = node.said.get(i);
            if (said.length == 7 && said[0] == 6) {
                return ByteBuffer.wrap(said).getInt(3);
            }
            if (said[0] == 7 || said[0] == 8) {
                return ByteBuffer.wrap(said).getInt(1);
            }
        }
        return random.nextInt(200);
    }
}
