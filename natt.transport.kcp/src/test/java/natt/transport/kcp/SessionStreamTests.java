package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.spi.Engine;
import natt.core.spi.Transport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Streams of one session.
class SessionStreamTests {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final SessionNet net = new SessionNet(1);
    private Transport.Stream dialed;
    private Transport.Stream accepted;

    private void connect() {
        dialed = net.client.mux.dial("ssh", net.now);
        accepted = net.connect(net.client, dialed);
    }

    private void write(Transport.Stream stream, String text) {
        SimNet.write(stream, text, net.now);
    }

    private String read(Transport.Stream stream) {
        return SimNet.read(stream, net.now);
    }

    @Test
    void streamOpensByNameWithoutDataInHalfARoundTrip() {
        dialed = net.client.mux.dial("ssh", net.now);
        long millis = net.runUntil(() -> !net.server.accepted.isEmpty(), SECOND);
        assertEquals(10, millis);
        accepted = net.server.accepted.get(0);
        assertEquals("ssh", accepted.service());
        assertEquals("ssh", dialed.service());
        write(accepted, "SSH-2.0-x\r\n");
        net.run(Duration.ofMillis(10));
        assertEquals("SSH-2.0-x\r\n", read(dialed));
        assertTrue(dialed.answered());
        net.run(SECOND);
        assertEquals(Duration.ofMillis(20), accepted.roundTripTime());
        assertTrue(dialed.delivered());
        assertFalse(net.client.mux.hasOutstanding());
    }

    @Test
    void dataCanFollowTheNameInTheSameDatagram() {
        dialed = net.client.mux.dial("echo", net.now);
        write(dialed, "hello");
        net.recording = true;
        accepted = net.connect(net.client, dialed);
        assertEquals("hello", read(accepted));
        assertEquals(24 + 2 + 4 + 24 + 5, net.wire.get(0).length);
    }

    @Test
    void eachSideOpensStreamsOfItsOwn() {
        connect();
        Transport.Stream back = net.server.mux.dial("back", net.now);
        Transport.Stream atClient = net.connect(net.server, back);
        assertEquals("back", atClient.service());
        write(back, "b");
        write(accepted, "a");
        net.run(SECOND);
        assertEquals("b", read(atClient));
        assertEquals("a", read(dialed));
        assertEquals(2, net.client.mux.openStreams());
    }

    @Test
    void nameOf1024BytesIsCarriedAndALongerOneRefused() {
        for (String name : List.of("é".repeat(32), "é".repeat(32) + "x", "é".repeat(512))) {
            Transport.Stream stream = net.client.mux.dial(name, net.now);
            assertEquals(name, net.connect(net.client, stream).service());
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> net.client.mux.dial("é".repeat(512) + "x", net.now));
        assertThrows(IllegalArgumentException.class, () -> net.client.mux.dial("", net.now));
    }

    @Test
    void nameThatIsLongerThanAnyDatagramOfThePathIsCarriedInOneThatTheSessionSendsInParts() {
        net.client.limit = 400;
        net.client.mux.useDatagrams(400, net.now);
        Transport.Stream stream = net.client.mux.dial("x".repeat(1024), net.now);
        assertEquals("x".repeat(1024), net.connect(net.client, stream).service());
        assertEquals(1, net.client.longerThanLimit);
    }

    @Test
    void finishEndsOneDirectionAtATime() {
        connect();
        write(dialed, "question");
        dialed.finish(net.now);
        assertThrows(IllegalStateException.class, () -> write(dialed, "more"));
        net.run(SECOND);
        assertEquals("question", read(accepted));
        assertNull(read(accepted));
        assertEquals("", read(dialed));
        write(accepted, "answer");
        accepted.finish(net.now);
        net.run(SECOND);
        assertEquals("answer", read(dialed));
        assertNull(read(dialed));
        assertEquals(Optional.of(new CloseReason.Finished()), dialed.closed());
        assertEquals(Optional.of(new CloseReason.Finished()), accepted.closed());
        assertEquals(0, net.server.mux.openStreams());
        assertEquals(0, net.client.mux.openStreams());
        assertTrue(net.client.ready.contains(dialed));
    }

