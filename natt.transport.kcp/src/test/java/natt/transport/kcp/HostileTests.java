package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.spi.PlainTransport;
import natt.transport.kcp.proto.Segment;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/// What strangers can do to an accepting port, and to streams that live on it.
class HostileTests {
    private final SimNet net = new SimNet(2);
    private final SimNet.Node client = net.node(1, 40000, false);
    private final SimNet.Node server = net.node(2, 30000, true);

    private static final String BANNER = "SSH-2.0-OpenSSH_9.2\r\n";

    private PlainTransport.Stream connect() {
        var dialed = client.endpoint.dial(server.address, net.now);
        net.runUntil(() -> !server.accepted.isEmpty(), Duration.ofSeconds(9));
        net.run(Duration.ofSeconds(1));
        return dialed;
    }

    private static byte[] push(int conv, int sn, String data) {
        return Datagrams.plain(conv, Segment.PUSH, 0, 1, sn, 0, data);
    }

    @Test // F1: kcp-go closes the session at this address and opens another.
    void foreignConversationAtTheAddressOfALivePeerTouchesNothing() {
        net.recording = true;
        PlainTransport.Stream dialed = connect();
        int conv = Datagrams.conv(net.wire.get(0));
        byte[] f1 = push(conv + 1, 0, "");
        assertEquals(24, f1.length);
        int sent = server.sent;
        assertTrue(net.inject(server, client.address, f1));
        assertTrue(net.inject(server, client.address, Datagrams.data(0, f1)));
        assertEquals(sent, server.sent);
        assertEquals(1, server.counter("streams"));
        SimNet.write(dialed, "still here", net.now);
        net.run(Duration.ofSeconds(1));
        assertEquals("still here", SimNet.read(server.onlyAccepted(), net.now));
    }

    @Test
    void sshGreetingInAnotherConversationLeavesTheLiveOneAlone() {
        net.recording = true;
        PlainTransport.Stream dialed = connect();
        int conv = Datagrams.conv(net.wire.get(0));
        assertTrue(net.inject(server, client.address, push(conv + 1, 0, BANNER)));
        assertEquals(2, server.counter("streams"));
        SimNet.write(dialed, "still here", net.now);
        net.run(Duration.ofSeconds(1));
        assertEquals("still here", SimNet.read(server.accepted.get(0), net.now));
    }

    @Test // F2 and F3: each makes kcp-go open a session and dial the target.
    void datagramsOf24BytesFromAnywhereOpenNothing() {
        for (int i = 0; i < 20_000; i++) {
            var from = SimNet.address(i % 250, 1024 + i);
            assertTrue(net.inject(server, from, push(i, 0, "")));
        }
        assertEquals(0, server.sent);
        assertEquals(0, server.counter("streams"));
        assertEquals(20_000, server.counter("ignored"));
        assertEquals(List.of(), server.accepted);
        assertEquals(Long.MAX_VALUE, server.endpoint.nanosUntilTimeout(net.now));
    }

    @Test // F12: kcp-go sends 43 datagrams of 3098 bytes for this one, within 110 s.
    void silentAddressGetsAtMostThreeTimesWhatItSent() {
        byte[] f12 = push(99, 0, BANNER);
        assertEquals(45, f12.length);
        net.inject(server, SimNet.address(77, 7777), f12);
        var stream = server.onlyAccepted();
        keepWriting(stream, BANNER.repeat(50));
        assertFalse(stream.answered());
        net.run(Duration.ofSeconds(110));
        assertTrue(server.bytesSent <= 3 * f12.length, () -> "sent " + server.bytesSent);
        assertEquals(
                Optional.of(new CloseReason.NoAnswer(Duration.ofSeconds(10))), stream.closed());
        assertEquals(0, server.counter("streams"));
    }

