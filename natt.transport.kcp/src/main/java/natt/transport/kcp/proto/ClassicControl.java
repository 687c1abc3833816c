package natt.transport.kcp.proto;

/// KCP's own congestion control (`nc=0`): slow start up to a threshold, then about one segment a
/// round trip; half after a fast retransmission, one segment after a timeout.
final class ClassicControl implements CongestionControl {
    private static final int LEAST_THRESHOLD = 2;

    private final int mss;
    private int window = 1;
    private int threshold = LEAST_THRESHOLD;

    /// The window in bytes, which grows by less than a segment at a time.
    private int bytes;

    ClassicControl(int mss) {
        this.mss = mss;
        bytes = mss;
    }

    @Override
    public int window() {
        return window;
    }

    @Override
    public void onAcks(AckSummary acks, long nowNanos) {
        if (!acks.advanced || window >= acks.remoteWindow) {
            return;
        }
        if (window < threshold) {
            window++;
            bytes += mss;
        } else {
            bytes = Math.max(bytes, mss);
            bytes += mss * mss / bytes + mss / 16;
            if ((window + 1) * mss <= bytes) {
                window = (bytes + mss - 1) / mss;
            }
        }
        if (window > acks.remoteWindow) {
            window = acks.remoteWindow;
            bytes = window * mss;
        }
    }

    @Override
    public void onLosses(int segments, int inFlight, long nowNanos) {
        threshold = Math.max(LEAST_THRESHOLD, inFlight / 2);
        window = threshold + Flight.REORDERING_THRESHOLD;
        bytes = window * mss;
    }

    @Override
    public void onTimeout(long nowNanos) {
        threshold = Math.max(LEAST_THRESHOLD, window / 2);
        window = 1;
        bytes = mss;
    }
}
