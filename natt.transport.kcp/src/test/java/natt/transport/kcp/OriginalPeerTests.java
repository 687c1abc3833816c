package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseReason;
import natt.core.spi.PlainTransport;
import natt.transport.kcp.proto.Segment;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Streams to a peer that knows nothing but KCP.
class OriginalPeerTests {
    private static final Optional<CloseReason> FINISHED = Optional.of(new CloseReason.Finished());

    private final SimNet net = new SimNet(6);
    private final SimNet.Node client = net.node(1, 40000, false);
    private final OriginalEndpoint original = new OriginalEndpoint(32);

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private String heard() {
        var into = ByteBuffer.allocate(65536);
        int n = original.conversation.read(into, net.now);
        return new String(into.array(), 0, Math.max(0, n), StandardCharsets.US_ASCII);
    }

    private PlainTransport.Stream dial() {
        return client.endpoint.dial(net.original(2, 30000, original).address, net.now);
    }

    @Test
    void greetingOpensASessionThere() {
        var stream = dial();
        net.run(Duration.ofMillis(100));
        assertEquals(Map.of(Segment.WINDOW_ASK, 1), original.commands);
        original.conversation.write(bytes("220 ready\r\n"));
        net.run(Duration.ofMillis(100));
        assertEquals("220 ready\r\n", SimNet.read(stream, net.now));
    }

    @Test
    void finishDeliversEverythingAndWaitsForAnswersForAWhile() {
        var stream = dial();
        SimNet.write(stream, "question", net.now);
        stream.finish(net.now);
        net.run(Duration.ofSeconds(4));
        assertEquals("question", heard());
        original.conversation.write(bytes("answer"));
        net.run(Duration.ofSeconds(4));
        assertEquals("answer", SimNet.read(stream, net.now));
        original.conversation.write(bytes(", late"));
        net.run(Duration.ofSeconds(1));
        assertEquals(", late", SimNet.read(stream, net.now));
        assertEquals(Optional.empty(), stream.closed());
        net.run(Duration.ofSeconds(5));
        assertEquals(FINISHED, stream.closed());
        assertEquals(null, SimNet.read(stream, net.now));
        assertEquals(
                Set.of(Segment.WINDOW_ASK, Segment.PUSH, Segment.ACK), original.commands.keySet());
    }

    @Test
    void finishDoesNotEndBeforeEverythingIsAcknowledged() {
        var stream = dial();
        net.run(Duration.ofSeconds(1));
        original.deaf = true;
        SimNet.write(stream, "question", net.now);
        stream.finish(net.now);
        net.run(Duration.ofSeconds(20));
        assertEquals(Optional.empty(), stream.closed());
        original.deaf = false;
        net.run(Duration.ofSeconds(11));
        assertEquals("question", heard());
        assertEquals(FINISHED, stream.closed());
    }

    @Test
    void windowOf32IsNeverExceeded() {
        var stream = dial();
        net.run(Duration.ofMillis(100));
        stream.write(ByteBuffer.allocate(1_000_000), net.now);
        net.run(Duration.ofSeconds(10));
        assertEquals(32, client.counter("segmentsSent"));
        int got = 0;
        var into = ByteBuffer.allocate(65536);
        for (int i = 0; i < 100; i++) {
            int n;
            while ((n = original.conversation.read(into.clear(), net.now)) > 0) {
                got += n;
            }
            net.run(Duration.ofMillis(100));
        }
        assertTrue(got > 64 * 1368, "it goes on");
    }

    @Test
    void silenceOfAnOriginalIsNoticedToo() {
        var stream = dial();
        net.run(Duration.ofSeconds(1));
        original.deaf = true;
        net.run(Duration.ofSeconds(45));
        assertEquals(
                Optional.of(new CloseReason.PeerSilent(Duration.ofSeconds(40))), stream.closed());
    }

    @Test
    void originalClientOpensAStreamByItsSshGreeting() {
        SimNet.Node server = net.node(3, 30000, true);
        SimNet.Node node = net.original(2, 41000, original);
        original.open(server.address, 77, net.now);
        original.conversation.write(bytes("SSH-2.0-client\r\n"));
        net.run(Duration.ofSeconds(1));
        var stream = server.onlyAccepted();
        assertEquals("SSH-2.0-client\r\n", SimNet.read(stream, net.now));
        SimNet.write(stream, "SSH-2.0-server\r\n", net.now);
        net.run(Duration.ofSeconds(1));
        assertTrue(stream.answered());
        assertEquals("SSH-2.0-server\r\n", heard());
        net.run(Duration.ofMinutes(30));
        assertEquals(Optional.empty(), stream.closed());
        assertTrue(!original.commands.containsKey(Segment.FIN));
        assertEquals(node.address, stream.peer());
    }

    @Test
    void firstAnswerLargerThanTheAllowanceOfAStrangerArrives() {
        SimNet.Node server = net.node(3, 30000, true);
        net.original(2, 41000, original);
        original.open(server.address, 77, net.now);
        original.conversation.write(bytes("SSH-2.0-c\n"));
        net.run(Duration.ofSeconds(1));
        var stream = server.onlyAccepted();
        var answer = ByteBuffer.wrap("x".repeat(5000).getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < 200; i++) {
            stream.write(answer, net.now);
            net.run(Duration.ofMillis(10));
        }
        assertEquals("x".repeat(5000), heard());
    }
}
