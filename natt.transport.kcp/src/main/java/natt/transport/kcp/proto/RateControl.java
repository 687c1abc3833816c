package natt.transport.kcp.proto;

/// Congestion control by a model of the path, in the manner of BBR: the greatest delivery rate
/// of the last rounds and the least round-trip time make the window, twice their product, and
/// the pace. Loss alone changes nothing, so that random loss costs only itself.
///
/// Rates are in bytes per nanosecond.
final class RateControl implements CongestionControl {
    /// Segments at first, sent over one round trip.
    private static final int FIRST_WINDOW = 128;

    private static final int LEAST_WINDOW = 16;
    private static final int TIMEOUT_WINDOW = 4;

    private static final double MARGIN = 0.99;
    private static final double START_GAIN = 2.77;
    private static final double DRAIN_GAIN = 0.35;
    private static final double WINDOW_GAIN = 2;

    /// One probe for more, one round to drain what it queued, then rounds at the rate.
    private static final double[] CYCLE = {1.25, 0.75, 1, 1, 1, 1, 1, 1};

    /// Start-up ends after so many rounds without this growth.
    private static final int FULL_ROUNDS = 3;

    private static final double GROWTH = 1.25;

    /// Start-up also ends when more than this part of a round is lost while a queue stands.
    private static final double OVERSHOOT_LOSS = 0.08;

    private static final double STANDING_QUEUE = 1.2;

    /// How much more is sent, at most, to make up for loss that no queue explains.
    private static final double MOST_COMPENSATION = 0.3;

    private static final int FILTER_ROUNDS = 10;
    private static final long LEAST_RTT_AGE = 10_000_000_000L;
    private static final long UNKNOWN_RTT = 50_000_000;
    private static final long GRANULARITY = 1_000_000;

    private enum Mode {
        START,
        DRAIN,
        CRUISE
    }

    private int segmentLength;
    private final int mostWindow;
    private final double[] best = new double[FILTER_ROUNDS];
    private int bestSlot;
    private boolean measured;
    private double rate;

    private long leastRtt;
    private long leastRttAt;
    private boolean rttKnown;

    /// See [AckSummary#usualRttNanos].
    private long usualRtt;

    /// How long the peer may hold an acknowledgement back.
    private long ackDelay;

    private Mode mode = Mode.START;
    private boolean timedOut;
    private int cycle;
    private long cycleAt;

    private long roundEnds;
    private int roundAcked;
    private int roundLost;
    private double lossShare;
    private double fullRate;
    private int fullRounds;
    private int window = FIRST_WINDOW;

    /// @param ackDelay how long the peer may hold an acknowledgement back
    /// @param mostWindow the most segments in flight
    RateControl(int mss, long ackDelay, int mostWindow) {
        this.mostWindow = mostWindow;
        segmentLength = mss + Segment.HEADER_LENGTH;
        this.ackDelay = ackDelay;
    }

    @Override
    public int window() {
        return timedOut ? TIMEOUT_WINDOW : window;
    }

    @Override
    public double bytesPerSecond() {
        return rate * 1e9;
    }

    @Override
    public void useSegments(int mss) {
        segmentLength = mss + Segment.HEADER_LENGTH;
    }

    @Override
    public void onRoundTrip(long rttNanos, long nowNanos) {
        if (!rttKnown || rttNanos <= leastRtt || nowNanos - leastRttAt >= LEAST_RTT_AGE) {
            rttKnown = true;
            leastRtt = rttNanos;
            leastRttAt = nowNanos;
        }
    }

    @Override
    public void peerAcknowledgesAtOnce() {
        ackDelay = 0;
    }

    @Override
    public long paceNanos(int bytes) {
        return (long) (bytes / (pacingRate() * gain()));
    }

    /// Before the first measurement: the first window over the round trip. An application that
    /// sends little tells nothing about the path, so the pace never falls below a few segments
    /// a round trip.
    private double pacingRate() {
        double least = (double) LEAST_WINDOW * segmentLength / roundTrip();
        return measured ? Math.max(MARGIN * rate, least) : firstRate();
    }

    private double firstRate() {
        return (double) FIRST_WINDOW * segmentLength / roundTrip();
    }

