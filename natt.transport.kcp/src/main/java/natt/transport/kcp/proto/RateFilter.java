package natt.transport.kcp.proto;

/// The greatest delivery rate of the last rounds, in bytes per nanosecond.
final class RateFilter {
    private static final int ROUNDS = 10;

    private final double[] best = new double[ROUNDS];
    private int slot;
    private double rate;

    RateFilter() {}

    double rate() {
        return rate;
    }

    /// The greatest of the round that goes on.
    double ofRound() {
        return best[slot];
    }

    void beginRound() {
        slot = (slot + 1) % ROUNDS;
        best[slot] = 0;
    }

    void take(double sample) {
        best[slot] = Math.max(best[slot], sample);
        rate = 0;
        for (double each : best) {
            rate = Math.max(rate, each);
        }
    }

    /// Forgets what was greater.
    void limit(double most) {
        for (int i = 0; i < ROUNDS; i++) {
            best[i] = Math.min(best[i], most);
        }
        rate = Math.min(rate, most);
    }
}
