package natt.transport.kcp.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/// Two conversations joined by a network of segments, in virtual time that wraps after a minute.
class ConversationTests {
    private static final long MILLI = 1_000_000;
    private static final long DELAY = 20 * MILLI;

    private record Flight(long at, long order, boolean toB, byte[] bytes) {}

    private static final class Silent implements Conversation.Events {
        @Override
        public void asked(Segment segment, long nowNanos) {}

        @Override
        public void told(Segment segment, long nowNanos) {}

        @Override
        public void reset(int code, long nowNanos) {}
    }

    private final Counters counters = new Counters();
    private final SegmentPool pool = new SegmentPool();
    private final SplittableRandom random = new SplittableRandom(9);
    private final ByteBuffer buffer = ByteBuffer.allocate(1500).order(ByteOrder.LITTLE_ENDIAN);
    private final PriorityQueue<Flight> flights =
            new PriorityQueue<>(
                    (x, y) ->
                            x.at != y.at
                                    ? Long.signum(x.at - y.at)
                                    : Long.signum(x.order - y.order));
    private long now = Long.MAX_VALUE - 60_000 * MILLI;
    private long order;
    private double loss;
    private double reorder;
    private Conversation a;
    private Conversation b;

    private void open(int firstSn, int firstTransmission, Mode mode, int window) {
        a = conversation(firstSn, firstTransmission, mode, window);
        b = conversation(firstSn, firstTransmission + 7, mode, window);
        now += 10 * MILLI; // a rested sender may send a few segments at once
    }

    private Conversation conversation(int firstSn, int firstTransmission, Mode mode, int window) {
        return new Conversation(
                new Conversation.Config(5, 1000, window, firstSn, firstTransmission, mode),
                pool,
                counters,
                new Silent(),
                now);
    }

    private void send(Conversation from) {
        while (from.emit(buffer.clear(), 1400, now)) {
            byte[] bytes = new byte[buffer.position()];
            buffer.flip().get(bytes);
            if (random.nextDouble() >= loss) {
                long late = random.nextDouble() < reorder ? random.nextLong(DELAY) : 0;
                flights.add(new Flight(now + DELAY + late, order++, from == a, bytes));
            }
        }
    }

    private void step(long limit) {
        send(a);
        send(b);
        long least = Math.min(a.nanosUntilTimeout(now), b.nanosUntilTimeout(now));
        least = Math.min(least, limit - now);
        Flight first = flights.peek();
        if (first != null) {
            least = Math.min(least, first.at - now);
        }
        now += Math.max(0, least);
        while ((first = flights.peek()) != null && first.at - now <= 0) {
            flights.poll();
            var in = ByteBuffer.wrap(first.bytes).order(ByteOrder.LITTLE_ENDIAN);
            (first.toB ? b : a).input(in, 0, first.bytes.length, now);
        }
        for (Conversation each : new Conversation[] {a, b}) {
            if (each.nanosUntilTimeout(now) <= 0) {
                each.handleTimeout(now);
            }
        }
        send(a);
        send(b);
        assertTrue(a.nanosUntilTimeout(now) > 0, "no deadline stays due");
    }

    private void run(long millis) {
        long limit = now + millis * MILLI;
        while (limit - now > 0) {
            step(limit);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "-3, 2147483640, NATT",
        "2147483600, -5, NATT",
        "-300, 2147483000, NORMAL",
        "0, 0, NORMAL",
        "-300, 0, FAST",
        "-300, 0, FAST2",
        "0, -300, FAST3"
    })
    void numbersWrapUnnoticedUnderLossAndReordering(int firstSn, int firstTransmission, Mode mode) {
        open(firstSn, firstTransmission, mode, 1024);
        loss = 0.05;
        reorder = 0.2;
        var out = new SplittableRandom(1);
        var expected = new SplittableRandom(1);
        int total = 1_500_000;
        int written = 0;
        int read = 0;
        var chunk = ByteBuffer.allocate(1777).limit(0);
        var into = ByteBuffer.allocate(4096);
        long limit = now + 300_000 * MILLI;
        while (read < total && limit - now > 0) {
            while (written < total || chunk.hasRemaining()) {
                if (!chunk.hasRemaining()) {
                    chunk.clear();
                    while (chunk.hasRemaining() && written < total) {
                        chunk.put((byte) out.nextInt());
                        written++;
                    }
                    chunk.flip();
                }
                if (a.write(chunk) == 0) {
                    break;
                }
            }
            step(now + 100 * MILLI);
            int n;
            while ((n = b.read(into.clear(), now)) > 0) {
                for (int i = 0; i < n; i++) {
                    assertEquals((byte) expected.nextInt(), into.get(i));
                }
                read += n;
            }
        }
        assertEquals(total, read);
        run(1000);
        assertTrue(a.allAcknowledged());
        assertEquals(0, counters.ignored);
    }

