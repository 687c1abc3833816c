package natt.discovery.stun.proto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Route;
import natt.core.spi.AddressDiscovery.LocalSocket;
import natt.core.spi.AddressDiscovery.ResponderContext;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

class BindingResponderTests {
    private static final int CHANGE_REQUEST = 0x0003;
    private static final int PADDING = 0x0026;
    private static final int RESPONSE_PORT = 0x0027;
    private static final int RESPONSE_ORIGIN = 0x802B;
    private static final int OTHER_ADDRESS = 0x802C;

    private static final byte CHANGE_PORT = 2;
    private static final byte CHANGE_ADDRESS = 4;

    private static final InetSocketAddress A1 = new InetSocketAddress("192.0.2.1", 3478);
    private static final InetSocketAddress A2 = new InetSocketAddress("192.0.2.1", 3479);
    private static final InetSocketAddress B1 = new InetSocketAddress("192.0.2.2", 3478);
    private static final InetSocketAddress B2 = new InetSocketAddress("192.0.2.2", 3479);

    private static final InetSocketAddress CLIENT = new InetSocketAddress("203.0.113.7", 41233);
    private static final InetSocketAddress SIX = new InetSocketAddress("2001:db8::7", 41233);

    private final byte[] cookieAndId = HexFormat.of().parseHex("2112a442000102030405060708090a0b");
    private final BindingResponder one = responder(A1);
    private final BindingResponder two = responder(A1, A2);
    private final BindingResponder four = responder(A1, A2, B1, B2);
    private long now = Long.MAX_VALUE - 1_000_000_000L;

    /// Of sockets 0, 1...
    private static BindingResponder responder(InetSocketAddress... locals) {
        var sockets = new LocalSocket[locals.length];
        Arrays.setAll(sockets, i -> new LocalSocket(i, locals[i]));
        return new BindingResponder(new ResponderContext(List.of(sockets), new Random(1)));
    }

    private record Sent(InetSocketAddress to, byte[] message) {}

    private MessageBuilder request() {
        return new MessageBuilder(MessageBuilder.REQUEST, cookieAndId);
    }

    private byte[] changing(int flags) {
        return request()
                .attribute(CHANGE_REQUEST, (byte) 0, (byte) 0, (byte) 0, (byte) flags)
                .bytes();
    }

    private MessageBuilder success() {
        return new MessageBuilder(MessageBuilder.SUCCESS, cookieAndId);
    }

    private MessageBuilder mapped() {
        return success().xored(MessageBuilder.XOR_MAPPED_ADDRESS, CLIENT);
    }

    private @Nullable Sent ask(BindingResponder responder, InetSocketAddress from, byte[] request) {
        // Between other bytes, as in a driver's buffer.
        var in = ByteBuffer.allocate(request.length + 14).position(7).put(request);
        responder.handleDatagram(from, in.limit(in.position()).position(7), now);
        var out = ByteBuffer.allocate(1500).position(3);
        InetSocketAddress to = responder.pollTransmit(out, now);
        assertEquals(Engine.NEVER, responder.nanosUntilTimeout(now));
        if (to == null) {
            return null;
        }
        assertNull(responder.pollTransmit(ByteBuffer.allocate(1500), now), "one answer only");
        return new Sent(to, Arrays.copyOfRange(out.array(), 3, out.position()));
    }

    private void assertAnswer(
            InetSocketAddress to, MessageBuilder answer, @Nullable Sent actual, int length) {
        if (actual == null) {
            throw new AssertionError("silence");
        }
        assertEquals(to, actual.to);
        assertArrayEquals(answer.bytes(), actual.message);
        assertEquals(length, actual.message.length);
    }

    @Test
    void plainRequestIsAnsweredWith32BytesByEveryResponder() {
        for (BindingResponder each : List.of(responder(), one, two, four)) {
            byte[] request = request().bytes();
            assertEquals(20, request.length);
            assertAnswer(CLIENT, mapped(), ask(each, CLIENT, request), 32);
        }
    }

    @Test
    void theAnswerLeavesFromTheSocketOfTheRequest() {
        var through = Route.through(3, CLIENT);
        assertAnswer(through, mapped(), ask(four, through, request().bytes()), 32);
        assertAnswer(through, mapped(), ask(one, through, request().bytes()), 32);
    }

