package natt.transport.kcp.proto;

import java.util.ArrayList;

/// Blocks of memory for the data of segments, shared by the conversations of one engine. Grows
/// with what is held, and gives back to the heap what has lain unused from one [#trim] to the
/// next.
public final class SegmentPool {
    /// The most data that a segment can have, in bytes: a datagram of 1500, all of it KCP.
    public static final int BLOCK_LENGTH = 1500 - Segment.HEADER_LENGTH;

    /// What all conversations that share a budget may hold together.
    public static final long MOST_HELD = 64L << 20;

    /// What is taken from the budget at a time.
    private static final int LOT = 64 << 10;

    private final ArrayList<byte[]> free = new ArrayList<>();
    private final MemoryBudget budget;

    /// What is left for those who hold little when the budget runs out.
    private final long reserve;

    private int blockLength;

    /// The least number of free blocks since the last [#trim].
    private int least;

    private long held;
    private long granted;
    private boolean retired;

    /// A pool with a budget of its own, whose blocks take any segment.
    public SegmentPool() {
        this(BLOCK_LENGTH, new MemoryBudget(MOST_HELD), 0);
    }

    /// @param blockLength of the first blocks, in bytes
    /// @param reserve how many bytes of the budget are left for those who hold little
    public SegmentPool(int blockLength, MemoryBudget budget, long reserve) {
        this.blockLength = blockLength;
        this.budget = budget;
        this.reserve = reserve;
    }

    /// The length of the blocks that are taken now.
    int blockLength() {
        return blockLength;
    }

    /// Whether nothing more may be held than what keeps conversations going.
    boolean exhausted() {
        if (held + blockLength <= granted) {
            return false;
        }
        if (retired || !budget.take(LOT)) {
            return true;
        }
        granted += LOT;
        return false;
    }

    /// Whether those who hold much should hold no more.
    boolean scarce() {
        return exhausted() || budget.left() < reserve;
    }

    /// What could still be taken, in bytes, if no one else took it.
    long left() {
        return budget.left() + granted - held;
    }

    /// Takes a block with room for so many bytes. The blocks become longer for the first one that
    /// needs it.
    byte[] take(int length) {
        if (length > blockLength) {
            useBlocks(length);
        }
        held += blockLength;
        if (free.isEmpty()) {
            return new byte[blockLength];
        }
        byte[] block = free.removeLast();
        least = Math.min(least, free.size());
        return block;
    }

    void give(byte[] block) {
        held -= block.length;
        if (block.length == blockLength && !retired) {
            free.add(block);
        }
    }

    /// Makes the blocks that are taken from now on at least this long.
    public void useBlocks(int length) {
        if (length > blockLength) {
            blockLength = length;
            free.clear();
            least = 0;
        }
    }

    /// Drops the blocks that were never needed since the last call.
    public void trim() {
        free.subList(free.size() - least, free.size()).clear();
        free.trimToSize();
        least = free.size();
        long unused = (granted - held) / LOT - 1;
        if (unused > 0 && !retired) {
            granted -= unused * LOT;
            budget.give(unused * LOT);
        }
    }

    /// Returns the budget: what is still held belongs to those who hold it, until they drop it.
    public void retire() {
        if (!retired) {
            retired = true;
            budget.give(granted);
            granted = 0;
            free.clear();
            least = 0;
        }
    }

    /// How many bytes of memory conversations hold.
    public long held() {
        return held;
    }

    /// The number of blocks that lie unused.
    public int idle() {
        return free.size();
    }
}
