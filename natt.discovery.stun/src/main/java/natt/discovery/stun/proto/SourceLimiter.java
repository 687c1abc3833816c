package natt.discovery.stun.proto;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.random.RandomGenerator;

/// A token bucket for each source of requests: 20 a second, 20 at once. A source is an IPv4
/// address or the first 64 bits of an IPv6 address.
///
/// At most [#CAPACITY] sources are known, in sets of [#WAYS]. Where a set is full, the source
/// gives way whose bucket is the fullest, since the least is forgotten with it.
final class SourceLimiter {
    static final int PER_SECOND = 20;
    static final int BURST = 20;
    static final int CAPACITY = 8192;

    private static final int WAYS = 8;
    private static final int SET_BITS = 10;
    private static final long TOKEN_NANOS = 1_000_000_000L / PER_SECOND;

    /// Makes IPv4 addresses differ from IPv6 ones: nobody sends from this multicast prefix.
    private static final long IPV4 = 0xffff_ffff_0000_0000L;

    private final long[] sources = new long[CAPACITY];

    /// When each bucket is full again; full ones may be in the past.
    private final long[] fullAt = new long[CAPACITY];

    private final int[] used = new int[CAPACITY / WAYS];
    private final long[] multipliers;

    /// @param random cryptographically strong
    SourceLimiter(RandomGenerator random) {
        multipliers = random.longs(3).toArray();
    }

    /// Takes a token from a source's bucket.
    ///
    /// @return whether there was one
    boolean take(InetAddress from, long nowNanos) {
        long source = source(from.getAddress());
        int slot = slot(source, nowNanos);
        long missing = Math.max(0, fullAt[slot] - nowNanos);
        if (missing > (BURST - 1) * TOKEN_NANOS) {
            return false;
        }
        fullAt[slot] = nowNanos + missing + TOKEN_NANOS;
        return true;
    }

    private static long source(byte[] address) {
        ByteBuffer bytes = ByteBuffer.wrap(address);
        return address.length == 4
                ? IPV4 | Integer.toUnsignedLong(bytes.getInt())
                : bytes.getLong();
    }

    private int slot(long source, long nowNanos) {
        int set = hash(source);
        int first = set * WAYS;
        int fullest = first;
        for (int slot = first; slot < first + used[set]; slot++) {
            if (sources[slot] == source) {
                return slot;
            }
            if (fullAt[slot] - fullAt[fullest] < 0) {
                fullest = slot;
            }
        }
        int slot = used[set] < WAYS ? first + used[set]++ : fullest;
        sources[slot] = source;
        fullAt[slot] = nowNanos;
        return slot;
    }

    private int hash(long source) {
        long sum = multipliers[2];
        sum += (multipliers[0] + (source >>> 32)) * (multipliers[1] + (source & 0xffff_ffffL));
        return (int) (sum >>> Long.SIZE - SET_BITS);
    }
}