    @Test
    void answererMayFinishFirst() {
        connect();
        write(accepted, "bye");
        accepted.finish(net.now);
        net.run(SECOND);
        write(dialed, "late");
        dialed.finish(net.now);
        net.run(SECOND);
        assertEquals("bye", read(dialed));
        assertNull(read(dialed));
        assertEquals("late", read(accepted));
        assertNull(read(accepted));
        assertEquals(Optional.of(new CloseReason.Finished()), accepted.closed());
    }

    @Test
    void everyStreamFinishesThroughDeepLoss() {
        for (int seed = 0; seed < 200; seed++) {
            var world = new SessionNet(seed);
            world.path.loss = 0.4;
            var from = world.client.mux.dial("x", world.now);
            var to = world.connect(world.client, from);
            SimNet.write(from, "a", world.now);
            from.finish(world.now);
            SimNet.write(to, "b", world.now);
            to.finish(world.now);
            world.runUntil(
                    () -> from.closed().isPresent() && to.closed().isPresent(),
                    Duration.ofMinutes(1));
            assertEquals(Optional.of(new CloseReason.Finished()), from.closed());
            assertEquals(Optional.of(new CloseReason.Finished()), to.closed());
            assertEquals("b", SimNet.read(from, world.now));
            assertEquals("a", SimNet.read(to, world.now));
        }
    }

    @Test
    void resetTellsThePeerWhyAndLeavesWhatHasArrived() {
        connect();
        write(accepted, "last words");
        net.run(SECOND);
        accepted.reset(ResetCode.TARGET_RESET, net.now);
        assertEquals(Optional.of(new CloseReason.Local()), accepted.closed());
        net.run(Duration.ofMillis(10));
        assertEquals(Optional.of(new CloseReason.Remote(ResetCode.TARGET_RESET)), dialed.closed());
        assertEquals("last words", read(dialed));
        assertNull(read(dialed));
        assertEquals(0, net.client.counter("bytesHeld"));
    }

    @Test
    void dialerMayResetAsWell() {
        connect();
        dialed.reset(ResetCode.SHUTTING_DOWN, net.now);
        net.run(Duration.ofMillis(10));
        assertEquals(
                Optional.of(new CloseReason.Remote(ResetCode.SHUTTING_DOWN)), accepted.closed());
        int sent = net.client.sent;
        net.run(Duration.ofSeconds(20));
        assertEquals(sent, net.client.sent, "a reset that was answered is not repeated");
    }

    @Test
    void resetArrivesThroughDeepLoss() {
        for (int seed = 0; seed < 200; seed++) {
            var world = new SessionNet(seed);
            world.path.loss = 0.4;
            var from = world.client.mux.dial("x", world.now);
            var to = world.connect(world.client, from);
            to.reset(ResetCode.NOT_ALLOWED, world.now);
            world.runUntil(() -> from.closed().isPresent(), Duration.ofSeconds(30));
            assertEquals(Optional.of(new CloseReason.Remote(ResetCode.NOT_ALLOWED)), from.closed());
        }
    }

    @Test
    void streamBeyondTheLimitIsResetAsBusy() {
        for (int i = 0; i < 32; i++) {
            net.client.mux.dial("s" + i, net.now);
        }
        var own = net.client.mux.dial("one more", net.now);
        assertEquals(Optional.of(new CloseReason.Remote(ResetCode.BUSY)), own.closed());
        // The peer has not heard of them yet.
        var crossing = net.server.mux.dial("crossing", net.now);
        net.run(SECOND);
        assertEquals(Optional.of(new CloseReason.Remote(ResetCode.BUSY)), crossing.closed());
        // So the server had no room for one of the client's.
        assertEquals(31, net.client.mux.openStreams());
        assertEquals(31, net.server.mux.openStreams());
        assertEquals(1, net.server.counter("refused"));
    }

