package natt.dns.cloudflare;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;

/// Keeps calls within what natt allows itself and what the service asked for.
///
/// The service allows 1,200 calls in five minutes to all users of a token together and then
/// blocks them all for five minutes; natt, which writes on change only, takes 12 a minute.
final class Throttle {
    static final int CALLS = 12;
    static final Duration WINDOW = Duration.ofMinutes(1);

    /// No service keeps natt away for longer than this.
    private static final Duration LONGEST_PAUSE = Duration.ofDays(1);

    private final ArrayDeque<Long> started = new ArrayDeque<>();
    private Optional<Long> pausedUntil = Optional.empty();

    /// Remembers that the service asked not to be called for this long, and returns for how
    /// long natt heeds it.
    Duration pause(Duration length, long nowNanos) {
        Duration heeded = length.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : length;
        pausedUntil = Optional.of(nowNanos + heeded.toNanos());
        return heeded;
    }

    /// Returns for how much longer the service asked not to be called.
    Optional<Duration> paused(long nowNanos) {
        return pausedUntil
                .map(until -> Duration.ofNanos(until - nowNanos))
                .filter(Duration::isPositive);
    }

    /// Counts a call that starts now, or returns how long to wait for a place.
    Optional<Duration> take(long nowNanos) {
        while (!started.isEmpty() && nowNanos - started.getFirst() >= WINDOW.toNanos()) {
            started.removeFirst();
        }
        if (started.size() >= CALLS) {
            return Optional.of(
                    Duration.ofNanos(WINDOW.toNanos() - (nowNanos - started.getFirst())));
        }
        started.addLast(nowNanos);
        return Optional.empty();
    }
}