    private long roundTrip() {
        if (!rttKnown) {
            return UNKNOWN_RTT;
        }
        return Math.max(leastRtt, usualRtt) + GRANULARITY;
    }

    private double gain() {
        return switch (mode) {
            case START -> measured ? START_GAIN : 1;
            case DRAIN -> DRAIN_GAIN;
            case CRUISE -> CYCLE[cycle] * (1 + Math.min(lossShare, MOST_COMPENSATION));
        };
    }

    @Override
    public void onAcks(AckSummary acks, long nowNanos) {
        timedOut = false;
        roundAcked += acks.segments;
        usualRtt = acks.usualRttNanos;
        if (acks.rttNanos > 0) {
            onRoundTrip(acks.rttNanos, nowNanos);
        }
        boolean roundOver = false;
        if (acks.intervalNanos > 0) {
            if (acks.deliveredBefore - roundEnds >= 0) {
                roundOver = true;
                roundEnds = acks.delivered;
            }
            takeSample(acks, roundOver);
        }
        advance(acks, roundOver, nowNanos);
        if (roundOver) {
            boolean queueStands = acks.rttNanos > STANDING_QUEUE * leastRtt + GRANULARITY;
            double share = queueStands ? 0 : (double) roundLost / (roundAcked + roundLost);
            lossShare += (share - lossShare) / 4;
            roundAcked = 0;
            roundLost = 0;
        }
        resize();
    }

    private void takeSample(AckSummary acks, boolean roundOver) {
        long interval =
                Math.max(acks.intervalNanos, rttKnown ? Math.max(leastRtt, 3 * usualRtt / 4) : 1);
        double sample = (double) (acks.delivered - acks.deliveredBefore) / interval;
        if (acks.applicationLimited && (sample <= rate || !measured && sample <= firstRate())) {
            return;
        }
        measured = true;
        if (roundOver) {
            bestSlot = (bestSlot + 1) % FILTER_ROUNDS;
            best[bestSlot] = 0;
        }
        best[bestSlot] = Math.max(best[bestSlot], sample);
        rate = 0;
        for (double each : best) {
            rate = Math.max(rate, each);
        }
    }

    private void advance(AckSummary acks, boolean roundOver, long nowNanos) {
        switch (mode) {
            case START -> {
                if (roundOver && !acks.applicationLimited && isFull(acks)) {
                    mode = Mode.DRAIN;
                }
            }
            case DRAIN -> {
                if (acks.inFlight <= target(1)) {
                    mode = Mode.CRUISE;
                    cycle = 2;
                    cycleAt = nowNanos;
                }
            }
            case CRUISE -> {
                boolean over = nowNanos - cycleAt >= roundTrip();
                boolean drained = cycle == 1 && acks.inFlight <= target(1);
                if (over || drained) {
                    cycle = (cycle + 1) % CYCLE.length;
                    cycleAt = nowNanos;
                }
            }
        }
    }

    private boolean isFull(AckSummary acks) {
        boolean queueStands = acks.rttNanos > STANDING_QUEUE * leastRtt + GRANULARITY;
        if (acks.usualRttNanos == 0
                && queueStands
                && roundLost > OVERSHOOT_LOSS * (roundAcked + roundLost)) {
            return true;
        }
        if (rate >= GROWTH * fullRate) {
            fullRate = rate;
            fullRounds = 0;
            return false;
        }
        return ++fullRounds >= FULL_ROUNDS;
    }

    private void resize() {
        if (measured) {
            double gain = mode == Mode.START ? START_GAIN : WINDOW_GAIN;
            int least = mode == Mode.START ? FIRST_WINDOW : LEAST_WINDOW;
            window = Math.clamp(target(gain), least, mostWindow);
        }
    }

    /// A multiple of what fills the path, in segments.
    private int target(double gain) {
        return (int) Math.ceil(gain * rate * (roundTrip() + ackDelay) / segmentLength);
    }

    @Override
    public void onLosses(int segments, int inFlight, long nowNanos) {
        roundLost += segments;
    }

    @Override
    public void onTimeout(long nowNanos) {
        timedOut = true;
    }
}
