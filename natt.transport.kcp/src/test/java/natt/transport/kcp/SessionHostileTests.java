package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.spi.Transport;
import natt.transport.kcp.proto.Segment;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/// What a peer that is who it says it is, but means harm, can do to a session's streams.
class SessionHostileTests {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final String OPEN = "\u0001\u0001x";

    private final SessionNet net = new SessionNet(2);

    private static byte[] segment(int conv, int command, int ts, int sn, int una, String data) {
        return Datagrams.plain(conv, command, 0, ts, sn, una, data);
    }

    private static byte[] push(int conv, int sn, String data) {
        return segment(conv, Segment.PUSH, 1, sn, 0, data);
    }

    private static byte[] runs(int conv, int una, int... fields) {
        int length = fields.length / 3 * 10;
        var out = ByteBuffer.allocate(24 + length).order(ByteOrder.LITTLE_ENDIAN);
        Segment.write(out, conv, Segment.ACK_RUNS, 0, 512, 0, 0, una, length);
        for (int i = 0; i < fields.length; i += 3) {
            out.putInt(fields[i]).putInt(fields[i + 1]).putShort((short) fields[i + 2]);
        }
        return out.array();
    }

    /// The datagrams that the server sends in answer to one, as commands.
    private List<Integer> answers(byte[] datagram) {
        net.path.dropped = bytes -> true;
        net.wire.clear();
        net.recording = true;
        net.inject(net.server, datagram);
        net.recording = false;
        List<Integer> commands = new ArrayList<>();
        for (byte[] bytes : net.wire) {
            commands.add(bytes[4] & 0xff);
        }
        return commands;
    }

