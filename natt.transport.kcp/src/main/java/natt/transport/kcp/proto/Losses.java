package natt.transport.kcp.proto;

/// Tells losses by chance from those of a full queue: chance does not wait for a queue. Counts
/// segments round by round.
final class Losses {
    /// What more than chance may be lost in a round.
    private static final double TOLERANCE = 0.02;

    private static final int FEWEST = 3;

    private int calmDelivered;
    private int calmLost;
    private int queuedDelivered;
    private int queuedLost;
    private double byChance;
    private boolean known;

    Losses() {}

    void delivered(int segments, boolean queue) {
        if (queue) {
            queuedDelivered += segments;
        } else {
            calmDelivered += segments;
        }
    }

    void lost(int segments, boolean queue) {
        if (queue) {
            queuedLost += segments;
        } else {
            calmLost += segments;
        }
    }

    /// The part that is lost by chance.
    double byChance() {
        return byChance;
    }

    /// The part of the round that was lost while a queue stood.
    double queuedShare() {
        int all = queuedDelivered + queuedLost + calmDelivered + calmLost;
        return all == 0 ? 0 : (double) queuedLost / all;
    }

    /// Whether the queue of the path was full in this round.
    boolean queueOverflowed() {
        int all = queuedDelivered + queuedLost;
        double expected = byChance * all;
        double beyond = queuedLost - expected;
        return beyond > TOLERANCE * all && beyond > FEWEST + 3 * Math.sqrt(expected);
    }

    void endRound() {
        int calm = calmDelivered + calmLost;
        if (calm > 0) {
            double weight = known ? 0.25 * calm / (calm + queuedDelivered + queuedLost) : 0.25;
            byChance += weight * ((double) calmLost / calm - byChance);
            known = true;
        }
        calmDelivered = 0;
        calmLost = 0;
        queuedDelivered = 0;
        queuedLost = 0;
    }
}
