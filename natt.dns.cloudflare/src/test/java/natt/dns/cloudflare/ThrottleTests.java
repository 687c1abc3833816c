package natt.dns.cloudflare;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.testkit.FakeTicker;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;

class ThrottleTests {
    private final Throttle throttle = new Throttle();
    private final FakeTicker clock = new FakeTicker();

    @Test
    void noMinuteHoldsMoreThanTwelveCalls() {
        var taken = new ArrayList<Long>();
        for (int second = 0; second < 600; second++) {
            if (throttle.take(clock.nanoTime()).isEmpty()) {
                taken.add(clock.nanoTime());
            }
            clock.advance(Duration.ofSeconds(1));
        }
        assertEquals(120, taken.size());
        for (int i = Throttle.CALLS; i < taken.size(); i++) {
            long span = taken.get(i) - taken.get(i - Throttle.CALLS);
            assertEquals(true, span >= Duration.ofMinutes(1).toNanos());
        }
    }

    @Test
    void theWaitIsUntilTheOldestCallIsAMinuteOld() {
        for (int i = 0; i < Throttle.CALLS; i++) {
            assertEquals(Optional.empty(), throttle.take(clock.nanoTime()));
            clock.advance(Duration.ofSeconds(1));
        }
        assertEquals(Optional.of(Duration.ofSeconds(48)), throttle.take(clock.nanoTime()));
    }

    @Test
    void aPauseEndsOnTimeAlsoWhereTheClockWraps() {
        throttle.pause(Duration.ofMinutes(5), clock.nanoTime());
        clock.advance(Duration.ofMinutes(4));
        assertEquals(Optional.of(Duration.ofMinutes(1)), throttle.paused(clock.nanoTime()));
        clock.advance(Duration.ofMinutes(1));
        assertEquals(Optional.empty(), throttle.paused(clock.nanoTime()));
    }
}