    @ParameterizedTest
    @CsvSource({"0, 10", "0.05, 15", "0.2, 30", "0.4, 60"})
    void everyByteArrivesWhateverIsLost(double loss, int seconds) {
        net.path.delay = Duration.ofMillis(25);
        net.path.rate = 12.5e6;
        connect();
        net.path.loss = loss;
        var up = new Bulk(dialed, accepted, 10_000_000, 7);
        net.runUntil(
                () -> {
                    up.pump(net.now);
                    return up.done();
                },
                Duration.ofSeconds(seconds));
        dialed.finish(net.now);
        net.runUntil(
                () -> {
                    up.read(net.now);
                    return up.ended;
                },
                Duration.ofSeconds(10));
        assertTrue(net.client.largest <= SessionNet.FIRST_DATAGRAM);
    }

    @Test
    void reorderingAndDuplicationCostLittle() {
        long clean = millisFor(0, 0, 0);
        long rough = millisFor(0.25, 0, 0.1);
        assertTrue(clean * 10 >= rough * 7, () -> clean + " ms clean, " + rough + " ms rough");
    }

    @Test // A quarter overtakes all that was sent in the last 25 ms, hundreds of datagrams.
    void datagramsThatOvertakeHundredsOfOthersDoNotStopTheRest() {
        long clean = millisFor(0, 0, 0);
        long rough = millisFor(0, 0.25, 0.1);
        assertTrue(clean * 10 >= rough * 4, () -> clean + " ms clean, " + rough + " ms rough");
    }

    private static long millisFor(double reorder, double early, double duplicate) {
        var world = new SessionNet(5);
        world.path.delay = Duration.ofMillis(25);
        world.path.rate = 12.5e6;
        var from = world.client.mux.dial("x", world.now);
        var to = world.connect(world.client, from);
        world.path.reorder = reorder;
        world.path.early = early;
        world.path.duplicate = duplicate;
        var bulk = new Bulk(from, to, 30_000_000, 3);
        return world.runUntil(
                () -> {
                    bulk.pump(world.now);
                    return bulk.done();
                },
                Duration.ofMinutes(1));
    }

    @Test
    void closeEndsEveryStreamWithItsReason() {
        connect();
        write(accepted, "read me");
        net.run(SECOND);
        var reason = new CloseReason.PeerSilent(Duration.ofSeconds(40));
        net.client.mux.close(reason, net.now);
        assertEquals(Optional.of(reason), dialed.closed());
        assertEquals("read me", read(dialed));
        assertNull(read(dialed));
        assertEquals(Engine.NEVER, net.client.mux.nanosUntilTimeout(net.now));
        assertEquals(Optional.of(reason), net.client.mux.dial("late", net.now).closed());
        net.run(SECOND);
        assertTrue(accepted.closed().isPresent());
    }

    @Test
    void quietStreamSendsNothing() {
        connect();
        write(dialed, "x");
        net.run(Duration.ofSeconds(10));
        assertEquals("x", read(accepted));
        int sent = net.client.sent + net.server.sent;
        net.run(Duration.ofHours(1));
        assertEquals(sent, net.client.sent + net.server.sent);
        assertEquals(Engine.NEVER, net.client.mux.nanosUntilTimeout(net.now));
        assertEquals(Optional.empty(), dialed.closed());
    }

