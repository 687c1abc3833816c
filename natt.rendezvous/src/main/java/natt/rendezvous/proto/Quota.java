package natt.rendezvous.proto;

/// What is relayed on behalf of one key.
final class Quota {
    private static final long DAY = 24 * 3600 * 1_000_000_000L;

    /// How many seconds of its rate a key may use at once.
    private static final int BURST_SECONDS = 2;

    /// Whether something may be relayed.
    enum Verdict {
        OK,
        /// Not this moment.
        TOO_FAST,
        /// Not today.
        USED_UP,
        /// Never.
        NOT_ALLOWED;

        /// What two together say: the one that is easier to mend.
        Verdict or(Verdict other) {
            return ordinal() < other.ordinal() ? this : other;
        }
    }

    private final Limits limits;
    private final TokenBucket bucket;
    private long dayBegan;
    private long today;
    private long total;

    Quota(Limits limits, long nowNanos) {
        this.limits = limits;
        bucket =
                new TokenBucket(
                        limits.relayPerSecond(), BURST_SECONDS * limits.relayPerSecond(), nowNanos);
        dayBegan = nowNanos;
    }

    Verdict take(int bytes, long nowNanos) {
        if (nowNanos - dayBegan >= DAY) {
            dayBegan = nowNanos;
            today = 0;
        }
        if (today + bytes > limits.relayPerDay()) {
            return Verdict.USED_UP;
        }
        if (!bucket.take(bytes, nowNanos)) {
            return Verdict.TOO_FAST;
        }
        today += bytes;
        total += bytes;
        return Verdict.OK;
    }

    /// In bytes, of this day.
    long today() {
        return today;
    }

    /// In bytes, since the start.
    long total() {
        return total;
    }
}
