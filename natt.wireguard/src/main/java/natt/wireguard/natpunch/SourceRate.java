package natt.wireguard.natpunch;

import java.net.InetAddress;
import java.util.LinkedHashMap;

/// A token bucket for each source of handshakes. At most 1024 sources are known; the one that has
/// been silent for longest is forgotten first.
final class SourceRate {
    static final int CAPACITY = 1024;

    private final Bucket rate;
    private final LinkedHashMap<InetAddress, Long> fullAt = new LinkedHashMap<>();

    SourceRate(Bucket rate) {
        this.rate = rate;
    }

    /// A token bucket, kept elsewhere as the time at which it will be full again.
    record Bucket(long intervalNanos, int burst) {
        /// When it will be full after a token was taken, or `fullAt` itself if there was none.
        long take(long fullAt, long nowNanos) {
            long missing = Math.max(0, fullAt - nowNanos);
            return missing > intervalNanos * (burst - 1)
                    ? fullAt
                    : nowNanos + missing + intervalNanos;
        }
    }

    /// Takes a token from a source's bucket; whether there was one.
    boolean take(InetAddress source, long nowNanos) {
        Long known = fullAt.remove(source);
        long before = known == null ? nowNanos : known;
        long after = rate.take(before, nowNanos);
        if (fullAt.size() >= CAPACITY) {
            fullAt.pollFirstEntry();
        }
        fullAt.put(source, after);
        return after != before;
    }
}
