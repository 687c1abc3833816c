package natt.transport.kcp.proto;

/// How far the peer lets us send, and when to ask it again while that is nowhere.
///
/// The edge only moves forward, so that a late segment cannot shut the window.
final class PeerWindow {
    /// The window of a peer that has not told one.
    static final int DEFAULT = 32;

    private static final long LONGEST_ASK = 120_000_000_000L;

    private final long firstAsk;

    /// The last oldest sn that the peer has told.
    private int una;

    /// The sn before which the peer lets us send.
    private int edge;

    private int widest = DEFAULT;
    private boolean shut;
    private long askAt;
    private long askWait;

    /// @param firstAsk after how many nanoseconds a shut window is asked for
    PeerWindow(int firstSn, long firstAsk) {
        this.firstAsk = firstAsk;
        una = firstSn;
        edge = firstSn + DEFAULT;
    }

    /// Takes what the header of a segment tells.
    void told(int peerUna, int window) {
        if (peerUna - una > 0) {
            una = peerUna;
        }
        widest = Math.max(widest, window);
        int told = peerUna + window;
        if (told - edge > 0) {
            edge = told;
        }
    }

    /// Whether the peer takes this sn.
    boolean takes(int sn) {
        return sn - edge < 0;
    }

    /// How many segments the peer allows beyond the oldest unacknowledged one, at least 1.
    int size() {
        return Math.max(1, edge - una);
    }

    /// How many segments the peer would take after this sn.
    int beyond(int sn) {
        return edge - sn;
    }

    int widest() {
        return widest;
    }

    /// Whether the peer is to be asked now for its window, having shut it or not.
    boolean asks(boolean isShut, long nowNanos) {
        if (!isShut) {
            shut = false;
        } else if (!shut) {
            shut = true;
            askWait = firstAsk;
            askAt = nowNanos + askWait;
        } else if (nowNanos - askAt >= 0) {
            askWait = Math.min(askWait + askWait / 2, LONGEST_ASK);
            askAt = nowNanos + askWait;
            return true;
        }
        return false;
    }

    /// In how many nanoseconds [#asks] has something to do.
    long nanosUntilAsk(boolean isShut, long nowNanos) {
        if (!isShut) {
            return Long.MAX_VALUE;
        }
        return shut ? askAt - nowNanos : 0;
    }

    /// Asks at once if the window is shut.
    void askAgain(long nowNanos) {
        askWait = firstAsk;
        askAt = nowNanos;
    }
}
