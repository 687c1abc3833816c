package natt.core.session;

import natt.core.CloseCode;

/// What a session that has ended still says: that it has, and why, again when the peer may have
/// missed it.
final class Farewell {
    private static final long MILLI = 1_000_000;

    /// How long the keys of a session that this side has closed still tell so.
    private static final long LIFE = 3000 * MILLI;

    private static final long[] AGAIN = {250 * MILLI, 1000 * MILLI};

    private CloseCode code = CloseCode.UNSPECIFIED;
    private long endedAt;
    private int left;

    void ended(long nowNanos) {
        endedAt = nowNanos;
    }

    /// This side has ended it, so that the peer is to be told.
    void tell(CloseCode why) {
        code = why;
        left = AGAIN.length;
    }

    CloseCode code() {
        return code;
    }

    /// Whether it is to be said again now.
    boolean isDue(long nowNanos) {
        boolean due = false;
        while (nanosUntilAgain(nowNanos) <= 0) {
            left--;
            due = true;
        }
        return due;
    }

    private long nanosUntilAgain(long nowNanos) {
        return left == 0 ? Long.MAX_VALUE : endedAt + AGAIN[AGAIN.length - left] - nowNanos;
    }

    boolean isOver(long nowNanos) {
        return nowNanos - endedAt >= LIFE;
    }

    long nanosUntilTimeout(long nowNanos) {
        return Math.min(endedAt + LIFE - nowNanos, nanosUntilAgain(nowNanos));
    }
}
