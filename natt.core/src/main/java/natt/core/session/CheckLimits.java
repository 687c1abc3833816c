package natt.core.session;

import org.jspecify.annotations.Nullable;

/// What all searches of one node together may do.
final class CheckLimits {
    /// The most checks in a second.
    private static final int CHECKS = 200;

    private static final int BURST = 20;

    /// The most sockets beside the ports' own.
    private static final int MOST_SOCKETS = 512;

    /// How long a check waits that is one too many.
    static final long PAUSE = 1_000_000_000L / CHECKS;

    private final Rate checks = new Rate(CHECKS, BURST);
    private @Nullable Object birthday;
    private int sockets;

    boolean mayCheck(long nowNanos) {
        return checks.take(nowNanos);
    }

    /// Only one search at a time may go through many ports.
    boolean beginBirthday(Object search) {
        if (birthday == null) {
            birthday = search;
        }
        return birthday == search;
    }

    void endBirthday(Object search) {
        if (birthday == search) {
            birthday = null;
        }
    }

    /// How many of so many sockets a search may have.
    int reserve(int wanted) {
        int granted = Math.clamp(MOST_SOCKETS - sockets, 0, wanted);
        sockets += granted;
        return granted;
    }

    void release(int count) {
        sockets -= count;
    }
}
