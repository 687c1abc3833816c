package natt.core.session;

import java.util.concurrent.TimeUnit;

/// A token bucket: so many at once, and so many a second in the long run.
///
/// Kept as the time at which it will be full again, so that nothing is to be done while time
/// passes.
final class Rate {
    private final long interval;
    private final long most;
    private long fullAt;
    private boolean used;

    /// @param burst how many tokens a full bucket holds
    Rate(int perSecond, int burst) {
        if (perSecond < 1 || burst < 1) {
            throw new IllegalArgumentException(
                    "%d a second, %d at once".formatted(perSecond, burst));
        }
        interval = TimeUnit.SECONDS.toNanos(1) / perSecond;
        most = interval * (burst - 1);
    }

    /// Takes a token.
    ///
    /// @return whether there was one
    boolean take(long nowNanos) {
        long missing = used ? missing(fullAt, nowNanos) : 0;
        if (!allows(missing)) {
            return false;
        }
        fullAt = after(missing, nowNanos);
        used = true;
        return true;
    }

    /// How long it takes until a bucket is full, in nanoseconds.
    static long missing(long fullAt, long nowNanos) {
        return Math.max(0, fullAt - nowNanos);
    }

    /// Whether a bucket that misses so much has a token.
    boolean allows(long missing) {
        return missing <= most;
    }

    /// When a bucket that misses so much is full after a token was taken from it.
    long after(long missing, long nowNanos) {
        return nowNanos + missing + interval;
    }
}
