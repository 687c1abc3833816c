package natt.testkit;

import java.util.Arrays;

/// Counts packets, in all and within any one second.
final class SimRate {
    private static final long SECOND_NANOS = 1_000_000_000L;

    /// The times of the last second's packets, in a ring.
    private long[] times = new long[64];

    private int first;
    private int recent;
    private int most;
    private long total;

    void count(long nowNanos) {
        while (recent > 0 && nowNanos - times[first] >= SECOND_NANOS) {
            first = (first + 1) % times.length;
            recent--;
        }
        if (recent == times.length) {
            grow();
        }
        times[(first + recent) % times.length] = nowNanos;
        recent++;
        total++;
        most = Math.max(most, recent);
    }

    int most() {
        return most;
    }

    long total() {
        return total;
    }

    /// Begins to look for the most anew.
    void forgetMost() {
        most = 0;
        recent = 0;
    }

    private void grow() {
        long[] larger = Arrays.copyOf(times, 2 * times.length);
        System.arraycopy(times, first, larger, 0, times.length - first);
        System.arraycopy(times, 0, larger, times.length - first, first);
        times = larger;
        first = 0;
    }
}
