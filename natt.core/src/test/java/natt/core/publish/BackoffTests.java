package natt.core.publish;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;

class BackoffTests {
    private final Backoff backoff = new Backoff(new SplittableRandom(7));

    @Test
    void theCeilingDoublesFromOneSecondToFiveMinutes() {
        for (int failures = 0; failures < 100; failures++) {
            Duration wait = backoff.failed(Optional.empty());
            long ceiling = Math.min(300_000, 1000L << Math.min(failures, 20));
            assertTrue(wait.toMillis() >= 1 && wait.toMillis() <= ceiling, wait + " > " + ceiling);
        }
    }

    @Test
    void neverEarlierThanTheServiceAsked() {
        for (int i = 0; i < 100; i++) {
            Duration wait = backoff.failed(Optional.of(Duration.ofMinutes(4)));
            assertTrue(wait.compareTo(Duration.ofMinutes(4)) >= 0, wait.toString());
        }
    }

    @Test
    void successStartsItAnew() {
        for (int i = 0; i < 20; i++) {
            backoff.failed(Optional.empty());
        }
        backoff.succeeded();
        assertTrue(backoff.failed(Optional.empty()).compareTo(Duration.ofSeconds(1)) <= 0);
        assertEquals(0, backoff.failed(Optional.empty()).toSeconds() / 2);
    }
}
