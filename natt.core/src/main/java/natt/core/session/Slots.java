package natt.core.session;

import org.jspecify.annotations.Nullable;

import java.util.random.RandomGenerator;

/// What the receiver indexes of this port stand for. The low bits of an index are its place in a
/// table, the others are random, so that an index is found without searching and not guessed.
final class Slots {
    /// Something to which a datagram with a receiver index may belong.
    sealed interface Slot permits Keys, Calling.Attempt {
        /// The index by which the peer names it.
        int index();
    }

    private final @Nullable Slot[] slots;
    private final int mask;
    private final RandomGenerator random;
    private int next;

    /// @param capacity a power of two
    Slots(int capacity, RandomGenerator random) {
        slots = new @Nullable Slot[capacity];
        mask = capacity - 1;
        this.random = random;
    }

    /// An index that nothing has now.
    ///
    /// @throws IllegalStateException if all are taken; the caps on what takes one forbid it
    int free() {
        for (int tried = 0; tried <= mask; tried++) {
            int place = next++ & mask;
            if (slots[place] == null) {
                return random.nextInt() & ~mask | place;
            }
        }
        throw new IllegalStateException("no receiver index is free");
    }

    void put(Slot slot) {
        slots[slot.index() & mask] = slot;
    }

    @Nullable Slot get(int index) {
        Slot slot = slots[index & mask];
        return slot != null && slot.index() == index ? slot : null;
    }

    void remove(Slot slot) {
        if (get(slot.index()) == slot) {
            slots[slot.index() & mask] = null;
        }
    }
}
