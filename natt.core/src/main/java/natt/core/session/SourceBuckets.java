package natt.core.session;

import java.net.InetAddress;
import java.util.random.RandomGenerator;

/// A token bucket for each source of handshakes: 20 a second, 5 at once. A source is an IPv4
/// address, the first 64 bits of an IPv6 address, or a single [natt.core.Route].
///
/// At most 1024 sources are known. The one whose bucket is the fullest gives way, since the
/// least is forgotten with it. Against a flood of forged sources the limits on all of them
/// together hold.
final class SourceBuckets {
    /// How many sources are known at most.
    static final int CAPACITY = 1024;

    private static final int PER_SECOND = 20;
    private static final int BURST = 5;
    private static final int HASH_BITS = 11;

    /// Makes IPv4 addresses differ from IPv6 ones: nobody sends from this multicast prefix.
    private static final long IPV4 = 0xffff_ffff_0000_0000L;

    /// Relays and connections have one prefix and nothing else in common.
    private static final long ROUTE = 0x0100L << 48;

    private static final long ROUTE_NUMBER = 0xffff_ffff_ffffL;

    private final Rate rate = new Rate(PER_SECOND, BURST);
    private final long[] sources = new long[CAPACITY];
    private final long[] fullAt = new long[CAPACITY];
    private final SlotChains chains = new SlotChains(1 << HASH_BITS, CAPACITY);
    private final long[] multipliers;
    private int size;

    /// @param random cryptographically strong; keeps sources from choosing where they collide
    SourceBuckets(RandomGenerator random) {
        multipliers = random.longs(3).toArray();
    }

    /// Takes a token from a source's bucket.
    ///
    /// @return whether there was one
    boolean take(InetAddress from, long nowNanos) {
        long source = source(from.getAddress());
        int slot = find(source);
        if (slot == SlotChains.NONE) {
            slot = add(source, nowNanos);
        }
        long missing = Rate.missing(fullAt[slot], nowNanos);
        if (!rate.allows(missing)) {
            return false;
        }
        fullAt[slot] = rate.after(missing, nowNanos);
        return true;
    }

    private static long source(byte[] address) {
        if (address.length == 4) {
            return IPV4 | Integer.toUnsignedLong(Wire.getInt(address, 0));
        }
        long prefix = Wire.getLong(address, 0);
        if (prefix == ROUTE) {
            return ROUTE | Wire.getLong(address, 8) & ROUTE_NUMBER;
        }
        boolean mapped = prefix == 0 && Wire.getInt(address, 8) == 0xffff;
        return mapped ? IPV4 | Integer.toUnsignedLong(Wire.getInt(address, 12)) : prefix;
    }

    private int find(long source) {
        int slot = chains.first(hash(source));
        while (slot != SlotChains.NONE && sources[slot] != source) {
            slot = chains.next(slot);
        }
        return slot;
    }

    private int add(long source, long nowNanos) {
        int slot = size;
        if (size < CAPACITY) {
            size++;
        } else {
            slot = fullest(nowNanos);
            chains.unlink(hash(sources[slot]), slot);
        }
        sources[slot] = source;
        fullAt[slot] = nowNanos;
        chains.link(hash(source), slot);
        return slot;
    }

    private int fullest(long nowNanos) {
        int slot = 0;
        for (int each = 1; each < CAPACITY; each++) {
            if (fullAt[each] - nowNanos < fullAt[slot] - nowNanos) {
                slot = each;
            }
        }
        return slot;
    }

    private int hash(long source) {
        long sum = multipliers[2];
        sum += (multipliers[0] + (source >>> 32)) * (multipliers[1] + (source & 0xffff_ffffL));
        return (int) (sum >>> Long.SIZE - HASH_BITS);
    }
}