    private static int code(byte[] reset) {
        return ByteBuffer.wrap(reset).order(ByteOrder.LITTLE_ENDIAN).getInt(12);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\u0001",
                "\u0001\u0000",
                "\u0002\u0001x",
                "\u0002\u0000",
                "\u0002\u0000\u0001x",
                "\u0002\u0000\u0041x",
                "\u0003\u0001x",
                "\u0001\u0002x",
                "\u0001\u0001xy",
                "\u0001\u0001\u0080",
                "\u0001\u0002\u00c0\u0080"
            })
    void malformedOpenRecordIsReset(String record) {
        assertEquals(List.of(Segment.RESET), answers(push(0, 0, record)));
        assertEquals(ResetCode.BAD_OPEN.code(), code(net.wire.get(0)));
        assertEquals(List.of(), net.server.accepted);
        assertEquals(0, net.server.mux.openStreams());
    }

    @Test
    void longFormOfAShortNameOrOfMoreThan1024BytesIsReset() {
        String sixtyFour = "\u0002\u0000\u0040" + "x".repeat(64);
        assertEquals(List.of(Segment.RESET), answers(push(0, 0, sixtyFour)));
        String tooLong = "\u0002\u0004\u0001" + "x".repeat(1025);
        assertEquals(List.of(Segment.RESET), answers(push(2, 0, tooLong)));
        assertEquals(0, net.server.mux.openStreams());
    }

    @Test
    void nameOf65BytesOrAnEndInPlaceOfTheNameIsReset() {
        assertEquals(List.of(Segment.RESET), answers(push(0, 0, "\u0001\u0041" + "x".repeat(65))));
        assertEquals(List.of(Segment.RESET), answers(segment(2, Segment.FIN, 1, 0, 0, "")));
        assertEquals(0, net.server.mux.openStreams());
    }

    @Test
    void dataMayOvertakeTheNameAndOpensTheStreamWithIt() {
        net.inject(net.server, push(0, 1, "data"));
        assertEquals(List.of(), net.server.accepted);
        assertEquals(List.of(), net.server.ready);
        net.inject(net.server, push(0, 0, OPEN));
        assertEquals("x", net.server.accepted.get(0).service());
        assertEquals("data", SimNet.read(net.server.accepted.get(0), net.now));
    }

    @Test
    void streamsMayArriveInAnyOrderButNoNumberTwice() {
        for (int conv : new int[] {6, 2, 4, 0}) {
            net.inject(net.server, push(conv, 0, OPEN));
        }
        assertEquals(4, net.server.accepted.size());
        net.server.accepted.forEach(stream -> stream.reset(ResetCode.UNSPECIFIED, net.now));
        for (int conv : new int[] {6, 2, 4, 0}) {
            net.inject(net.server, segment(conv, Segment.ACK, 0, 0, 0, ""));
            assertEquals(List.of(Segment.RESET), answers(push(conv, 0, OPEN)));
        }
        assertEquals(4, net.server.accepted.size());
        assertEquals(0, net.server.mux.openStreams());
    }

    @Test
    void segmentOfAConversationThatNobodyHasIsResetOnceForEachDatagram() {
        byte[] alien = push(1, 0, OPEN); // a number that this side would give
        assertEquals(List.of(Segment.RESET), answers(alien));
        assertEquals(24, net.wire.get(0).length);
        assertEquals(List.of(Segment.RESET), answers(concat(alien, alien, alien)));
        assertEquals(24, net.wire.get(0).length);
        assertEquals(0, net.server.mux.openStreams());
    }

    @Test
    void resetIsAnsweredButNotByAResetAndTheAnswerNotAtAll() {
        assertEquals(List.of(Segment.ACK), answers(segment(8, Segment.RESET, 0, 3, 0, "")));
        assertEquals(List.of(Segment.ACK), answers(segment(1, Segment.RESET, 0, 3, 0, "")));
        assertEquals(List.of(), answers(segment(8, Segment.ACK, 0, 3, 0, "")));
        assertEquals(List.of(Segment.RESET), answers(push(8, 0, OPEN)), "8 is used");
    }

    @Test
    void thirtyTwoStreamsAreTheMost() {
        for (int i = 0; i < 10_000; i++) {
            net.inject(net.server, push(2 * i, i % 3 == 0 ? 0 : 1, OPEN));
            assertTrue(net.server.mux.openStreams() <= 32);
        }
        assertEquals(10_000 - 32, net.server.counter("refused"));
        assertTrue(net.server.counter("bytesHeld") <= 32 * 1440);
    }

    @Test
    void onlyTheWindowIsHeldAndThreeMoreBehindAHole() {
        net.inject(net.server, push(0, 0, OPEN));
        for (int sn = -3000; sn < 20_000; sn++) {
            net.inject(net.server, push(0, sn == 1 ? 0 : sn, "x".repeat(1400)));
        }
        long held = net.server.counter("bytesHeld");
        assertTrue(held <= 4 * 512 * 1440, () -> held + " bytes");
    }

    @Test
    void greedyForWindowsGetsFourMegabytesAndNoMore() {
        net.inject(net.server, push(0, 0, OPEN));
        Transport.Stream stream = net.server.accepted.get(0);
        for (int i = 0; i < 30; i++) {
            // Says each time that it is near the end of its window.
            net.inject(net.server, Datagrams.plain(0, Segment.PUSH, 1, 1, i + 1, 0, "y"));
            SimNet.read(stream, net.now);
        }
        for (int sn = 31; sn < 70_000; sn++) {
            net.inject(net.server, Datagrams.plain(0, Segment.PUSH, 1, 1, sn, 0, "x"));
        }
        long held = net.server.counter("bytesHeld");
        assertTrue(held > 3 << 20 && held <= 4 << 20, () -> held + " bytes");
    }

    @Test
    void allSessionsTogetherHold64MegabytesAndEachStreamGoesOn() {
        List<SessionNet.Side> sides = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            SessionNet.Side side = net.another();
            sides.add(side);
            for (int conv = 0; conv < 64; conv += 2) {
                net.inject(side, push(conv, 0, OPEN));
                for (int sn = 512; sn > 1; sn--) {
                    net.inject(side, push(conv, sn, "x"));
                }
            }
        }
        long held = sides.stream().mapToLong(side -> side.counter("bytesHeld")).sum();
        assertTrue(held > 60 << 20 && held <= 64 << 20, () -> held + " bytes held");
        for (SessionNet.Side side : sides) {
            for (int conv = 0; conv < 64; conv += 2) {
                net.inject(side, push(conv, 1, "next"));
                Transport.Stream stream = side.accepted.get(conv / 2);
                assertTrue(SimNet.read(stream, net.now).startsWith("next"));
                SimNet.write(stream, "answer", net.now);
            }
        }
        var reason = new CloseReason.Local();
        sides.forEach(side -> side.mux.close(reason, net.now));
        SessionNet.Side next = net.another();
        net.inject(next, push(0, 0, OPEN));
        for (int sn = 512; sn > 0; sn--) {
            net.inject(next, push(0, sn, "x"));
        }
        assertEquals(512, SimNet.read(next.accepted.get(0), net.now).length());
    }

    @Test
    void acknowledgementsOfWhatWasNeverSentChangeNothing() {
        Transport.Stream dialed = net.client.mux.dial("x", net.now);
        Transport.Stream accepted = net.connect(net.client, dialed);
        net.run(SECOND);
        for (int una : new int[] {1, 2, 70_000, Integer.MAX_VALUE}) {
            net.inject(net.server, segment(0, Segment.WINDOW_TELL, 0, 0, una, ""));
            net.inject(net.server, runs(0, una, 0, 0, 3));
        }
        assertEquals(8, net.server.counter("ignored"));
        for (int sn : new int[] {0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            net.inject(net.server, runs(0, 0, sn, 0, 0xffff, sn, -5, 1));
        }
        byte[] ragged = runs(0, 0, 0, 0, 1);
        net.inject(net.server, java.util.Arrays.copyOf(ragged, 24));
        assertEquals(1, net.server.counter("malformed"));
        SimNet.write(accepted, "down", net.now);
        SimNet.write(dialed, "up", net.now);
        net.run(SECOND);
        assertEquals("down", SimNet.read(dialed, net.now));
        assertEquals("up", SimNet.read(accepted, net.now));
    }

    @Test
    void windowAcknowledgedAgainAndAgainIsNotDelivered() {
        Transport.Stream dialed = net.client.mux.dial("x", net.now);
        Transport.Stream accepted = net.connect(net.client, dialed);
        accepted.write(ByteBuffer.allocate(600_000), net.now);
        net.path.dropped = bytes -> true;
        net.run(SECOND);
        int[] fields = new int[3 * 140];
        for (int i = 0; i < 140; i++) {
            fields[3 * i] = 1; // the first segment is never acknowledged
            fields[3 * i + 2] = 0xffff;
        }
        byte[] all = runs(0, 0, fields);
        for (int i = 0; i < 20_000; i++) {
            net.server.mux.handleDatagram(ByteBuffer.wrap(all), net.now);
        }
        assertTrue(net.server.mux.hasOutstanding());
    }

    @Test
    void endBeforeDataBoundsTheStream() {
        net.inject(net.server, push(0, 0, OPEN));
        net.inject(net.server, segment(0, Segment.FIN, 1, 2, 0, ""));
        net.inject(net.server, push(0, 3, "after the end"));
        net.inject(net.server, push(0, 1, "before"));
        Transport.Stream stream = net.server.accepted.get(0);
        assertEquals("before", SimNet.read(stream, net.now));
        assertEquals(null, SimNet.read(stream, net.now));
    }

    @Test
    void shapesThatAreNoSegmentsChangeNothing() {
        net.inject(net.server, push(0, 0, OPEN));
        int sent = net.server.sent;
        byte[] unknownCommand = push(0, 1, "x");
        unknownCommand[4] = 88;
        byte[] negativeLength = push(0, 1, "x");
        negativeLength[23] = (byte) 0x80;
        byte[] tooLong = push(0, 1, "x");
        tooLong[20] = 2;
        byte[] trailing = concat(push(0, 1, "x"), new byte[5]);
        List<byte[]> bad =
                List.of(
                        unknownCommand,
                        negativeLength,
                        tooLong,
                        trailing,
                        new byte[0],
                        new byte[23],
                        new byte[1441]);
        bad.forEach(bytes -> net.inject(net.server, bytes));
        assertEquals(bad.size(), net.server.counter("malformed"));
        assertEquals(sent, net.server.sent);
        assertEquals("", SimNet.read(net.server.accepted.get(0), net.now));
    }

    @Test
    void mutatedDatagramsThrowNothingAndBreakNoOtherStream() {
        var random = new SplittableRandom(4);
        for (int round = 0; round < 20; round++) {
            var world = new SessionNet(round);
            world.recording = true;
            var from = world.client.mux.dial("victim", world.now);
            var to = world.connect(world.client, from);
            var bulk = new Bulk(from, to, 100_000, 1);
            world.path.loss = 0.1;
            bulk.write(world.now);
            SimNet.write(to, "some words", world.now);
            world.run(SECOND);
            to.reset(ResetCode.TARGET_RESET, world.now);
            world.run(SECOND);
            world.path.loss = 0;
            List<byte[]> seen = List.copyOf(world.wire);
            world.recording = false;
            for (int i = 0; i < 10_000; i++) {
                byte[] bytes = seen.get(random.nextInt(seen.size())).clone();
                for (int flips = random.nextInt(4); flips > 0; flips--) {
                    int at = random.nextInt(Math.min(bytes.length, 48));
                    bytes[at] ^= (byte) (1 << random.nextInt(8));
                }
                world.inject(i % 2 == 0 ? world.client : world.server, bytes);
                assertTrue(world.server.mux.openStreams() <= 32);
                if (i % 500 == 0) {
                    world.run(Duration.ofMillis(100));
                }
            }
            assertTrue(world.server.counter("bytesHeld") <= 64 << 20);
        }
    }

    @Test
    void storedFarewellsAreBounded() {
        for (int i = 0; i < 100_000; i++) {
            net.inject(net.server, push(2 * i, 0, OPEN));
            net.server.accepted.forEach(each -> each.reset(ResetCode.BUSY, net.now));
            net.server.accepted.clear();
            net.server.ready.clear();
            net.cut();
        }
        assertEquals(0, net.server.mux.openStreams());
        assertEquals(0, net.server.counter("bytesHeld"));
        net.run(Duration.ofMinutes(2));
        int sent = net.server.sent;
        net.run(Duration.ofMinutes(10));
        assertEquals(sent, net.server.sent);
    }

    @Test
    void whatAStreamBroughtThatIsResetBeforeItIsAcceptedIsNotHeld() {
        net.inject(net.server, concat(push(0, 0, OPEN), push(0, 1, "data"), reset(0)));
        assertEquals(List.of(), net.server.accepted);
        assertEquals(0, net.server.mux.openStreams());
        assertEquals(0, net.server.counter("bytesHeld"));
    }

    private static byte[] reset(int conv) {
        return segment(conv, Segment.RESET, 0, 0, 0, "");
    }

    @Test
    void resetOfOneStreamLeavesTheOthers() {
        var first = net.client.mux.dial("a", net.now);
        var second = net.client.mux.dial("b", net.now);
        net.run(SECOND);
        net.inject(net.client, segment(0, Segment.RESET, 0, 99, 0, ""));
        assertEquals(Optional.of(new CloseReason.Remote(ResetCode.UNSPECIFIED)), first.closed());
        assertEquals(Optional.empty(), second.closed());
    }

    private static byte[] concat(byte[]... parts) {
        var out = ByteBuffer.allocate(java.util.Arrays.stream(parts).mapToInt(p -> p.length).sum());
        for (byte[] part : parts) {
            out.put(part);
        }
        return out.array();
    }
}
