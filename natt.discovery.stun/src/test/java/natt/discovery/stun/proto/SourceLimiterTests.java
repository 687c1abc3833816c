package natt.discovery.stun.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Random;

class SourceLimiterTests {
    private static final long SECOND = 1_000_000_000L;

    private final SourceLimiter limiter = new SourceLimiter(new Random(5));

    private static InetAddress address(int number) {
        try {
            return InetAddress.getByAddress(ByteBuffer.allocate(4).putInt(number).array());
        } catch (UnknownHostException wrongLength) {
            throw new AssertionError(wrongLength);
        }
    }

    private int takeAll(InetAddress from, long nowNanos) {
        int taken = 0;
        while (limiter.take(from, nowNanos)) {
            taken++;
        }
        return taken;
    }

    @Test
    void aBucketHoldsOneSecondsWorthAndRefillsAtThePace() {
        var source = address(0x0a000001);
        long start = Long.MAX_VALUE - SECOND / 2;
        assertEquals(20, takeAll(source, start));
        assertEquals(10, takeAll(source, start + SECOND / 2));
        assertEquals(20, takeAll(source, start + 100 * SECOND));
    }

    @Test
    void aFloodOfSourcesLeavesAnEmptyBucketKnown() {
        var greedy = address(0x0a000001);
        long now = 0;
        assertEquals(20, takeAll(greedy, now));
        for (int i = 0; i < 4 * SourceLimiter.CAPACITY; i++) {
            assertTrue(limiter.take(address(0x14000000 + i), now));
        }
        assertFalse(limiter.take(greedy, now));
    }
}
