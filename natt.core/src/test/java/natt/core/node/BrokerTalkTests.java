package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.rendezvous.Message;
import natt.core.rendezvous.Message.ClosedCode;
import natt.core.rendezvous.Message.NameCode;
import natt.core.rendezvous.Message.OpenCode;
import natt.core.spi.Engine;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

class BrokerTalkTests {
    private static final long MILLI = 1_000_000;
    private static final byte[] TOKEN = new byte[Message.TOKEN_LENGTH];
    private static final NodeKey BOB = key(1);
    private static final NodeKey CAROL = key(2);
    private static final InetSocketAddress ADDRESS = new InetSocketAddress("203.0.113.7", 4711);

    private final List<String> heard = new ArrayList<>();
    private final BrokerTalk talk =
            new BrokerTalk(
                    List.of("alice"),
                    new BrokerTalk.Listener() {
                        @Override
                        public void registered(Message.Registered answer) {
                            heard.add("registered " + answer.names());
                        }

                        @Override
                        public void resolved(String name, Optional<NodeKey> key) {
                            heard.add("resolved " + name + " " + key.map(BrokerTalkTests::name));
                        }

                        @Override
                        public void opened(NodeKey peer, int channel) {
                            heard.add("opened " + name(peer) + " " + channel);
                        }

                        @Override
                        public void refused(NodeKey peer, OpenCode why) {
                            heard.add("refused " + name(peer) + " " + why);
                        }

                        @Override
                        public void granted(NodeKey peer, InetSocketAddress address) {
                            heard.add("granted " + name(peer) + " " + HostAndPort.format(address));
                        }

                        @Override
                        public void closed(NodeKey peer, ClosedCode why) {
                            heard.add("closed " + name(peer) + " " + why);
                        }
                    });

    /// Begins shortly before nanosecond times wrap.
    private long now = Long.MAX_VALUE - 100 * MILLI;

    private static NodeKey key(int number) {
        var bytes = new byte[NodeKey.LENGTH];
        bytes[0] = (byte) number;
        bytes[1] = (byte) (number >> 8);
        return NodeKey.of(bytes);
    }

    private static String name(NodeKey key) {
        return key.equals(BOB) ? "bob" : key.equals(CAROL) ? "carol" : "somebody";
    }

    /// What the node says now.
    private List<Message> said() {
        var said = new ArrayList<Message>();
        for (Message each; (each = talk.poll(now)) != null; ) {
            said.add(each);
        }
        return said;
    }

    /// When the node speaks during some time in which nobody answers, in milliseconds from now.
    private List<Long> times(long millis) {
        long start = now;
        var times = new ArrayList<Long>();
        while (talk.nanosUntilTimeout(now) <= start + millis * MILLI - now) {
            now += talk.nanosUntilTimeout(now);
            said().forEach(_ -> times.add((now - start) / MILLI));
        }
        now = start + millis * MILLI;
        return times;
    }

    private void hear(Message message) {
        talk.handle(message.encode(), now);
    }

    private void register() {
        talk.begin(TOKEN, now);
        int id = ((Message.Register) said().getFirst()).id();
        hear(registered(id, NameCode.OK));
        heard.clear();
    }

    private static Message.Registered registered(int id, NameCode... names) {
        return new Message.Registered(
                id, true, true, List.of(names), Optional.of(ADDRESS), 0, Optional.empty());
    }

    private int askedFor(NodeKey peer) {
        Message.Open open = (Message.Open) said().getFirst();
        assertEquals(peer, open.peer());
        return open.id();
    }

    private void open(NodeKey peer, int channel) {
        talk.want(peer, now);
        hear(new Message.Opened(askedFor(peer), OpenCode.OK, channel));
        heard.clear();
    }

    @Test
    void nothingIsSaidWithoutASession() {
        talk.want(BOB, now);
        talk.resolve("bob", now);
        assertEquals(List.of(), said());
        assertEquals(Engine.NEVER, talk.nanosUntilTimeout(now));
    }

    @Test
    void registeringIsRepeatedUntilItIsAnswered() {
        talk.begin(TOKEN, now);
        assertEquals(List.of(0L, 250L, 750L, 1750L, 3750L, 5750L), times(6000));
        talk.begin(TOKEN, now);
        Message.Register said = (Message.Register) said().getFirst();
        assertEquals(List.of("alice"), said.names());
        hear(registered(said.id(), NameCode.OK));
        assertTrue(talk.isRegistered());
        assertEquals(List.of("registered [OK]"), heard);
        assertEquals(List.of(), times(60_000));
    }