    /// Writes as a service would: whatever is taken, as soon as it is.
    private void keepWriting(PlainTransport.Stream stream, String text) {
        var data = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < 100; i++) {
            stream.write(data, net.now);
            net.run(Duration.ofMillis(50));
        }
    }

    @Test
    void segmentsBehindAResetAreNotKept() {
        net.recording = true;
        connect();
        int conv = Datagrams.conv(net.wire.get(0));
        byte[] reset = Datagrams.plain(conv, Segment.RESET, 0, 0, 1, 0, "");
        byte[] late = push(conv, 5, "x");
        var both = ByteBuffer.allocate(reset.length + late.length).put(reset).put(late).array();
        net.inject(server, client.address, both);
        assertTrue(server.onlyAccepted().closed().isPresent());
        assertNull(SimNet.read(server.onlyAccepted(), net.now));
        assertEquals(0, server.counter("bytesHeld"));
    }

    @Test
    void blindAcknowledgementProvesNothing() {
        byte[] greeting = push(99, 0, BANNER);
        var from = SimNet.address(77, 7777);
        net.inject(server, from, greeting);
        var stream = server.onlyAccepted();
        SimNet.write(stream, BANNER, net.now);
        net.run(Duration.ofMillis(1));
        net.inject(server, from, Datagrams.plain(99, Segment.ACK, 0, 1, 0, 1, ""));
        assertFalse(stream.answered());
        keepWriting(stream, BANNER.repeat(500));
        net.run(Duration.ofSeconds(20));
        assertTrue(server.bytesSent <= 3 * (45 + 24), () -> "sent " + server.bytesSent);
    }

    @Test
    void greetingIsAnsweredWithoutStateAndWithoutMoreBytes() {
        byte[] ask = Datagrams.plain(5, Segment.WINDOW_ASK, 0x4e, 0, 0, 0, "");
        for (int i = 0; i < 1000; i++) {
            net.inject(server, SimNet.address(i % 250, 1024 + i), ask);
        }
        assertEquals(1000, server.sent);
        assertEquals(24_000, server.bytesSent);
        assertEquals(0, server.counter("streams"));
    }

    @Test
    void cookieOfAnotherAddressOpensNothing() {
        var cookies = new ArrayList<byte[]>();
        net.path.dropped = cookies::add;
        byte[] ask = Datagrams.plain(5, Segment.WINDOW_ASK, 0x4e, 0, 0, 0, "");
        net.inject(server, SimNet.address(9, 9), ask);
        byte[] tell = cookies.get(0);
        tell[4] = (byte) Segment.WINDOW_ASK;
        net.inject(server, SimNet.address(9, 10), tell);
        assertEquals(0, server.counter("streams"));
        net.inject(server, SimNet.address(9, 9), tell);
        assertEquals(1, server.counter("streams"));
    }

    @Test
    void cookieGrowsOldAfterTwoChangesOfTheSecret() {
        var cookies = new ArrayList<byte[]>();
        net.path.dropped = cookies::add;
        byte[] ask = Datagrams.plain(5, Segment.WINDOW_ASK, 0x4e, 0, 0, 0, "");
        net.inject(server, SimNet.address(9, 9), ask);
        byte[] tell = cookies.get(0);
        tell[4] = (byte) Segment.WINDOW_ASK;
        net.run(Duration.ofSeconds(241));
        net.inject(server, SimNet.address(9, 9), tell);
        assertEquals(0, server.counter("streams"));
    }

    @Test
    void onlyFourUnprovenStreamsAtATime() {
        for (int i = 0; i < 10; i++) {
            net.inject(server, SimNet.address(10 + i, 1), push(i, 0, BANNER));
        }
        assertEquals(4, server.counter("streams"));
        assertEquals(6, server.counter("refused"));
        assertEquals(5, dialFrom(3, 1));
    }

    /// Opens streams from one host and returns how many streams the server has then.
    private long dialFrom(int host, int count) {
        var node = net.node(host, 41000, false);
        for (int i = 0; i < count; i++) {
            node.endpoint.dial(server.address, net.now);
        }
        net.run(Duration.ofSeconds(1));
        return server.counter("streams");
    }

    @Test
    void fullTableRefusesTheNewcomerAndTellsIt() {
        assertEquals(32, dialFrom(11, 33));
        assertEquals(1, server.counter("refused"));
        assertEquals(64, dialFrom(12, 32));
        var late = client.endpoint.dial(server.address, net.now);
        net.run(Duration.ofSeconds(1));
        assertEquals(Optional.of(new CloseReason.Remote(ResetCode.BUSY)), late.closed());
        assertEquals(64, server.counter("streams"));
    }

    @Test
    void originalPeersShareSixteenStreamsAndOneHostHasEight() {
        assertEquals(8, dialOriginals(11, 9));
        assertEquals(16, dialOriginals(12, 9));
        assertEquals(16, dialOriginals(13, 1));
        assertEquals(17, dialFrom(14, 1));
    }

    /// Opens streams from original peers on one host, each proving its address by acknowledging
    /// an answer, and returns how many streams the server has then.
    private long dialOriginals(int host, int count) {
        for (int i = 0; i < count; i++) {
            var original = new OriginalEndpoint(32);
            net.original(host, 42_000 + i, original);
            original.open(server.address, 100 * host + i, net.now);
            original.conversation.write(
                    ByteBuffer.wrap(BANNER.getBytes(StandardCharsets.US_ASCII)));
            net.run(Duration.ofMillis(500));
            for (PlainTransport.Stream stream : server.accepted) {
                if (stream.closed().isEmpty() && !stream.answered()) {
                    SimNet.write(stream, "x", net.now);
                }
            }
            net.run(Duration.ofMillis(500));
        }
        return server.counter("streams");
    }

    @Test
    void provenStreamTakesThePlaceOfAnUnprovenOne() {
        dialFrom(11, 32);
        dialFrom(12, 28);
        for (int i = 0; i < 4; i++) {
            net.inject(server, SimNet.address(20 + i, 1), push(i, 0, BANNER));
        }
        assertEquals(64, server.counter("streams"));
        PlainTransport.Stream dialed = client.endpoint.dial(server.address, net.now);
        net.run(Duration.ofSeconds(1));
        assertTrue(dialed.answered());
        assertEquals(64, server.counter("streams"));
    }

    @Test
    void shapesThatKcpDoesNotHaveChangeNothing() {
        net.recording = true;
        connect();
        int conv = Datagrams.conv(net.wire.get(0));
        int sent = server.sent;
        byte[] good = Datagrams.data(3, push(conv, 0, "x"));
        byte[] unknownCommand = good.clone();
        unknownCommand[12] = 87;
        byte[] negativeLength = good.clone();
        negativeLength[31] = (byte) 0x80;
        byte[] tooLong = good.clone();
        tooLong[28] = 2;
        byte[] twoConversations =
                Datagrams.data(3, concat(push(conv, 0, "x"), push(conv + 1, 0, "y")));
        byte[] wrongSize = good.clone();
        wrongSize[6]++;
        for (byte[] bad :
                List.of(unknownCommand, negativeLength, tooLong, twoConversations, wrongSize)) {
            assertTrue(net.inject(server, client.address, bad));
        }
        assertEquals(5, server.counter("malformed"));
        assertFalse(net.inject(server, client.address, new byte[23]));
        assertFalse(net.inject(server, client.address, new byte[0]));
        assertFalse(net.inject(server, client.address, new byte[1600]));
        assertEquals(sent, server.sent);
        assertEquals("", SimNet.read(server.onlyAccepted(), net.now));
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] both = java.util.Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    @Test // kcp-go has panicked on some of these.
    void acknowledgementsOfWhatWasNeverSentChangeNothing() {
        net.recording = true;
        PlainTransport.Stream dialed = connect();
        int conv = Datagrams.conv(net.wire.get(0));
        var stream = server.onlyAccepted();
        for (int sn : new int[] {0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            net.inject(server, client.address, Datagrams.plain(conv, Segment.ACK, 0, 0, sn, 0, ""));
        }
        assertEquals(0, server.counter("ignored"));
        for (int una : new int[] {1, 2, Integer.MAX_VALUE}) {
            net.inject(
                    server, client.address, Datagrams.plain(conv, Segment.ACK, 0, 0, 0, una, ""));
            net.inject(
                    server, client.address, Datagrams.plain(conv, Segment.PUSH, 0, 0, 0, una, "!"));
        }
        assertEquals(6, server.counter("ignored"));
        SimNet.write(stream, "down", net.now);
        SimNet.write(dialed, "up", net.now);
        net.run(Duration.ofSeconds(1));
        assertEquals("down", SimNet.read(dialed, net.now));
        assertEquals("up", SimNet.read(stream, net.now));
    }

    @Test
    void emptyPushIsNoData() {
        net.recording = true;
        connect();
        int conv = Datagrams.conv(net.wire.get(0));
        net.inject(server, client.address, push(conv, 0, ""));
        net.inject(server, client.address, push(conv, 1, "after"));
        assertEquals("after", SimNet.read(server.onlyAccepted(), net.now));
    }

    @Test
    void randomBytesChangeNothingAndThrowNothing() {
        connect();
        Map<String, Long> before = server.endpoint.counters();
        int sent = server.sent;
        var random = new SplittableRandom(3);
        for (int i = 0; i < 200_000; i++) {
            byte[] bytes = new byte[random.nextInt(120)];
            random.nextBytes(bytes);
            if (bytes.length > 8 && i % 2 == 0) {
                bytes[4] = (byte) (0xf1 + random.nextInt(2));
                bytes[5] = 0;
                bytes[6] = (byte) (bytes.length - 6);
                bytes[7] = 0;
            }
            var from = i % 3 == 0 ? client.address : SimNet.address(99, i % 60_000 + 1);
            net.inject(server, from, bytes);
        }
        assertEquals(sent, server.sent);
        assertEquals(before.get("streams"), server.endpoint.counters().get("streams"));
        assertEquals("", SimNet.read(server.onlyAccepted(), net.now));
    }

    @Test
    void mutatedDatagramsThrowNothingAndBreakNoOtherStream() {
        net.recording = true;
        PlainTransport.Stream victim = connect();
        SimNet.write(victim, BANNER, net.now);
        net.run(Duration.ofSeconds(1));
        List<byte[]> seen = List.copyOf(net.wire);
        net.recording = false;
        var other = net.node(4, 44444, false);
        PlainTransport.Stream dialed = other.endpoint.dial(server.address, net.now);
        net.run(Duration.ofSeconds(1));
        var random = new SplittableRandom(4);
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = seen.get(random.nextInt(seen.size())).clone();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
            var from = i % 2 == 0 ? client.address : SimNet.address(99, i % 60_000 + 1);
            net.inject(server, from, bytes);
            if (i % 1000 == 0) {
                net.run(Duration.ofMillis(100));
            }
        }
        SimNet.write(dialed, "still here", net.now);
        net.run(Duration.ofSeconds(2));
        assertEquals("still here", SimNet.read(server.accepted.get(1), net.now));
        assertTrue(server.counter("streams") <= 16);
    }
}
