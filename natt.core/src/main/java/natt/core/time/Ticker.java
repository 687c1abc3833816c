package natt.core.time;

/// A monotonic clock, in nanoseconds from an arbitrary origin; values may be negative and wrap.
@FunctionalInterface
public interface Ticker {
    long nanoTime();

    /// The machine's monotonic clock.
    static Ticker system() {
        return System::nanoTime;
    }
}