    @Test
    void aNameThatIsTakenIsToldAndTheNodeIsRegisteredAllTheSame() {
        talk.begin(TOKEN, now);
        int id = ((Message.Register) said().getFirst()).id();
        hear(registered(id, NameCode.TAKEN));
        assertEquals(List.of("registered [TAKEN]"), heard);
        assertTrue(talk.isRegistered());
    }

    @Test
    void anAnswerToAnEarlierRegistrationIsNoAnswer() {
        talk.begin(TOKEN, now);
        int id = ((Message.Register) said().getFirst()).id();
        talk.begin(TOKEN, now);
        hear(registered(id, NameCode.OK));
        assertFalse(talk.isRegistered());
        assertEquals(1, talk.malformed());
    }

    @Test
    void channelsAreAskedForOnceTheNodeIsRegistered() {
        talk.want(BOB, now);
        talk.begin(TOKEN, now);
        Message.Register said = (Message.Register) said().getFirst();
        assertEquals(List.of(), said());
        hear(registered(said.id(), NameCode.OK));
        int id = askedFor(BOB);
        assertEquals(List.of(250L, 750L), times(1000));
        hear(new Message.Opened(id, OpenCode.OK, 7));
        assertEquals(List.of("registered [OK]", "opened bob 7"), heard);
        assertEquals(List.of(), times(60_000));
    }

    @Test
    void aPeerThatIsNotRegisteredIsAskedForAgainLessAndLessOften() {
        register();
        talk.want(BOB, now);
        var pauses = new ArrayList<Long>();
        for (int i = 0; i < 7; i++) {
            hear(new Message.Opened(askedFor(BOB), OpenCode.NOT_REGISTERED, 0));
            pauses.add(talk.nanosUntilTimeout(now) / MILLI);
            now += talk.nanosUntilTimeout(now);
        }
        assertEquals(List.of(500L, 1000L, 2000L, 4000L, 8000L, 10_000L, 10_000L), pauses);
        assertEquals("refused bob NOT_REGISTERED", heard.getFirst());
        assertEquals(7, heard.size());
    }

    @Test
    void whatIsWantedNoLongerIsNotAskedFor() {
        register();
        talk.want(BOB, now);
        talk.release(BOB);
        assertEquals(List.of(), times(60_000));
        assertEquals(0, talk.channelCount());
    }

    @Test
    void afterARestartOfTheBrokerTheChannelIsAnotherForTheSamePeer() {
        register();
        open(BOB, 7);
        talk.end();
        assertEquals(List.of("closed bob UNSPECIFIED"), heard);
        register();
        hear(new Message.Opened(askedFor(BOB), OpenCode.OK, 3));
        assertEquals(List.of("opened bob 3"), heard);
    }

    @Test
    void aPeerThatComesBackFirstInvitesAndIsNotAskedFor() {
        register();
        open(BOB, 7);
        talk.end();
        register();
        hear(new Message.Opened(askedFor(BOB), OpenCode.NOT_REGISTERED, 0));
        hear(new Message.Invited(4, BOB));
        assertEquals(List.of("refused bob NOT_REGISTERED", "opened bob 4"), heard);
        assertEquals(List.of(), times(60_000));
    }

    @Test
    void aChannelThatIsLostIsAskedForAgainUnlessItWasIdle() {
        register();
        open(BOB, 7);
        hear(new Message.Closed(7, ClosedCode.PEER_GONE));
        assertEquals(List.of("closed bob PEER_GONE"), heard);
        now += 500 * MILLI;
        hear(new Message.Opened(askedFor(BOB), OpenCode.OK, 8));
        hear(new Message.Closed(8, ClosedCode.IDLE));
        assertEquals(List.of(), times(60_000));
        talk.want(BOB, now);
        askedFor(BOB);
    }

    @Test
    void grantingIsRepeatedUntilTheBrokerHasHeard() {
        register();
        open(BOB, 7);
        talk.grant(BOB, now);
        assertEquals(List.of(0L, 250L, 750L), times(1000));
        hear(new Message.Granted(7, Optional.empty()));
        hear(new Message.Granted(7, Optional.of(ADDRESS)));
        assertEquals(List.of(), times(60_000));
        assertEquals(List.of("granted bob 203.0.113.7:4711"), heard);
    }

    @Test
    void whereThePeerIsIsAskedForAgainWhenTheNewsOfItIsLost() {
        register();
        open(BOB, 7);
        talk.grant(BOB, now);
        var pauses = new ArrayList<Long>();
        for (int i = 0; i < 5; i++) {
            assertEquals(List.of(new Message.Grant(7)), said());
            hear(new Message.Granted(7, Optional.empty()));
            hear(new Message.Granted(7, Optional.empty()));
            if (i < 4) {
                pauses.add(talk.nanosUntilTimeout(now) / MILLI);
                now += talk.nanosUntilTimeout(now);
            }
        }
        assertEquals(List.of(2000L, 2000L, 2000L, 2000L), pauses);
        assertEquals(List.of(), times(60_000));
    }

