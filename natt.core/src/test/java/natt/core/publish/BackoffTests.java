package natt.core.publish;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.publish.Backoff.Pause;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.PublishException.Kind;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;

class BackoffTests {
    private final Backoff backoff = new Backoff(new SplittableRandom(7));

    @Test
    void theCeilingDoublesFromOneSecondToOneMinute() {
        for (int failures = 0; failures < 100; failures++) {
            Duration wait = backoff.failed(Optional.empty());
            long ceiling = Math.min(60_000, 1000L << Math.min(failures, 20));
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

    private static PublishException refusal(Optional<Duration> retryAfter) {
        return new PublishException(Kind.REFUSED, "refused", retryAfter);
    }

    @Test
    void changedRecordsProvokeARefusalAtMostOnceAMinute() {
        long second = 1_000_000_000;
        long now = Long.MAX_VALUE - second;
        var backoff = new Backoff(new SplittableRandom(1));
        Pause first = backoff.after(refusal(Optional.empty()), now);
        assertTrue(first.ifChanged().isNegative() || first.ifChanged().isZero());
        assertEquals(Duration.ofMinutes(5), first.otherwise());
        Pause second5 = backoff.after(refusal(Optional.empty()), now + 5 * second);
        assertEquals(Duration.ofSeconds(55), second5.ifChanged());
        Pause later = backoff.after(refusal(Optional.empty()), now + 65 * second);
        assertTrue(later.ifChanged().isNegative() || later.ifChanged().isZero());
    }

    @Test
    void whatTheServiceAskedForHoldsForChangedRecordsToo() {
        Optional<Duration> tenMinutes = Optional.of(Duration.ofMinutes(10));
        var backoff = new Backoff(new SplittableRandom(1));
        Pause refused = backoff.after(refusal(tenMinutes), 0);
        assertEquals(new Pause(Duration.ofMinutes(10), Duration.ofMinutes(10)), refused);
        var away = new PublishException(Kind.UNAVAILABLE, "away", tenMinutes);
        assertEquals(refused, backoff.after(away, 0));
    }
}
