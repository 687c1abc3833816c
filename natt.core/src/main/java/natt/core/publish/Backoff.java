package natt.core.publish;

import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// How long to wait before trying again: full jitter under a ceiling that doubles from one second
/// to five minutes, and never earlier than the service asked.
public final class Backoff {
    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofMinutes(5);

    private final RandomGenerator random;
    private int failures;

    public Backoff(RandomGenerator random) {
        this.random = random;
    }

    public void succeeded() {
        failures = 0;
    }

    /// Counts one more failure and returns the wait.
    public Duration failed(Optional<Duration> retryAfter) {
        long ceiling = Math.min(LONGEST.toMillis(), FIRST.toMillis() << Math.min(failures, 20));
        failures++;
        Duration wait = Duration.ofMillis(1 + random.nextLong(ceiling));
        return retryAfter.filter(asked -> asked.compareTo(wait) > 0).orElse(wait);
    }
}
