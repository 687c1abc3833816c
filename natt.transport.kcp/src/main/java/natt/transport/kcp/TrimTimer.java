package natt.transport.kcp;

import natt.transport.kcp.proto.SegmentPool;

/// When memory that rests is given back.
final class TrimTimer {
    private static final long REST_NANOS = 5_000_000_000L;

    private final SegmentPool pool;
    private boolean running;
    private long at;

    TrimTimer(SegmentPool pool) {
        this.pool = pool;
    }

    /// Starts, if there is memory that rests.
    void plan(long nowNanos) {
        if (!running && pool.idle() > 0) {
            running = true;
            at = nowNanos + REST_NANOS;
        }
    }

    void stop() {
        running = false;
    }

    /// Lets time that has passed not count.
    void postpone(long nanos) {
        at += nanos;
    }

    /// Stops and gives the pool's memory back, if it is time.
    boolean isOver(long nowNanos) {
        if (!running || nowNanos - at < 0) {
            return false;
        }
        running = false;
        pool.trim();
        return true;
    }

    long nanosUntilOver(long nowNanos) {
        return running ? at - nowNanos : Long.MAX_VALUE;
    }
}