    @Test
    void ipv6IsAnsweredPlainly() {
        var answer = success().xored(MessageBuilder.XOR_MAPPED_ADDRESS, SIX);
        assertAnswer(SIX, answer, ask(four, SIX, request().bytes()), 44);
        assertAnswer(SIX, answer, ask(four, SIX, changing(0)), 44);
        assertNull(ask(four, SIX, changing(CHANGE_PORT)));
    }

    @Test
    void fingerprintComesBackOnlyIfAskedWith() {
        byte[] request = request().fingerprint().bytes();
        assertAnswer(CLIENT, mapped().fingerprint(), ask(four, CLIENT, request), 40);
    }

    @Test
    void changeRequestWithoutFlagsTellsTheOtherAddress() {
        var answer = mapped().plain(RESPONSE_ORIGIN, A1).plain(OTHER_ADDRESS, B2);
        assertAnswer(CLIENT, answer, ask(four, CLIENT, changing(0)), 56);
        var atB1 = mapped().plain(RESPONSE_ORIGIN, B1).plain(OTHER_ADDRESS, A2);
        var through = Route.through(2, CLIENT);
        assertAnswer(through, atB1, ask(four, through, changing(0)), 56);
    }

    @Test
    void paddingOfTheLengthOfChangeRequestTellsItToo() {
        byte[] request = request().attribute(PADDING, new byte[4]).bytes();
        var answer = mapped().plain(RESPONSE_ORIGIN, A1).plain(OTHER_ADDRESS, B2);
        assertAnswer(CLIENT, answer, ask(four, CLIENT, request), 56);
        byte[] shorter = request().attribute(PADDING).bytes();
        assertAnswer(CLIENT, mapped(), ask(four, CLIENT, shorter), 32);
    }

    @Test
    void changeRequestIsAnsweredFromTheOtherAddressOrPortToTheSourceOfTheRequest() {
        InetSocketAddress[] from = {A1, A2, B1, B2};
        int[] flags = {0, CHANGE_PORT, CHANGE_ADDRESS, CHANGE_PORT | CHANGE_ADDRESS};
        for (int asked = 0; asked < 4; asked++) {
            for (int change = 0; change < 4; change++) {
                var source = asked == 0 ? CLIENT : Route.through(asked, CLIENT);
                int by = asked ^ change;
                var to = by == 0 ? CLIENT : Route.through(by, CLIENT);
                var answer =
                        mapped().plain(RESPONSE_ORIGIN, from[by])
                                .plain(OTHER_ADDRESS, from[asked ^ 3]);
                assertAnswer(to, answer, ask(four, source, changing(flags[change])), 56);
            }
        }
    }

    @Test
    void oneAddressWithTwoPortsChangesThePortAndClaimsNoOtherAddress() {
        var same = mapped().plain(RESPONSE_ORIGIN, A1);
        assertAnswer(CLIENT, same, ask(two, CLIENT, changing(0)), 44);
        var other = mapped().plain(RESPONSE_ORIGIN, A2);
        var through = Route.through(1, CLIENT);
        assertAnswer(through, other, ask(two, CLIENT, changing(CHANGE_PORT)), 44);
        assertNull(ask(two, CLIENT, changing(CHANGE_ADDRESS)));
        assertNull(ask(two, CLIENT, changing(CHANGE_ADDRESS | CHANGE_PORT)));
        assertEquals(2, two.counters().get("noOther"));
    }

    @Test
    void oneSocketAnswersPlainly() {
        assertAnswer(CLIENT, mapped(), ask(one, CLIENT, changing(0)), 32);
        assertNull(ask(one, CLIENT, changing(CHANGE_PORT)));
    }

