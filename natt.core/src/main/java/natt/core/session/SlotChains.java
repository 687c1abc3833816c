package natt.core.session;

import java.util.Arrays;

/// Chains of slots by hash: the index of a table of fixed size whose entries are kept in arrays,
/// so that nothing is allocated per entry.
final class SlotChains {
    /// No slot.
    static final int NONE = -1;

    private final int[] heads;
    private final int[] next;

    /// @param chains how many, one for each hash
    /// @param slots how many
    SlotChains(int chains, int slots) {
        heads = new int[chains];
        next = new int[slots];
        Arrays.fill(heads, NONE);
    }

    int first(int hash) {
        return heads[hash];
    }

    int next(int slot) {
        return next[slot];
    }

    void link(int hash, int slot) {
        next[slot] = heads[hash];
        heads[hash] = slot;
    }

    /// Takes a slot out of the chain it was linked into.
    void unlink(int hash, int slot) {
        if (heads[hash] == slot) {
            heads[hash] = next[slot];
            return;
        }
        int each = heads[hash];
        while (next[each] != slot) {
            each = next[each];
        }
        next[each] = next[slot];
    }
}