    @Test
    void manyStreamsShareThePathFairly() {
        net.path.delay = Duration.ofMillis(10);
        net.path.rate = 12.5e6;
        List<Bulk> bulks = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            var from = net.client.mux.dial("s" + i, net.now);
            bulks.add(new Bulk(from, net.connect(net.client, from), Long.MAX_VALUE, i));
        }
        long limit = net.now + Duration.ofSeconds(10).toNanos();
        while (limit - net.now > 0) {
            bulks.forEach(bulk -> bulk.pump(net.now));
            net.step(limit);
        }
        long least = bulks.stream().mapToLong(bulk -> bulk.received).min().orElseThrow();
        long most = bulks.stream().mapToLong(bulk -> bulk.received).max().orElseThrow();
        long all = bulks.stream().mapToLong(bulk -> bulk.received).sum();
        assertTrue(least * 12 >= most * 10, () -> least + " to " + most);
        assertTrue(all * 8 / 10 > 80_000_000, () -> all + " bytes in 10 s");
    }

    @Test
    void keystrokeDoesNotWaitBehindBulk() {
        net.path.delay = Duration.ofMillis(10);
        net.path.rate = 12.5e6;
        connect();
        var bulk = new Bulk(dialed, accepted, Long.MAX_VALUE, 1);
        var typing = net.client.mux.dial("keys", net.now);
        var typed = net.connect(net.client, typing);
        run(bulk, Duration.ofSeconds(5));
        List<Long> times = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            write(typing, "k");
            times.add(
                    net.runUntil(
                            () -> {
                                bulk.pump(net.now);
                                return "k".equals(read(typed));
                            },
                            SECOND));
            run(bulk, Duration.ofMillis(37));
        }
        times.sort(null);
        assertTrue(times.get(50) <= 15, times::toString);
        assertTrue(times.get(99) <= 40, times::toString);
    }

    private void run(Bulk bulk, Duration time) {
        long limit = net.now + time.toNanos();
        while (limit - net.now > 0) {
            bulk.pump(net.now);
            net.step(limit);
        }
    }

    @Test
    void stalledReaderHoldsFourMegabytesAndNobodyElseUp() {
        net.path.delay = Duration.ofMillis(10);
        net.path.rate = 12.5e6;
        connect();
        var stalled = new Bulk(dialed, accepted, Long.MAX_VALUE, 1);
        var other = net.client.mux.dial("other", net.now);
        var bulk = new Bulk(other, net.connect(net.client, other), Long.MAX_VALUE, 2);
        run(stalled, Duration.ofSeconds(3));
        long limit = net.now + Duration.ofSeconds(10).toNanos();
        while (limit - net.now > 0) {
            stalled.write(net.now);
            bulk.pump(net.now);
            net.step(limit);
        }
        assertTrue(bulk.received * 8 / 10 > 80_000_000, () -> bulk.received + " bytes in 10 s");
        long held = net.server.counter("bytesHeld");
        assertTrue(held > 100_000 && held <= 4 << 20, () -> held + " bytes held");
        long before = stalled.received;
        run(stalled, Duration.ofSeconds(2));
        assertTrue(stalled.received > before + 5_000_000);
    }

    @Test
    void writerIsAskedForWhatFitsAndWaitsUntilThatIsMuch() {
        connect();
        int room = dialed.room();
        assertEquals(room, dialed.write(ByteBuffer.allocate(room), net.now));
        assertEquals(0, dialed.room());
        ByteBuffer more = ByteBuffer.allocate(1);
        assertEquals(0, dialed.write(more, net.now));
        net.runUntil(() -> dialed.write(more, net.now) == 1, SECOND);
        assertEquals(0, dialed.room());
        net.client.ready.clear();
        net.runUntil(() -> dialed.room() > 0, SECOND);
        assertTrue(net.client.ready.contains(dialed));
        assertTrue(dialed.room() >= 46 * (SessionNet.FIRST_DATAGRAM - 24));
    }

    @Test
    void closedStreamHoldsNoWriterUp() {
        connect();
        dialed.write(ByteBuffer.allocate(dialed.room()), net.now);
        net.client.mux.close(new CloseReason.Local(), net.now);
        assertTrue(dialed.room() > 0);
    }

    @Test
    void memoryGoesBackAtRest() {
        connect();
        var bulk = new Bulk(dialed, accepted, 5_000_000, 1);
        net.runUntil(
                () -> {
                    bulk.pump(net.now);
                    return bulk.done();
                },
                Duration.ofSeconds(20));
        net.run(Duration.ofSeconds(30));
        assertEquals(0, net.server.counter("bytesHeld"));
        assertEquals(0, net.client.counter("bytesHeld"));
        assertEquals(Engine.NEVER, net.server.mux.nanosUntilTimeout(net.now));
    }

    @Test
    void resetLetsGoOfWhatNobodyHasReadEvenAfterThePeersOwn() {
        connect();
        write(dialed, "unread");
        net.run(SECOND);
        dialed.reset(ResetCode.TARGET_RESET, net.now);
        net.run(SECOND);
        assertTrue(accepted.closed().isPresent());
        assertTrue(net.server.counter("bytesHeld") > 0);
        accepted.reset(ResetCode.UNSPECIFIED, net.now);
        assertEquals(0, net.server.counter("bytesHeld"));
        assertNull(read(accepted));
    }
}
