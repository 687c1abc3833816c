package natt.tests.bench;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/// One direction of a path in virtual time: every datagram takes equally long, some are lost.
/// Its buffers are made once and used again, so that they do not count as the engines' garbage.
final class Wire {
    /// More datagrams than two windows, which is what can be on the way.
    private static final int SLOTS = 4096;

    private static final int LARGEST_DATAGRAM = 1500;

    private final ByteBuffer[] datagrams = new ByteBuffer[SLOTS];
    private final long[] arrivals = new long[SLOTS];
    private final long delayNanos;
    private final double loss;
    private final SplittableRandom random;
    private long sent;
    private int first;
    private int count;

    /// @param loss the share of the datagrams that are lost
    Wire(long delayNanos, double loss, long seed) {
        this.delayNanos = delayNanos;
        this.loss = loss;
        random = new SplittableRandom(seed);
        for (int i = 0; i < SLOTS; i++) {
            datagrams[i] = ByteBuffer.allocate(LARGEST_DATAGRAM);
        }
    }

    /// The buffer for the next datagram. What is written there leaves by [#send].
    ByteBuffer next() {
        if (count == SLOTS) {
            throw new AssertionError("two windows fit on the wire");
        }
        return datagrams[(first + count) % SLOTS].clear();
    }

    void send(long nowNanos) {
        int slot = (first + count) % SLOTS;
        sent++;
        if (loss > 0 && random.nextDouble() < loss) {
            return;
        }
        datagrams[slot].flip();
        arrivals[slot] = nowNanos + delayNanos;
        count++;
    }

    /// Returns the next datagram that has arrived, or null. It is good until the next [#send].
    ByteBuffer poll(long nowNanos) {
        if (count == 0 || arrivals[first] - nowNanos > 0) {
            return null;
        }
        ByteBuffer datagram = datagrams[first];
        first = (first + 1) % SLOTS;
        count--;
        return datagram;
    }

    /// How many datagrams have been sent, lost ones included.
    long sent() {
        return sent;
    }

    long nanosUntilArrival(long nowNanos) {
        return count == 0 ? Long.MAX_VALUE : arrivals[first] - nowNanos;
    }
}