    @Test
    void noAnswerIsLongerThanTwiceTheRequestAndNoPlainOneReachesThat() {
        for (BindingResponder each : List.of(one, two, four)) {
            for (int flags = -1; flags < 8; flags++) {
                for (boolean fingerprint : new boolean[] {false, true}) {
                    MessageBuilder builder = request();
                    if (flags >= 0) {
                        builder.attribute(CHANGE_REQUEST, new byte[] {0, 0, 0, (byte) flags});
                    }
                    byte[] request = (fingerprint ? builder.fingerprint() : builder).bytes();
                    now += 1_000_000_000L;
                    Sent sent = ask(each, CLIENT, request);
                    int length = sent == null ? 0 : sent.message.length;
                    assertTrue(length <= 2 * request.length);
                    assertTrue(flags >= 0 || length < 2 * request.length);
                }
            }
        }
    }

    @Test
    void everyTruncationMeetsSilence() {
        byte[] request =
                request()
                        .attribute(CHANGE_REQUEST, new byte[4])
                        .attribute(PADDING, new byte[5])
                        .fingerprint()
                        .bytes();
        for (int length = 0; length < request.length; length++) {
            assertNull(ask(four, CLIENT, Arrays.copyOf(request, length)), "cut to " + length);
        }
        for (int more = 1; more < 9; more++) {
            assertNull(ask(four, CLIENT, Arrays.copyOf(request, request.length + more)));
        }
        assertTrue(ask(four, CLIENT, request) != null);
    }

    @Test
    void everyFlippedBitBelowAFingerprintMeetsSilence() {
        byte[] request = request().attribute(CHANGE_REQUEST, new byte[4]).fingerprint().bytes();
        int fingerprintType = request.length - 8;
        for (int bit = 0; bit < request.length * 8; bit++) {
            byte[] flipped = request.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            int type = ByteBuffer.wrap(flipped).getShort(fingerprintType);
            now += 1_000_000_000L;
            // Another optional attribute in place of the fingerprint is in order.
            boolean answered = type < 0 && type != (short) MessageBuilder.FINGERPRINT;
            assertEquals(answered, ask(four, CLIENT, flipped) != null, "bit " + bit);
        }
    }

    @Test
    void flippedHeaderOfAPlainRequestMeetsSilence() {
        for (int bit = 0; bit < 8 * 8; bit++) {
            byte[] flipped = request().bytes();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertNull(ask(four, CLIENT, flipped), "bit " + bit);
        }
    }

    @Test
    void randomBytesAfterAHeaderThrowNothingAndAreAnsweredToTheirSourceOnly() {
        var random = new Random(7);
        for (int i = 0; i < 100_000; i++) {
            byte[] attributes = new byte[4 * random.nextInt(20)];
            random.nextBytes(attributes);
            byte[] request = Arrays.copyOf(request().bytes(), 20 + attributes.length);
            System.arraycopy(attributes, 0, request, 20, attributes.length);
            request[3] = (byte) attributes.length;
            now += 1_000_000_000L;
            Sent sent = ask(four, CLIENT, request);
            if (sent != null) {
                assertEquals(CLIENT, Route.remote(sent.to));
                assertTrue(sent.message.length <= 2 * request.length);
            }
        }
    }

    @Test
    void whatIsNotUnderstoodIsNotAnswered() {
        for (int type : new int[] {RESPONSE_PORT, 0x0006, 0x0008, 0x0020, 0x0024, 0x7fff}) {
            assertNull(ask(four, CLIENT, request().attribute(type, new byte[4]).bytes()));
        }
        assertEquals(6, four.counters().get("notUnderstood"));
        byte[] optional = request().attribute(MessageBuilder.SOFTWARE, new byte[9]).bytes();
        assertAnswer(CLIENT, mapped(), ask(four, CLIENT, optional), 32);
    }

    @Test
    void changeRequestOfAnotherLengthIsMalformed() {
        assertNull(ask(four, CLIENT, request().attribute(CHANGE_REQUEST, new byte[8]).bytes()));
        assertNull(ask(four, CLIENT, request().attribute(CHANGE_REQUEST).bytes()));
        assertEquals(2, four.counters().get("malformed"));
    }

    @Test
    void ofTwoChangeRequestsTheFirstCounts() {
        byte[] request =
                request()
                        .attribute(CHANGE_REQUEST, new byte[4])
                        .attribute(CHANGE_REQUEST, new byte[] {0, 0, 0, CHANGE_PORT})
                        .bytes();
        var answer = mapped().plain(RESPONSE_ORIGIN, A1).plain(OTHER_ADDRESS, B2);
        assertAnswer(CLIENT, answer, ask(four, CLIENT, request), 56);
    }

