package natt.transport.kcp.proto;

/// The least round-trip time of a path, which is its length without a queue, and whether it has
/// been seen lately. Times are in nanoseconds.
final class RoundTrips {
    private static final long MEMORY = 10_000_000_000L;
    private static final long GRANULARITY = 1_000_000;

    /// With so much more than the least, a queue stands.
    private static final double STANDING = 1.2;

    private long least;
    private long seenAt;
    private long recent;
    private boolean known;

    RoundTrips() {}

    boolean isKnown() {
        return known;
    }

    long least() {
        return least;
    }

    void take(long sample, long nowNanos) {
        if (!known || sample < least) {
            known = true;
            least = sample;
        }
        if (sample <= least + least / 32 + GRANULARITY) {
            seenAt = nowNanos;
        }
        recent = Math.min(recent, sample);
    }

    /// Whether the least has not been seen for long: perhaps the path has become longer, perhaps
    /// a queue has hidden it.
    boolean isStale(long nowNanos) {
        return known && nowNanos - seenAt >= MEMORY;
    }

    /// Begins to measure it anew.
    void beginAnew() {
        recent = Long.MAX_VALUE;
    }

    /// Takes the least since the beginning.
    void endAnew(long nowNanos) {
        if (recent != Long.MAX_VALUE) {
            least = recent;
        }
        seenAt = nowNanos;
    }

    boolean showQueue(long sample) {
        return known && sample > STANDING * least + GRANULARITY;
    }
}
