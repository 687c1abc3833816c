package natt.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Duration;

class FakeTickerTests {

    private final FakeTicker ticker = new FakeTicker();

    @Test
    void valuesWrapAfterAMinute() {
        long start = ticker.nanoTime();
        ticker.advance(Duration.ofSeconds(61));
        assertTrue(start > 0 && ticker.nanoTime() < 0);
        assertEquals(Duration.ofSeconds(61).toNanos(), ticker.nanoTime() - start);
    }

    @Test
    void timeDoesNotRunBackwards() {
        long earlier = ticker.nanoTime() - 1;
        assertThrows(IllegalArgumentException.class, () -> ticker.advanceTo(earlier));
    }
}
