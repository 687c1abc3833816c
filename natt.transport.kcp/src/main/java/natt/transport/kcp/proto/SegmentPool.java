package natt.transport.kcp.proto;

import java.util.ArrayList;

/// Blocks of memory for the data of segments, shared by the conversations of one port. Grows with
/// what is held, and gives back to the heap what has lain unused from one [#trim] to the next.
public final class SegmentPool {
    /// The most data that a segment can have, in bytes: a datagram of 1500, all of it KCP.
    public static final int BLOCK_LENGTH = 1500 - Segment.HEADER_LENGTH;

    /// What all conversations of a port may hold together: 64 MiB.
    static final int MOST_BLOCKS = (64 << 20) / BLOCK_LENGTH;

    private final ArrayList<byte[]> free = new ArrayList<>();

    /// The least number of free blocks since the last [#trim].
    private int least;

    private int taken;

    public SegmentPool() {}

    /// Whether nothing more may be held than what keeps conversations going.
    boolean exhausted() {
        return taken >= MOST_BLOCKS;
    }

    byte[] take() {
        taken++;
        if (free.isEmpty()) {
            return new byte[BLOCK_LENGTH];
        }
        byte[] block = free.removeLast();
        least = Math.min(least, free.size());
        return block;
    }

    void give(byte[] block) {
        taken--;
        free.add(block);
    }

    /// Drops the blocks that were never needed since the last call.
    public void trim() {
        free.subList(free.size() - least, free.size()).clear();
        free.trimToSize();
        least = free.size();
    }

    /// How many bytes of memory conversations hold.
    public long held() {
        return (long) taken * BLOCK_LENGTH;
    }

    /// The number of blocks that lie unused.
    public int idle() {
        return free.size();
    }
}
