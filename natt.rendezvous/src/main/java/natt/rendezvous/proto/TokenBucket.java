package natt.rendezvous.proto;

/// A token bucket: so many at once, and so many a second in the long run.
///
/// Kept as the time at which it will be full again, so that nothing is to be done while time
/// passes.
final class TokenBucket {
    private static final long SECOND = 1_000_000_000;

    private final double interval;
    private final long most;
    private long fullAt;

    /// @param perSecond at least 1
    /// @param burst how many tokens a full bucket holds
    TokenBucket(long perSecond, long burst, long nowNanos) {
        interval = (double) SECOND / perSecond;
        most = (long) (interval * burst);
        fullAt = nowNanos;
    }

    /// Takes tokens, all or none.
    ///
    /// @return whether there were so many
    boolean take(long tokens, long nowNanos) {
        long missing = Math.max(0, fullAt - nowNanos) + (long) (interval * tokens);
        if (missing > most) {
            return false;
        }
        fullAt = nowNanos + missing;
        return true;
    }

    boolean take(long nowNanos) {
        return take(1, nowNanos);
    }
}