    @Test
    void whatIsNoRequestIsLeftToOtherEngines() {
        for (int type : new int[] {0x0101, 0x0111, 0x0011, 0x0003}) {
            var in = ByteBuffer.wrap(new MessageBuilder(type, cookieAndId).bytes());
            assertFalse(four.handleDatagram(CLIENT, in, now));
        }
        byte[] old = request().bytes();
        old[4] = 0;
        assertFalse(four.handleDatagram(CLIENT, ByteBuffer.wrap(old), now), "RFC 3489");
        var in = ByteBuffer.wrap(request().bytes());
        assertFalse(four.handleDatagram(Route.relayed(1), in, now));
        assertFalse(four.handleDatagram(Route.connected(1), in.rewind(), now));
        assertNull(four.pollTransmit(ByteBuffer.allocate(100), now));
    }

    @Test
    void oneSourceHas20AnswersAtOnceAnd20ASecond() {
        for (int i = 0; i < 20; i++) {
            var port = new InetSocketAddress(CLIENT.getAddress(), 1 + i);
            assertTrue(ask(four, port, request().bytes()) != null);
        }
        assertNull(ask(four, CLIENT, request().bytes()));
        assertNull(ask(four, Route.through(1, CLIENT), changing(CHANGE_PORT)));
        assertTrue(ask(four, B1, request().bytes()) != null, "another source");
        now += 49_999_999;
        assertNull(ask(four, CLIENT, request().bytes()));
        now += 1;
        assertTrue(ask(four, CLIENT, request().bytes()) != null);
        assertNull(ask(four, CLIENT, request().bytes()));
        assertEquals(4, four.counters().get("limited"));
        assertEquals(22, four.counters().get("answered"));
    }

    @Test
    void anIpv6SourceIsItsNetworkOf64Bits() {
        for (int i = 0; i < 20; i++) {
            var host = new InetSocketAddress("2001:db8:0:1::" + (i + 1), 1000);
            assertTrue(ask(four, host, request().bytes()) != null);
        }
        var more = new InetSocketAddress("2001:db8:0:1:ffff::1", 1000);
        assertNull(ask(four, more, request().bytes()));
        var other = new InetSocketAddress("2001:db8:0:2::1", 1000);
        assertTrue(ask(four, other, request().bytes()) != null);
    }

    @Test
    void noAnswerGoesToPortZeroOrToManyHosts() {
        for (String host : List.of("255.255.255.255", "224.0.0.1", "0.0.0.0", "ff02::1")) {
            assertNull(ask(four, new InetSocketAddress(host, 5000), request().bytes()));
        }
        assertNull(ask(four, new InetSocketAddress("203.0.113.7", 0), request().bytes()));
    }

    @Test
    void whatComesFasterThanItCanBeSentIsDropped() {
        for (int i = 0; i < BindingResponder.MOST_WAITING + 10; i++) {
            var source = new InetSocketAddress("198.51.%d.%d".formatted(i / 200, i % 200), 99);
            assertTrue(four.handleDatagram(source, ByteBuffer.wrap(request().bytes()), now));
        }
        int sent = 0;
        for (var out = ByteBuffer.allocate(100);
                four.pollTransmit(out.clear(), now) != null;
                sent++) {
            assertEquals(32, out.position());
        }
        assertEquals(BindingResponder.MOST_WAITING, sent);
        assertEquals(10, four.counters().get("dropped"));
        assertAnswer(CLIENT, mapped(), ask(four, CLIENT, request().bytes()), 32);
    }

    @Test
    void whatWouldBeALieToTellIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> responder(SIX));
        var any = new InetSocketAddress("0.0.0.0", 3478);
        assertThrows(IllegalArgumentException.class, () -> responder(any));
        var sockets = List.of(new LocalSocket(0, A1), new LocalSocket(0, A2));
        var context = new ResponderContext(sockets, new Random(1));
        assertThrows(IllegalArgumentException.class, () -> new BindingResponder(context));
    }
}
