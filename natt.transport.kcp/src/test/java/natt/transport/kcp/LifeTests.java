package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.spi.PlainTransport;
import natt.transport.kcp.proto.Segment;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Optional;

/// How long streams between two natts live, and how they end.
class LifeTests {
    private static final Optional<CloseReason> FINISHED = Optional.of(new CloseReason.Finished());
    private static final Optional<CloseReason> SILENT =
            Optional.of(new CloseReason.PeerSilent(Duration.ofSeconds(40)));

    private final SimNet net = new SimNet(5);
    private final SimNet.Node client = net.node(1, 40000, false);
    private final SimNet.Node server = net.node(2, 30000, true);

    private PlainTransport.Stream dialed;
    private PlainTransport.Stream accepted;

    private void connect() {
        dialed = client.endpoint.dial(server.address, net.now);
        net.runUntil(() -> !server.accepted.isEmpty(), Duration.ofSeconds(9));
        accepted = server.onlyAccepted();
        net.run(Duration.ofMillis(500));
    }

    @Test
    void idleStreamLivesOnOneQuestionEvery15Seconds() {
        connect();
        int asked = client.sent;
        int answered = server.sent;
        net.run(Duration.ofMinutes(30));
        assertEquals(Optional.empty(), dialed.closed());
        assertEquals(Optional.empty(), accepted.closed());
        // The server heard the client last, so its question is always just too late.
        assertEquals(119, server.counter("keepalives") + client.counter("keepalives"));
        assertEquals(119, client.sent - asked);
        assertEquals(119, server.sent - answered);
    }

    @Test
    void busyStreamLivesWithoutQuestions() {
        connect();
        for (int i = 0; i < 1800; i++) {
            SimNet.write(dialed, "x", net.now);
            net.run(Duration.ofSeconds(1));
            assertEquals("x", SimNet.read(accepted, net.now));
        }
        assertEquals(0, server.counter("keepalives") + client.counter("keepalives"));
        assertEquals(0, client.counter("retransmitted"));
        assertEquals(Optional.empty(), dialed.closed());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void deadPeerIsNoticedWithin45Seconds(boolean outstanding) {
        connect();
        server.dead = true;
        if (outstanding) {
            SimNet.write(dialed, "hello?", net.now);
        }
        net.run(Duration.ofSeconds(41));
        assertEquals(SILENT, dialed.closed());
        assertEquals(0, client.counter("streams"));
    }

    @Test
    void serverNoticesADeadClientToo() {
        connect();
        client.dead = true;
        SimNet.write(accepted, "hello?", net.now);
        net.run(Duration.ofSeconds(41));
        assertEquals(SILENT, accepted.closed());
        assertEquals(-1, accepted.read(java.nio.ByteBuffer.allocate(1), net.now));
    }

    @Test
    void nobodyThereIsNoAnswerAfterTenSeconds() {
        server.dead = true;
        dialed = client.endpoint.dial(server.address, net.now);
        net.run(Duration.ofMillis(9_999));
        assertEquals(Optional.empty(), dialed.closed());
        // 0, 0.25, 0.75, 1.75, 2.75 ... 9.75 s
        assertEquals(12, client.sent);
        net.run(Duration.ofMillis(1));
        assertEquals(
                Optional.of(new CloseReason.NoAnswer(Duration.ofSeconds(10))), dialed.closed());
    }

    @Test
    void stalledReaderHoldsTheSenderBackAndLetsItGoOn() {
        connect();
        var bulk = new Bulk(dialed, accepted, 10_000_000, 1);
        for (int i = 0; i < 3000; i++) {
            bulk.write(net.now);
            net.run(Duration.ofMillis(10));
        }
        assertTrue(!bulk.written());
        long stalled = client.counter("segmentsSent");
        assertEquals(2048, stalled - client.counter("retransmitted"));
        net.runUntil(
                () -> {
                    bulk.pump(net.now);
                    return bulk.done();
                },
                Duration.ofSeconds(5));
    }

    @Test
    void lostNewsOfAnOpenWindowOnlyDelays() {
        connect();
        var bulk = new Bulk(dialed, accepted, 3_000_000, 1);
        for (int i = 0; i < 1000; i++) {
            bulk.write(net.now);
            net.run(Duration.ofMillis(10));
        }
        long[] tells = {0};
        net.path.dropped =
                bytes -> Datagrams.command(bytes) == Segment.WINDOW_TELL && tells[0]++ < 4;
        long millis =
                net.runUntil(
                        () -> {
                            bulk.pump(net.now);
                            return bulk.done();
                        },
                        Duration.ofSeconds(20));
        assertTrue(tells[0] >= 4, "four were lost");
        assertTrue(millis < 16_000, () -> millis + " ms");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.3})
    void bothEndsFinishInOrder(double loss) {
        net.path.loss = loss;
        dialed = client.endpoint.dial(server.address, net.now);
        var question = "question".repeat(1000);
        SimNet.write(dialed, question, net.now);
        dialed.finish(net.now);
        net.runUntil(() -> !server.accepted.isEmpty(), Duration.ofSeconds(9));
        accepted = server.onlyAccepted();
        var heard = new StringBuilder();
        net.runUntil(
                () -> {
                    String more = SimNet.read(accepted, net.now);
                    heard.append(more == null ? "" : more);
                    return more == null;
                },
                Duration.ofSeconds(30));
        assertEquals(question, heard.toString());
        SimNet.write(accepted, "answer", net.now);
        accepted.finish(net.now);
        net.runUntil(
                () -> dialed.closed().isPresent() && accepted.closed().isPresent(),
                Duration.ofSeconds(30));
        assertEquals("answer", SimNet.read(dialed, net.now));
        assertEquals(null, SimNet.read(dialed, net.now));
        assertEquals(FINISHED, dialed.closed());
        assertEquals(FINISHED, accepted.closed());
        net.run(Duration.ofSeconds(10));
        assertEquals(Long.MAX_VALUE, server.endpoint.nanosUntilTimeout(net.now));
    }

