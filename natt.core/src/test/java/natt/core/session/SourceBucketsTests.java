package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Random;
import java.util.concurrent.TimeUnit;

class SourceBucketsTests {
    /// So that the clock wraps in the middle.
    private static final long START = Long.MAX_VALUE - TimeUnit.MILLISECONDS.toNanos(60);

    private static final long STEP = TimeUnit.MILLISECONDS.toNanos(50);

    private final SourceBuckets buckets = new SourceBuckets(new Random(1));

    private int taken(InetAddress from, long nowNanos) {
        int taken = 0;
        while (buckets.take(from, nowNanos)) {
            taken++;
        }
        return taken;
    }

    @Test
    void aSourceHasFiveAtOnceAndTwentyASecond() {
        InetAddress from = ipv4(1);
        assertEquals(5, taken(from, START));
        assertEquals(0, taken(from, START + STEP - 1));
        for (int i = 1; i <= 20; i++) {
            assertEquals(1, taken(from, START + i * STEP));
        }
        assertEquals(5, taken(from, START + 60 * STEP));
    }

    @Test
    void sourcesDoNotShare() {
        assertEquals(5, taken(ipv4(1), START));
        assertEquals(5, taken(ipv4(2), START));
        assertEquals(5, taken(ipv6("2001:db8::1"), START));
        assertEquals(5, taken(ipv6("2001:db8:0:1::1"), START));
    }

    @Test
    void anIpv6NetworkOf64BitsIsOneSource() {
        assertEquals(5, taken(ipv6("2001:db8::1"), START));
        assertEquals(0, taken(ipv6("2001:db8::ffff:0:0:2"), START));
    }

    @Test
    void aMappedAddressIsTheIpv4One() throws UnknownHostException {
        var mapped = new byte[16];
        mapped[10] = mapped[11] = (byte) 0xff;
        mapped[12] = 10;
        mapped[15] = 1;
        assertEquals(5, taken(Inet6Address.getByAddress(null, mapped, -1), START));
        assertEquals(0, taken(ipv4(1), START));
    }

    @Test
    void thousandAndTwentyFourSourcesAreKnownAndTheFullestGivesWay() {
        assertTrue(buckets.take(ipv4(500), START));
        for (int i = 0; i < 1024; i++) {
            if (i != 500) {
                assertEquals(5, taken(ipv4(i), START));
            }
        }
        assertEquals(0, taken(ipv4(0), START));
        assertEquals(5, taken(ipv4(2000), START));
        assertEquals(0, taken(ipv4(0), START));
        assertEquals(0, taken(ipv4(1023), START));
        // All are equally full now; the forgotten one begins anew and somebody gives way.
        assertEquals(5, taken(ipv4(500), START));
    }

    @Test
    void holdsThroughManySources() {
        var random = new Random(2);
        for (int i = 0; i < 50_000; i++) {
            buckets.take(ipv4(random.nextInt(1 << 24)), START + i * 1000L);
        }
        assertEquals(5, taken(ipv6("2001:db8::9"), START + 3 * STEP));
        assertFalse(buckets.take(ipv6("2001:db8::9"), START + 3 * STEP));
    }

    @Test
    void aRateHasItsBurstAndItsPace() {
        var rate = new Rate(200, 3);
        long pace = TimeUnit.MILLISECONDS.toNanos(5);
        for (int i = 0; i < 3; i++) {
            assertTrue(rate.take(START));
        }
        assertFalse(rate.take(START));
        assertFalse(rate.take(START + pace - 1));
        assertTrue(rate.take(START + pace));
        assertFalse(rate.take(START + pace));
        assertTrue(rate.take(START + 13 * pace));
        assertThrows(IllegalArgumentException.class, () -> new Rate(0, 1));
    }

    private static InetAddress ipv4(int host) {
        var bytes = new byte[4];
        Wire.putInt(bytes, 0, 10 << 24 | host);
        return address(bytes);
    }

    private static InetAddress ipv6(String text) {
        return InetAddress.ofLiteral(text);
    }

    private static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException wrongLength) {
            throw new AssertionError(wrongLength);
        }
    }
}
