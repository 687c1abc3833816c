package natt.transport.kcp.proto;

import java.util.function.IntFunction;
import java.util.function.Supplier;

/// Reusable slots indexed by a wrapping 32-bit number, in a power of two of them that grows on
/// demand and shrinks again.
final class Ring<S> {
    private static final int LEAST_CAPACITY = 16;

    private final IntFunction<S[]> array;
    private final Supplier<S> slot;
    private S[] slots;

    Ring(IntFunction<S[]> array, Supplier<S> slot) {
        this.array = array;
        this.slot = slot;
        slots = fresh(LEAST_CAPACITY);
    }

    int capacity() {
        return slots.length;
    }

    S at(int index) {
        return slots[index & slots.length - 1];
    }

    /// Makes room for the indices from `first`, `count` of them, keeping the slots of those
    /// already in use.
    void reserve(int first, int count) {
        if (count <= slots.length) {
            return;
        }
        int capacity = Integer.highestOneBit(count - 1) << 1;
        S[] larger = array.apply(capacity);
        for (int i = 0; i < capacity; i++) {
            int index = first + i;
            larger[index & capacity - 1] = i < slots.length ? at(index) : slot.get();
        }
        slots = larger;
    }

    /// Gives memory back; nothing is in use.
    void shrink() {
        if (slots.length > LEAST_CAPACITY) {
            slots = fresh(LEAST_CAPACITY);
        }
    }

    private S[] fresh(int capacity) {
        S[] made = array.apply(capacity);
        for (int i = 0; i < capacity; i++) {
            made[i] = slot.get();
        }
        return made;
    }
}
