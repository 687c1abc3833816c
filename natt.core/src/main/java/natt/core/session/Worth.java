package natt.core.session;

/// How long a session is kept without a path: what has been of use for a while, much longer.
final class Worth {
    private static final long SECOND = 1_000_000_000;

    // What DESIGN fixes.
    private static final long PROVEN = 150 * SECOND;
    private static final long HELD_LONG = 12 * 3600 * SECOND;
    private static final long HELD = 60 * SECOND;

    private boolean useful;
    private long usefulAt;

    void noteUseful(long nowNanos) {
        if (!useful) {
            useful = true;
            usefulAt = nowNanos;
        }
    }

    /// For how many nanoseconds, if the path was lost at some time.
    long held(long lostAt) {
        return useful && lostAt - usefulAt >= PROVEN ? HELD_LONG : HELD;
    }
}
