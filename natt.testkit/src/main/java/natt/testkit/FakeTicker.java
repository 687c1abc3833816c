package natt.testkit;

import natt.core.time.Ticker;

import java.time.Duration;

/// A clock that moves only when a test moves it.
public final class FakeTicker implements Ticker {
    /// One minute before the value wraps, so that every long test is also a wrap-around test.
    private long nanos = Long.MAX_VALUE - Duration.ofMinutes(1).toNanos();

    public FakeTicker() {}

    @Override
    public long nanoTime() {
        return nanos;
    }

    public void advanceTo(long laterNanos) {
        if (laterNanos - nanos < 0) {
            throw new IllegalArgumentException("time would run backwards");
        }
        nanos = laterNanos;
    }

    public void advance(Duration by) {
        advanceTo(nanos + by.toNanos());
    }
}
