package natt.transport.kcp.proto;

/// Tells whether others have taken most of what was had, and keep the queue of the path from ever
/// being empty. Such others do not yield; who yields to them is left with nothing.
final class Contest {
    /// What is left of the rate when it counts as taken, and when as regained.
    private static final double TAKEN = 0.6;

    private static final double REGAINED = 0.9;

    /// In which time half is forgotten of what was had, in nanoseconds.
    private static final double HALF_LIFE = 30e9;

    /// In the first of so many cycles there is a doubt whether the queue is our own.
    private static final int DOUBT_EVERY = 6;

    private double had;
    private long hadAt;
    private boolean emptied;

    /// For so many cycles the queue has stood and little was had.
    private int cycles;

    Contest() {}

    /// Whether yielding would leave too little.
    boolean isLost() {
        return cycles > 1;
    }

    /// An acknowledgement has come.
    void take(boolean queueStands) {
        emptied |= !queueStands;
    }

    /// A cycle of probes is over.
    ///
    /// @param rate what the path is held to deliver
    /// @return whether one's own part of the queue should be drained, to see whether it is all
    boolean endCycle(double rate, long nowNanos) {
        if (had > 0) {
            had *= Math.pow(0.5, (nowNanos - hadAt) / HALF_LIFE);
        }
        had = Math.max(rate, had);
        hadAt = nowNanos;
        boolean squeezed = !emptied && rate < (isLost() ? REGAINED : TAKEN) * had;
        cycles = squeezed ? cycles + 1 : 0;
        emptied = false;
        return cycles % DOUBT_EVERY == 1;
    }
}