    @Test
    void lastFinThatIsNeverAcknowledgedIsGivenUp() {
        connect();
        dialed.finish(net.now);
        net.run(Duration.ofSeconds(1));
        client.dead = true;
        accepted.finish(net.now);
        net.run(Duration.ofMillis(5_100));
        assertEquals(FINISHED, accepted.closed());
    }

    @Test
    void lostAcknowledgementOfTheLastFinIsSaidAgain() {
        connect();
        accepted.finish(net.now);
        net.run(Duration.ofSeconds(1));
        // The server acknowledges the client's FIN in its last datagram; lose it.
        int[] lost = {0};
        net.path.dropped =
                bytes ->
                        (Datagrams.command(bytes) == Segment.ACK
                                        || Datagrams.command(bytes) == Segment.WINDOW_TELL)
                                && lost[0]++ < 2;
        dialed.finish(net.now);
        net.run(Duration.ofSeconds(2));
        assertTrue(lost[0] > 2);
        assertEquals(FINISHED, accepted.closed());
        assertEquals(FINISHED, dialed.closed());
        assertEquals(0, client.counter("timeouts") > 3 ? 1 : 0);
    }

    @Test
    void lastFinIsAcknowledgedWithoutBeingRepeated() {
        connect();
        accepted.finish(net.now);
        net.run(Duration.ofSeconds(1));
        dialed.finish(net.now);
        net.run(Duration.ofSeconds(1));
        assertEquals(FINISHED, dialed.closed());
        assertEquals(0, client.counter("retransmitted"));
    }

    @Test
    void stalledReadersTogetherHoldABoundedAmountAndLoseNothing() {
        net.path.delay = Duration.ofMillis(1);
        var senders = new ArrayList<PlainTransport.Stream>();
        for (int host = 50; host < 52; host++) {
            var node = net.node(host, 41_000, false);
            for (int i = 0; i < 20; i++) {
                senders.add(node.endpoint.dial(server.address, net.now));
            }
        }
        net.run(Duration.ofSeconds(1));
        var chunk = new byte[65_536];
        var written = new long[senders.size()];
        for (int round = 0; round < 100; round++) {
            for (int i = 0; i < senders.size(); i++) {
                written[i] += senders.get(i).write(ByteBuffer.wrap(chunk), net.now);
            }
            net.run(Duration.ofMillis(20));
            assertTrue(server.counter("bytesHeld") < 66L << 20);
        }
        assertTrue(server.counter("bytesHeld") > 60L << 20);
        long expected = Arrays.stream(written).sum();
        var into = ByteBuffer.allocate(65_536);
        long received = 0;
        for (int round = 0; round < 20_000 && received < expected; round++) {
            for (PlainTransport.Stream stream : server.accepted) {
                received += Math.max(0, stream.read(into.clear(), net.now));
            }
            net.run(Duration.ofMillis(5));
        }
        assertEquals(expected, received);
    }

    @Test
    void lostResetIsSentAgain() {
        connect();
        int[] lost = {0};
        net.path.dropped = bytes -> Datagrams.command(bytes) == Segment.RESET && lost[0]++ < 3;
        accepted.reset(ResetCode.TARGET_RESET, net.now);
        net.run(Duration.ofSeconds(2));
        assertEquals(Optional.of(new CloseReason.Remote(ResetCode.TARGET_RESET)), dialed.closed());
        assertEquals(1, client.counter("reset"));
    }

