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

    /// For all that the caps allow at once: 3 keys each of 64 sessions, 64 half-open handshakes,
    /// the keys of sessions that ended less than 3 seconds ago, made by at most 800 handshakes, and
    /// 8 attempts each of the sessions that are being called.
    private static final int CAPACITY = 2048;

    private final @Nullable Slot[] slots = new @Nullable Slot[CAPACITY];
    private final RandomGenerator random;
    private int next;

    Slots(RandomGenerator random) {
        this.random = random;
    }

    /// An index that nothing has now.
    ///
    /// @throws IllegalStateException if all are taken; the caps on what takes one forbid it
    int free() {
        for (int tried = 0; tried < CAPACITY; tried++) {
            int place = next++ & CAPACITY - 1;
            if (slots[place] == null) {
                return random.nextInt() & -CAPACITY | place;
            }
        }
        throw new IllegalStateException("no receiver index is free");
    }

    void put(Slot slot) {
        slots[slot.index() & CAPACITY - 1] = slot;
    }

    @Nullable Slot get(int index) {
        Slot slot = slots[index & CAPACITY - 1];
        return slot != null && slot.index() == index ? slot : null;
    }

    void remove(Slot slot) {
        if (get(slot.index()) == slot) {
            slots[slot.index() & CAPACITY - 1] = null;
        }
    }
}
