package natt.core.unix;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// Packets on their way from one thread that reads them to one that takes them, in slots that are
/// used again and again.
///
/// The one who reads fills the slot at `filled`, the one who takes lends the slot at `taken`; each
/// writes only its own of the two numbers, after it is done with the slot. They count packets and
/// wrap; slots are found by their low bits.
final class PacketRing {
    /// More memory than this is not used, but for slots of the fewest.
    private static final int MOST_MEMORY = 512 * 1_024;

    private static final int FEWEST_SLOTS = 16;
    private static final int MOST_SLOTS = 256;

    private final MemorySegment[] slots;
    private final ByteBuffer[] views;
    private final int[] lengths;
    private final int mask;
    private volatile int filled;
    private volatile int taken;

    /// @param slotBytes the longest packet
    PacketRing(int slotBytes) {
        int fit = Math.clamp(MOST_MEMORY / slotBytes, FEWEST_SLOTS, MOST_SLOTS);
        int count = Integer.highestOneBit(fit);
        slots = new MemorySegment[count];
        views = new ByteBuffer[count];
        lengths = new int[count];
        mask = count - 1;
        for (int i = 0; i < count; i++) {
            var bytes = new byte[slotBytes];
            slots[i] = MemorySegment.ofArray(bytes);
            views[i] = ByteBuffer.wrap(bytes);
        }
    }

    int capacity() {
        return mask + 1;
    }

    /// How many packets may still be put.
    int room() {
        return mask + 1 - (filled - taken);
    }

    boolean isEmpty() {
        return filled == taken;
    }

    /// Where the next packet is to be read to, while there is [#room].
    MemorySegment slot() {
        return slots[filled & mask];
    }

    /// Puts the packet that is now in [#slot].
    void put(int length) {
        int at = filled;
        lengths[at & mask] = length;
        filled = at + 1;
    }

    /// The oldest packet, lent until [#pop]; null if there is none.
    @Nullable ByteBuffer peek() {
        int at = taken;
        if (at == filled) {
            return null;
        }
        return views[at & mask].clear().limit(lengths[at & mask]);
    }

    void pop() {
        taken = taken + 1;
    }
}
