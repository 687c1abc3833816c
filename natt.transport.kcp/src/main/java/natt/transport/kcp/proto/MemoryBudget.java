package natt.transport.kcp.proto;

import java.util.concurrent.atomic.AtomicLong;

/// How much memory the pools of several engines may hold together. Engines on different threads
/// may share one: pools take and return it in lots, so they seldom meet here.
public final class MemoryBudget {
    private final AtomicLong left;

    /// @param bytes how much there is
    public MemoryBudget(long bytes) {
        left = new AtomicLong(bytes);
    }

    /// Takes a lot, unless it is more than there is left.
    boolean take(long bytes) {
        long before = left.get();
        while (before >= bytes) {
            if (left.compareAndSet(before, before - bytes)) {
                return true;
            }
            before = left.get();
        }
        return false;
    }

    void give(long bytes) {
        left.addAndGet(bytes);
    }

    /// What nobody has taken, in bytes.
    public long left() {
        return left.get();
    }
}
