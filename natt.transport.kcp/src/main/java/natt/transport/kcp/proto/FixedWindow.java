package natt.transport.kcp.proto;

/// No congestion control (`nc=1`): so many segments may be in flight, whatever becomes of them.
final class FixedWindow implements CongestionControl {
    private final int window;

    FixedWindow(int window) {
        this.window = window;
    }

    @Override
    public int window() {
        return window;
    }

    @Override
    public long paceNanos(int bytes) {
        return 0;
    }

    @Override
    public double bytesPerSecond() {
        return 0;
    }

    @Override
    public void useSegments(int mss) {
        // The window counts segments.
    }

    @Override
    public void onRoundTrip(long rttNanos, long nowNanos) {
        // Nothing changes the window.
    }

    @Override
    public void peerAcknowledgesAtOnce() {
        // Nothing changes the window.
    }

    @Override
    public void onAcks(AckSummary acks, long nowNanos) {
        // Nothing changes the window.
    }

    @Override
    public void onLosses(int segments, int inFlight, long nowNanos) {
        // Nothing changes the window.
    }

    @Override
    public void onTimeout(long nowNanos) {
        // Nothing changes the window.
    }
}
