package natt.tun.packet;

/// How many errors may be sent: so many at once, and so many a second.
final class ErrorRate {
    private static final long SECOND = 1_000_000_000;

    private final long nanosEach;
    private final long mostNanos;
    private long nanos;
    private long atNanos;
    private boolean any;

    ErrorRate(int perSecond, int burst) {
        nanosEach = SECOND / perSecond;
        mostNanos = nanosEach * burst;
    }

    boolean allows(long nowNanos) {
        nanos =
                any
                        ? Math.min(mostNanos, nanos + Math.min(mostNanos, nowNanos - atNanos))
                        : mostNanos;
        any = true;
        atNanos = nowNanos;
        if (nanos < nanosEach) {
            return false;
        }
        nanos -= nanosEach;
        return true;
    }
}
