package natt.core.unix;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// Packets on their way from one thread that reads them to one that takes them, in memory that is
/// used again and again.
///
/// It is cut into units. A packet lies in as many as it needs, one after the other; the last one
/// before the end reaches beyond it, so that it is whole. The one who reads fills from `filled`
/// on, the one who takes lends from `taken` on; each writes only its own of the two numbers, after
/// it is done with the packet. They count units and wrap; units are found by their low bits.
final class PacketRing {
    /// Longer than most packets that are not many in one.
    private static final int UNIT = 2_048;

    /// A power of two.
    private static final int UNITS = 256;

    private static final int MASK = UNITS - 1;

    private final MemorySegment[] slots = new MemorySegment[UNITS];
    private final ByteBuffer[] views = new ByteBuffer[UNITS];
    private final int[] lengths = new int[UNITS];
    private final int slotBytes;
    private volatile int filled;
    private volatile int taken;

    /// @param slotBytes the longest packet, at most half of what there is room for
    PacketRing(int slotBytes) {
        if (slotBytes > UNITS / 2 * UNIT) {
            throw new IllegalArgumentException("packets of " + slotBytes + " bytes");
        }
        this.slotBytes = slotBytes;
        var bytes = new byte[(UNITS - 1) * UNIT + Math.max(UNIT, slotBytes)];
        MemorySegment whole = MemorySegment.ofArray(bytes);
        for (int i = 0; i < UNITS; i++) {
            slots[i] = whole.asSlice((long) UNIT * i, slotBytes);
            views[i] = ByteBuffer.wrap(bytes, UNIT * i, slotBytes).slice();
        }
    }

    /// How many units follow each other from one on, for a packet of some length.
    private static int units(int from, int length) {
        int needed = Math.max(1, (length + UNIT - 1) / UNIT);
        return Math.min(needed, UNITS - (from & MASK));
    }

    /// Whether the longest packet may be put.
    boolean hasRoom() {
        int at = filled;
        return UNITS - (at - taken) >= units(at, slotBytes);
    }

    /// Whether there is room for several packets.
    boolean isHalfEmpty() {
        return filled - taken <= UNITS / 2;
    }

    boolean isEmpty() {
        return filled == taken;
    }

    /// Where the next packet is to be read to, while there is [#hasRoom].
    MemorySegment slot() {
        return slots[filled & MASK];
    }

    /// Puts the packet that is now in [#slot].
    void put(int length) {
        int at = filled;
        lengths[at & MASK] = length;
        filled = at + units(at, length);
    }

    /// The oldest packet, lent until [#pop]; null if there is none.
    @Nullable ByteBuffer peek() {
        int at = taken;
        if (at == filled) {
            return null;
        }
        return views[at & MASK].clear().limit(lengths[at & MASK]);
    }

    void pop() {
        int at = taken;
        taken = at + units(at, lengths[at & MASK]);
    }
}
