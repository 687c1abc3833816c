package natt.core.session;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;

/// Offers on their way: the own one until the peer acknowledges it, the newest only; and which of
/// the peer's have been taken, since each may come more than once.
final class Offers {
    private static final long MILLI = 1_000_000;

    // What DESIGN fixes.
    private static final long[] AGAIN = {250 * MILLI, 500 * MILLI, 1000 * MILLI};

    // What natt chooses.
    private static final int MOST_SENT = 8;
    private static final int MOST_REMEMBERED = 8;

    private final ArrayDeque<Long> taken = new ArrayDeque<>();
    private @Nullable Offer outgoing;
    private int sent;
    private long nextAt;

    void send(Offer offer, long nowNanos) {
        outgoing = offer;
        sent = 0;
        nextAt = nowNanos;
    }

    void drop() {
        outgoing = null;
    }

    void acknowledged(long serial) {
        if (outgoing != null && outgoing.serial() == serial) {
            outgoing = null;
        }
    }

    /// The own offer if it is to be sent now, or null.
    @Nullable Offer poll(long nowNanos) {
        Offer next = outgoing;
        if (next == null || nextAt - nowNanos > 0) {
            return null;
        }
        nextAt = nowNanos + AGAIN[Math.min(sent, AGAIN.length - 1)];
        if (++sent == MOST_SENT) {
            outgoing = null;
        }
        return next;
    }

    /// Whether the offer just polled was sent for the first time.
    boolean isFirst() {
        return sent == 1;
    }

    boolean isTaken(Offer peers) {
        return taken.contains(peers.serial());
    }

    void noteTaken(Offer peers) {
        taken.add(peers.serial());
        if (taken.size() > MOST_REMEMBERED) {
            taken.remove();
        }
    }

    long nanosUntilTimeout(long nowNanos) {
        return outgoing == null ? Long.MAX_VALUE : nextAt - nowNanos;
    }
}
