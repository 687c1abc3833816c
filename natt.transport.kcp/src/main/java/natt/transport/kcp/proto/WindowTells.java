package natt.transport.kcp.proto;

/// When to tell the peer that this side's window, almost shut, is open again: at once and a few
/// times more at growing distance, until data arrives.
final class WindowTells {
    private static final int TELLS = 3;
    private static final long FIRST_AGAIN = 250_000_000;

    private int lastTold;
    private int left;
    private long at;
    private long wait;

    WindowTells(int window) {
        lastTold = window;
    }

    /// Notes which window has just been told.
    void told(int window) {
        lastTold = window;
    }

    /// Whether to tell the window now, because reading has opened it.
    boolean opens(int window, int limit, long nowNanos) {
        if (lastTold >= limit / 4 || window < limit / 2) {
            return false;
        }
        lastTold = window;
        left = TELLS - 1;
        wait = FIRST_AGAIN;
        at = nowNanos + wait;
        return true;
    }

    /// Notes that data has arrived: the peer knows.
    void heard() {
        left = 0;
    }

    /// Whether to tell the window again now.
    boolean again(long nowNanos) {
        if (left == 0 || nowNanos - at < 0) {
            return false;
        }
        left--;
        wait *= 2;
        at = nowNanos + wait;
        return true;
    }

    long nanosUntilAgain(long nowNanos) {
        return left > 0 ? at - nowNanos : Long.MAX_VALUE;
    }

    /// Lets the time until the next start anew.
    void postpone(long nowNanos) {
        at = nowNanos + wait;
    }
}
