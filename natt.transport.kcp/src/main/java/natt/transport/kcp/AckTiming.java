package natt.transport.kcp;

/// When the acknowledgements of a session leave: at once, but one datagram of them for many where
/// data arrives without a pause. What a datagram brings that is shorter than the one before, or
/// comes after a pause, is answered at once: the end of a message, a keystroke. So is what
/// something later has overtaken: it was sent again, or the path mixes things up, of which the
/// sender learns.
///
/// The sender goes at a pace of its own and needs no acknowledgement to send more, so it loses
/// nothing but the time, which is short beside the round trips at which it matters.
final class AckTiming {
    /// Datagrams that arrive at less than this distance are bulk, in nanoseconds. At a lower rate
    /// than this means, waiting would save nothing.
    private static final long DENSE = 500_000;

    private static final long LONGEST_WAIT = 1_000_000;
    private static final int MOST_WAITING = 16;

    /// While something is missing: what the sender learns of the path then comes in small pieces.
    private static final int MOST_WAITING_AFTER_LOSS = 4;

    /// A late datagram weighs as much as so many in their order: where a third are late, nothing
    /// waits.
    private static final int LATE_WEIGHT = 2;

    private static final int MOST_UNREST = 64;

    private int waiting;
    private long dueAt;
    private boolean any;
    private long lastAt;
    private int lastLength;

    /// How many datagrams must come in their order before any waits again.
    private int unrest;

    AckTiming() {}

    /// Notes a datagram that brought something to acknowledge.
    ///
    /// @param late whether it came after something that was sent later
    /// @param inOrder whether nothing before it is missing
    void arrived(int length, boolean late, boolean inOrder, long nowNanos) {
        unrest = late ? Math.min(unrest + LATE_WEIGHT, MOST_UNREST) : Math.max(0, unrest - 1);
        boolean dense = any && nowNanos - lastAt < DENSE && length >= lastLength;
        any = true;
        lastAt = nowNanos;
        lastLength = length;
        waiting++;
        if (unrest > 0 || !dense || waiting >= (inOrder ? MOST_WAITING : MOST_WAITING_AFTER_LOSS)) {
            dueAt = nowNanos;
        } else if (waiting == 1) {
            dueAt = nowNanos + LONGEST_WAIT;
        }
    }

    /// Notes that all acknowledgements have left.
    void left() {
        waiting = 0;
    }

    boolean isWaiting() {
        return waiting > 0;
    }

    boolean isDue(long nowNanos) {
        return waiting > 0 && nowNanos - dueAt >= 0;
    }

    /// In how many nanoseconds acknowledgements are due; NEVER if there are none.
    long nanosUntilDue(long nowNanos) {
        return waiting == 0 ? Long.MAX_VALUE : dueAt - nowNanos;
    }
}