    @Test
    void segmentOfAResetConversationIsAnsweredByAReset() {
        connect();
        int[] lost = {0};
        net.path.dropped = bytes -> Datagrams.command(bytes) == Segment.RESET && lost[0]++ < 4;
        accepted.reset(ResetCode.SHUTTING_DOWN, net.now);
        net.run(Duration.ofSeconds(3));
        assertEquals(4, lost[0]);
        assertEquals(Optional.empty(), dialed.closed());
        SimNet.write(dialed, "anybody?", net.now);
        net.run(Duration.ofMillis(20));
        assertEquals(Optional.of(new CloseReason.Remote(ResetCode.SHUTTING_DOWN)), dialed.closed());
    }

    @Test
    void shutdownTellsEveryPeer() {
        connect();
        var second = client.endpoint.dial(server.address, net.now);
        net.run(Duration.ofSeconds(1));
        server.endpoint.shutdown(ResetCode.SHUTTING_DOWN, net.now);
        net.run(Duration.ofMillis(10));
        var reason = Optional.of(new CloseReason.Remote(ResetCode.SHUTTING_DOWN));
        assertEquals(reason, dialed.closed());
        assertEquals(reason, second.closed());
        assertEquals(Optional.of(new CloseReason.Local()), accepted.closed());
        assertEquals(0, server.counter("streams"));
    }

    @Test
    void bytesWrittenAfterThePeersEndSurviveAnOutage() {
        connect();
        dialed.finish(net.now);
        net.run(Duration.ofSeconds(1));
        net.path.dropped = _ -> true;
        SimNet.write(accepted, "x".repeat(5_000), net.now);
        accepted.finish(net.now);
        net.run(Duration.ofSeconds(12));
        assertEquals(Optional.empty(), accepted.closed());
        net.path.dropped = _ -> false;
        net.run(Duration.ofSeconds(6));
        assertEquals("x".repeat(5_000), SimNet.read(dialed, net.now));
        assertNull(SimNet.read(dialed, net.now));
        assertEquals(FINISHED, accepted.closed());
        assertEquals(FINISHED, dialed.closed());
    }

    @Test
    void bytesWrittenAfterThePeersEndWaitForItsReader() {
        connect();
        dialed.finish(net.now);
        net.run(Duration.ofSeconds(1));
        var data = ByteBuffer.allocate(4 << 20);
        for (int i = 0; i < 100; i++) {
            accepted.write(data, net.now);
            net.run(Duration.ofMillis(20));
        }
        accepted.finish(net.now);
        net.run(Duration.ofSeconds(30));
        var into = ByteBuffer.allocate(1 << 16);
        int read = 0;
        for (int n; (n = dialed.read(into.clear(), net.now)) >= 0; read += n) {
            net.run(Duration.ofMillis(10));
        }
        assertEquals(data.position(), read);
        assertEquals(FINISHED, accepted.closed());
    }

    @Test
    void streamThatIsResetUnreadHoldsNoMemory() {
        connect();
        SimNet.write(dialed, "x".repeat(5_000), net.now);
        net.run(Duration.ofSeconds(1));
        assertEquals(4 * 1476, server.counter("bytesHeld"));
        accepted.reset(ResetCode.TARGET_UNREACHABLE, net.now);
        assertEquals(0, server.counter("bytesHeld"));
        assertNull(SimNet.read(accepted, net.now));
    }

    @Test
    void streamThatEndedUnreadHoldsNoMemoryOnceItIsReset() {
        connect();
        SimNet.write(dialed, "x".repeat(5_000), net.now);
        net.run(Duration.ofSeconds(1));
        dialed.reset(ResetCode.TARGET_RESET, net.now);
        net.run(Duration.ofSeconds(1));
        var reason = new CloseReason.Remote(ResetCode.TARGET_RESET);
        assertEquals(Optional.of(reason), accepted.closed());
        assertEquals(4 * 1476, server.counter("bytesHeld"));
        accepted.reset(ResetCode.UNSPECIFIED, net.now);
        assertEquals(0, server.counter("bytesHeld"));
        assertEquals(Optional.of(reason), accepted.closed());
    }

    @Test
    void manySmallWritesShareSegments() {
        connect();
        long before = client.counter("segmentsSent");
        for (int i = 0; i < 10_000; i++) {
            SimNet.write(dialed, "x", net.now);
        }
        net.run(Duration.ofSeconds(1));
        assertEquals(8, client.counter("segmentsSent") - before);
        assertEquals("x".repeat(10_000), SimNet.read(accepted, net.now));
    }
}
