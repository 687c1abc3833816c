package natt.core.session;

import java.util.random.RandomGenerator;

/// The last 8192 values of mac1: an INIT that is replayed is known by its own.
///
/// The hash is pair-multiply-shift with random multipliers (universal, so that whoever does not
/// know these cannot choose values which collide).
final class RecentMacs {
    /// How many values are kept.
    static final int CAPACITY = 8192;

    private static final int HASH_BITS = 14;

    private final long[] heads = new long[CAPACITY];
    private final long[] tails = new long[CAPACITY];
    private final SlotChains chains = new SlotChains(1 << HASH_BITS, CAPACITY);
    private final long[] multipliers;
    private int oldest;
    private boolean full;

    /// @param random cryptographically strong
    RecentMacs(RandomGenerator random) {
        multipliers = random.longs(5).toArray();
    }

    /// Notes the 16 bytes in a message, the oldest giving way.
    ///
    /// @return whether they were not among the last ones
    boolean addIfNew(byte[] message, int at) {
        long head = Wire.getLong(message, at);
        long tail = Wire.getLong(message, at + Long.BYTES);
        int hash = hash(head, tail);
        for (int each = chains.first(hash); each != SlotChains.NONE; each = chains.next(each)) {
            if (heads[each] == head && tails[each] == tail) {
                return false;
            }
        }
        int slot = oldest;
        if (full) {
            chains.unlink(hash(heads[slot], tails[slot]), slot);
        }
        heads[slot] = head;
        tails[slot] = tail;
        chains.link(hash, slot);
        oldest = (slot + 1) % CAPACITY;
        full |= oldest == 0;
        return true;
    }

    private int hash(long head, long tail) {
        long sum = multipliers[4];
        sum += (multipliers[0] + (head >>> 32)) * (multipliers[1] + (head & 0xffff_ffffL));
        sum += (multipliers[2] + (tail >>> 32)) * (multipliers[3] + (tail & 0xffff_ffffL));
        return (int) (sum >>> Long.SIZE - HASH_BITS);
    }
}
