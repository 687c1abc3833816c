package natt.core.publish;

import natt.core.spi.DnsProvider.PublishException;

import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// How long to wait before trying again: full jitter under a ceiling that doubles from one second
/// to one minute, so that a service that is back is used within that time, and never earlier
/// than it asked.
public final class Backoff {
    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofMinutes(1);

    /// After a refusal nothing changes by itself, but a person may have mended the token.
    private static final Duration AFTER_REFUSAL = Duration.ofMinutes(5);

    /// Other records may fare better than those refused, but a refusal is not provoked more often.
    private static final Duration BETWEEN_REFUSALS = Duration.ofMinutes(1);

    /// How long to wait before the next attempt.
    ///
    /// @param ifChanged if other records are wanted by then
    record Pause(Duration ifChanged, Duration otherwise) {}

    private final RandomGenerator random;
    private int failures;
    private boolean refused;
    private long refusedAt;

    public Backoff(RandomGenerator random) {
        this.random = random;
    }

    public void succeeded() {
        failures = 0;
    }

    /// Counts one more failure and returns the pause after it.
    Pause after(PublishException failure, long nowNanos) {
        Duration wait = failed(failure.retryAfter());
        if (failure.kind() == PublishException.Kind.UNAVAILABLE) {
            return new Pause(wait, wait);
        }
        Duration since = Duration.ofNanos(refused ? nowNanos - refusedAt : Long.MAX_VALUE);
        refused = true;
        refusedAt = nowNanos;
        Duration asked = failure.retryAfter().orElse(Duration.ZERO);
        return new Pause(longer(asked, BETWEEN_REFUSALS.minus(since)), longer(wait, AFTER_REFUSAL));
    }

    private static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) >= 0 ? a : b;
    }

    /// Counts one more failure and returns the wait.
    public Duration failed(Optional<Duration> retryAfter) {
        long ceiling = Math.min(LONGEST.toMillis(), FIRST.toMillis() << Math.min(failures, 20));
        failures++;
        Duration wait = Duration.ofMillis(1 + random.nextLong(ceiling));
        return retryAfter.filter(asked -> asked.compareTo(wait) > 0).orElse(wait);
    }
}