    @Test
    void messagesKeepTheirBounds() {
        open(0, 0, Mode.NATT, 1024);
        loss = 0.1;
        int[] lengths = {1, 1000, 1001, 31_999, 0, 20_000};
        for (int length : lengths) {
            byte[] message = new byte[length];
            java.util.Arrays.fill(message, (byte) length);
            assertTrue(a.writeMessage(ByteBuffer.wrap(message)));
        }
        var into = ByteBuffer.allocate(40_000);
        for (int length : lengths) {
            int n = -1;
            for (int i = 0; i < 1000 && n == -1; i++) {
                run(10);
                n = b.readMessage(into.clear(), now);
            }
            assertEquals(length, n);
            assertEquals(length, into.position());
        }
    }

    @Test
    void messageThatNoWindowOfThePeerCanHoldIsRefused() {
        open(0, 0, Mode.NATT, 40);
        var large = ByteBuffer.allocate(33_000);
        assertThrows(IllegalArgumentException.class, () -> a.writeMessage(large));
        b.write(ByteBuffer.allocate(1));
        run(100);
        assertTrue(a.writeMessage(large));
        var tooLarge = ByteBuffer.allocate(40_001);
        assertThrows(IllegalArgumentException.class, () -> a.writeMessage(tooLarge));
    }

    @Test
    void acknowledgementLeavesWithTheNextPoll() {
        open(0, 0, Mode.NATT, 32);
        a.write(ByteBuffer.allocate(10));
        send(a);
        now += DELAY;
        byte[] push = flights.poll().bytes();
        b.input(ByteBuffer.wrap(push).order(ByteOrder.LITTLE_ENDIAN), 0, push.length, now);
        assertTrue(b.emit(buffer.clear(), 1400, now));
        assertEquals(24, buffer.position());
        assertFalse(b.emit(buffer.clear(), 1400, now));
    }

    @Test
    void everyAcknowledgementAboveAHoleIsRepeatedOnce() {
        open(0, 0, Mode.NATT, 32);
        a.write(ByteBuffer.allocate(4000));
        send(a);
        byte[] lost = flights.poll().bytes();
        assertEquals(1024, lost.length);
        int[] lengths = new int[3];
        for (int i = 0; i < 3; i++) {
            byte[] push = flights.poll().bytes();
            b.input(ByteBuffer.wrap(push).order(ByteOrder.LITTLE_ENDIAN), 0, push.length, now);
            b.emit(buffer.clear(), 1400, now);
            lengths[i] = buffer.position() / 24;
        }
        assertEquals(
                java.util.List.of(1, 2, 2),
                java.util.stream.IntStream.of(lengths).boxed().toList());
    }

    @Test
    void lostSegmentIsSentAgainAfterThreeLaterOnesArrive() {
        open(0, 0, Mode.NATT, 32);
        a.write(ByteBuffer.allocate(5000));
        send(a);
        flights.poll();
        run(41);
        assertEquals(1, counters.fastRetransmitted);
        assertEquals(1, counters.retransmitted);
        run(100);
        assertTrue(a.allAcknowledged());
        assertEquals(0, counters.timeouts);
    }

    @Test
    void lastButOneSegmentIsSentAgainEarlyWhenNothingFollows() {
        open(0, 0, Mode.NATT, 32);
        a.write(ByteBuffer.allocate(10));
        run(100);
        a.write(ByteBuffer.allocate(2000));
        send(a);
        flights.poll();
        run(50);
        assertEquals(1, counters.fastRetransmitted);
        assertEquals(0, counters.timeouts);
    }

    @Test
    void memoryGoesBackWhenItIsNotNeeded() {
        open(0, 0, Mode.NATT, 1024);
        a.write(ByteBuffer.allocate(100_000));
        run(1000);
        var into = ByteBuffer.allocate(100_000);
        b.read(into, now);
        assertEquals(0, into.remaining());
        assertTrue(pool.idle() > 50);
        pool.trim();
        pool.trim();
        assertEquals(0, pool.idle());
    }
}