    @Test
    void whatThePeerGrantsMeanwhileIsNoAnswerToALostGrant() {
        register();
        open(BOB, 7);
        talk.grant(BOB, now);
        said();
        hear(new Message.Granted(7, Optional.of(ADDRESS)));
        assertEquals(List.of(250L), times(250));
        hear(new Message.Granted(7, Optional.of(ADDRESS)));
        assertEquals(List.of(), times(60_000));
    }

    @Test
    void aQuotaThatIsUsedUpIsNotTriedTwiceASecond() {
        register();
        open(BOB, 7);
        var pauses = new ArrayList<Long>();
        for (int i = 0; i < 5; i++) {
            talk.grant(BOB, now);
            said();
            hear(new Message.Granted(7, Optional.empty()));
            hear(new Message.Granted(7, Optional.of(ADDRESS)));
            hear(new Message.Closed(7, ClosedCode.QUOTA));
            talk.want(BOB, now);
            pauses.add(talk.nanosUntilTimeout(now) / MILLI);
            now += talk.nanosUntilTimeout(now);
            hear(new Message.Opened(askedFor(BOB), OpenCode.OK, 7));
        }
        assertEquals(List.of(10_000L, 20_000L, 40_000L, 60_000L, 60_000L), pauses);
        now += 60_000 * MILLI;
        hear(new Message.Closed(7, ClosedCode.QUOTA));
        assertEquals(10_000 * MILLI, talk.nanosUntilTimeout(now));
    }

    @Test
    void aNameIsAskedForUntilItIsAnswered() {
        register();
        talk.resolve("bob", now);
        Message.Resolve said = (Message.Resolve) said().getFirst();
        assertEquals("bob", said.name());
        assertEquals(List.of(250L, 750L), times(1000));
        hear(new Message.Resolved(said.id(), Optional.of(BOB)));
        hear(new Message.Resolved(said.id(), Optional.of(CAROL)));
        assertEquals(List.of("resolved bob Optional[bob]"), heard);
    }

    @Test
    void aNumberThatTheBrokerGivesToAnotherPeerIsNoLongerTheFirstOnes() {
        register();
        open(BOB, 7);
        hear(new Message.Invited(7, CAROL));
        assertEquals(List.of("closed bob UNSPECIFIED", "opened carol 7"), heard);
    }

    @Test
    void invitationsBeyondTheMostReplaceTheOldestThatNobodyHereWants() {
        register();
        open(BOB, 1_000_000);
        for (int i = 0; i < 2 * BrokerTalk.MOST_CHANNELS; i++) {
            hear(new Message.Invited(i, key(100 + i)));
            assertTrue(talk.channelCount() <= BrokerTalk.MOST_CHANNELS);
        }
        assertTrue(talk.has(BOB));
        assertTrue(talk.has(key(100 + 2 * BrokerTalk.MOST_CHANNELS - 1)));
        assertFalse(talk.has(key(100)));
    }

    @Test
    void noMoreChannelsAreWantedThanThereMayBe() {
        register();
        for (int i = 0; i < BrokerTalk.MOST_CHANNELS; i++) {
            assertTrue(talk.want(key(100 + i), now));
        }
        assertFalse(talk.want(BOB, now));
        hear(new Message.Invited(9, BOB));
        assertEquals(List.of(), heard);
    }

    @Test
    void whatMakesNoSenseIsCountedAndNothingElse() {
        register();
        open(BOB, 7);
        var random = new Random(3);
        for (int i = 0; i < 20_000; i++) {
            var bytes = new byte[random.nextInt(80)];
            random.nextBytes(bytes);
            if (bytes.length > 0) {
                bytes[0] = (byte) random.nextInt(14);
            }
            talk.handle(ByteBuffer.wrap(bytes), now);
            now += random.nextInt(50) * MILLI;
            said();
            assertTrue(talk.channelCount() <= BrokerTalk.MOST_CHANNELS);
        }
        assertTrue(talk.malformed() > 10_000);
        assertTrue(talk.isRegistered());
    }

    @Test
    void afterTheEndNothingIsSaidOrTaken() {
        register();
        open(BOB, 7);
        talk.end();
        heard.clear();
        hear(new Message.Invited(4, CAROL));
        assertEquals(List.of(), heard);
        assertNull(talk.poll(now));
    }
}
