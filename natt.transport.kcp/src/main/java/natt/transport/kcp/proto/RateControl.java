package natt.transport.kcp.proto;

/// Congestion control by a model of the path, in the manner of BBR: the greatest delivery rate
/// of the last rounds and the least round-trip time make the window and the pace. Loss by chance
/// costs only itself; a queue that overflows lowers the rate to what arrives.
///
/// Rates are in bytes per nanosecond.
final class RateControl implements CongestionControl {
    /// Segments at first, sent over one round trip.
    private static final int FIRST_WINDOW = 128;

    private static final int LEAST_WINDOW = 16;
    private static final int TIMEOUT_WINDOW = 4;

    private static final double MARGIN = 0.97;

    /// Where others do not yield.
    private static final double CONTESTED_MARGIN = 1.03;

    /// Where many overtake others, rates seem greater than they are.
    private static final double MIXED_UP_MARGIN = 0.92;

    private static final double START_GAIN = 2.77;
    private static final double DRAIN_GAIN = 0.35;

    /// What a window has beyond what fills the path, at most as much again: so long may others
    /// be late, and so much of a queue may be ours.
    private static final long MOST_BEYOND = 25_000_000;

    /// One probe for more, one round to drain what it queued, then rounds at the rate.
    private static final double[] CYCLE = {1.25, 0.75, 1, 1, 1, 1, 1, 1};

    private static final int PROBE = 0;
    private static final int DRAIN_PROBE = 1;
    private static final int LAST_TO_SEE = 3;

    /// Start-up ends after so many rounds without this growth.
    private static final int FULL_ROUNDS = 3;

    private static final double GROWTH = 1.25;

    /// A probe that finds this growth finds more: start-up begins again.
    private static final double FOUND = 1.15;

    /// Start-up also ends when more than this part of a round is lost while a queue stands.
    private static final double OVERSHOOT_LOSS = 0.08;

    /// A probe is for so many segments a round trip at least: who has little gains more of it than
    /// who has much, so that flows come to share.
    private static final int PROBE_SEGMENTS = 16;

    private static final double MOST_PROBE_GAIN = 2;

    /// How often an overflow lowers the rate at most: not all who share the queue yield to it.
    private static final long YIELD_EVERY = 2_000_000_000L;

    /// What an overflow leaves of the rate at least.
    private static final double OVERFLOW = 0.85;

    /// With less than this part of the rate arriving through a queue, again and again, the path
    /// has become slower.
    private static final double SLOWER = 0.5;

    /// How much more is sent, at most, to make up for loss that no queue explains.
    private static final double MOST_COMPENSATION = 0.3;

    /// What is left in flight, of what fills the path, to see the least round-trip time, and for
    /// how long.
    private static final double LOOK_GAIN = 0.5;

    private static final long LOOK_TIME = 100_000_000;

    /// From this rate on, 200 Mbit/s, datagrams leave in runs of a quarter of a millisecond, as far
    /// as one system call goes. Longer ones make rates seem greater than they are.
    private static final double FAST = 25e-3;

    private static final double RUN_TIME = 250e3;
    private static final int LONGEST_RUN = 64 << 10;

    private static final long UNKNOWN_RTT = 50_000_000;
    private static final long GRANULARITY = 1_000_000;

    private enum Mode {
        START,
        DRAIN,
        CRUISE,
        LOOK
    }

    private int segmentLength;
    private final int mostWindow;
    private final RateFilter filter = new RateFilter();
    private final RoundTrips roundTrips = new RoundTrips();
    private final Losses losses = new Losses();
    private final Contest contest = new Contest();
    private boolean measured;

    /// See [AckSummary#usualRttNanos].
    private long usualRtt;

    private long latestRtt;

    /// How long the peer may hold an acknowledgement back.
    private long ackDelay;

    private Mode mode = Mode.START;
    private boolean timedOut;
    private int cycle;
    private long cycleAt;
    private double rateBeforeProbe = Double.MAX_VALUE;
    private boolean looking;

    /// When an overflow has lowered the rate.
    private long yieldedAt;

    private boolean yielded;

    private long lookUntil;

    private long roundEnds;
    private long roundBeganAt;
    private boolean startedAgain;
    private double fullRate;
    private int fullRounds;
    private int slowRounds;
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
        return filter.rate() * 1e9;
    }

    @Override
    public void useSegments(int mss) {
        segmentLength = mss + Segment.HEADER_LENGTH;
    }

    @Override
    public void onRoundTrip(long rttNanos, long nowNanos) {
        latestRtt = rttNanos;
        roundTrips.take(rttNanos, nowNanos);
    }

    @Override
    public void peerAcknowledgesAtOnce() {
        ackDelay = 0;
    }

    @Override
    public long paceNanos(int bytes) {
        return (long) (bytes / (pacingRate() * gain()));
    }

    @Override
    public int runBytes() {
        double rate = filter.rate();
        return rate < FAST ? 0 : (int) Math.min(LONGEST_RUN, rate * RUN_TIME);
    }

    /// Before the first measurement: the first window over the round trip. An application that
    /// sends little tells nothing about the path, so the pace never falls below a few segments
    /// a round trip.
    private double pacingRate() {
        double least = (double) LEAST_WINDOW * segmentLength / roundTrip();
        return measured ? Math.max(margin() * filter.rate(), least) : firstRate();
    }

    private double margin() {
        if (usualRtt > 0) {
            return MIXED_UP_MARGIN;
        }
        return contest.isLost() ? CONTESTED_MARGIN : MARGIN;
    }

    private double firstRate() {
        return (double) FIRST_WINDOW * segmentLength / roundTrip();
    }

    private long roundTrip() {
        if (!roundTrips.isKnown()) {
            return UNKNOWN_RTT;
        }
        return Math.max(roundTrips.least(), usualRtt) + GRANULARITY;
    }

    private double gain() {
        return switch (mode) {
            case START -> measured ? START_GAIN : 1;
            case DRAIN -> DRAIN_GAIN;
            case CRUISE -> cycleGain() * (1 + compensation());
            case LOOK -> 1;
        };
    }

    /// Where many overtake others a queue does not show, and its losses look like chance.
    private double compensation() {
        return usualRtt > 0 ? 0 : Math.min(losses.byChance(), MOST_COMPENSATION);
    }

    private double cycleGain() {
        if (cycle != PROBE) {
            return CYCLE[cycle];
        }
        double gain = 1 + (double) PROBE_SEGMENTS / Math.max(1, target(1));
        return Math.clamp(gain, CYCLE[PROBE], MOST_PROBE_GAIN);
    }

    @Override
    public void onAcks(AckSummary acks, long nowNanos) {
        timedOut = false;
        // What start-up had found came from the few that overtake.
        if (!startedAgain && usualRtt == 0 && acks.usualRttNanos > 0) {
            startedAgain = true;
            mode = Mode.START;
            fullRate = 0;
            fullRounds = 0;
        }
        usualRtt = acks.usualRttNanos;
        if (acks.rttNanos > 0) {
            onRoundTrip(acks.rttNanos, nowNanos);
        }
        boolean queued = queueStands();
        losses.delivered(acks.segments, queued);
        contest.take(queued);
        boolean roundOver = false;
        if (acks.intervalNanos > 0) {
            // What overtakes others ends no round.
            boolean early = usualRtt > 0 && nowNanos - roundBeganAt < roundTrip();
            if (!early && acks.deliveredBefore - roundEnds >= 0) {
                roundOver = true;
                roundBeganAt = nowNanos;
                roundEnds = acks.delivered;
            }
            takeSample(acks);
        }
        advance(acks, roundOver, nowNanos);
        if (roundOver) {
            endRound(acks, nowNanos);
        }
        resize();
    }

    private boolean queueStands() {
        return usualRtt == 0 && roundTrips.showQueue(latestRtt);
    }

    private void takeSample(AckSummary acks) {
        long least = roundTrips.isKnown() ? Math.max(roundTrips.least(), usualRtt / 2) : 1;
        double sample =
                (double) (acks.delivered - acks.deliveredBefore)
                        / Math.max(acks.intervalNanos, least);
        boolean tellsLittle = sample <= filter.rate() || !measured && sample <= firstRate();
        if (acks.applicationLimited && tellsLittle) {
            return;
        }
        measured = true;
        filter.take(sample);
    }

    private void endRound(AckSummary acks, long nowNanos) {
        if (mode == Mode.CRUISE && !acks.applicationLimited) {
            double ofRound = filter.ofRound();
            boolean rested = !yielded || nowNanos - yieldedAt >= YIELD_EVERY;
            if (rested && !contest.isLost() && losses.queueOverflowed()) {
                yielded = true;
                yieldedAt = nowNanos;
                filter.limit(Math.max(ofRound, OVERFLOW * filter.rate()));
            }
            boolean slow = queueStands() && ofRound < SLOWER * filter.rate();
            slowRounds = slow ? slowRounds + 1 : 0;
            if (slowRounds >= FULL_ROUNDS) {
                filter.limit(Math.max(ofRound, SLOWER * filter.rate()));
                slowRounds = 0;
            }
        }
        losses.endRound();
        if (filter.ofRound() > 0) {
            filter.beginRound();
        }
    }

    private void advance(AckSummary acks, boolean roundOver, long nowNanos) {
        switch (mode) {
            case START -> {
                if (roundOver && !acks.applicationLimited && isFull()) {
                    mode = Mode.DRAIN;
                }
            }
            case DRAIN -> {
                if (acks.inFlight <= Math.max(target(1), LEAST_WINDOW)) {
                    cruise(2, nowNanos);
                }
            }
            case CRUISE -> cycle(acks, nowNanos);
            case LOOK -> look(acks, nowNanos);
        }
    }

    private void cruise(int phase, long nowNanos) {
        mode = Mode.CRUISE;
        cycle = phase;
        cycleAt = nowNanos;
    }

    private void cycle(AckSummary acks, long nowNanos) {
        if (roundTrips.isStale(nowNanos)) {
            mode = Mode.LOOK;
            looking = false;
            resize();
            return;
        }
        // Only after a whole round trip, with its queue, a rate is seen at which it was filled.
        long length = cycle == PROBE ? Math.max(roundTrip(), latestRtt) : roundTrip();
        boolean over = nowNanos - cycleAt >= length;
        boolean drained = cycle == DRAIN_PROBE && acks.inFlight <= target(1);
        if (!over && !drained) {
            return;
        }
        if (found(cycle) && !queueStands() && filter.rate() >= FOUND * rateBeforeProbe) {
            mode = Mode.START;
            rateBeforeProbe = Double.MAX_VALUE;
            fullRate = filter.rate();
            fullRounds = 0;
            return;
        }
        cruise((cycle + 1) % CYCLE.length, nowNanos);
        if (cycle == PROBE) {
            rateBeforeProbe = filter.rate();
            if (contest.endCycle(filter.rate(), nowNanos)) {
                mode = Mode.DRAIN;
            }
        }
    }

    /// Whether what a probe has found is seen in this phase.
    private static boolean found(int phase) {
        return phase >= DRAIN_PROBE && phase <= LAST_TO_SEE;
    }

    /// Lets what is in flight become little, and takes the least round trip since.
    private void look(AckSummary acks, long nowNanos) {
        if (!looking && acks.inFlight <= window) {
            looking = true;
            lookUntil = nowNanos + Math.max(LOOK_TIME, latestRtt);
            roundTrips.beginAnew();
        } else if (looking && nowNanos - lookUntil >= 0) {
            roundTrips.endAnew(nowNanos);
            cruise(2, nowNanos);
        }
    }

    private boolean isFull() {
        if (queueStands() && losses.queuedShare() > OVERSHOOT_LOSS) {
            return true;
        }
        if (filter.rate() >= GROWTH * fullRate) {
            fullRate = filter.rate();
            fullRounds = 0;
            return false;
        }
        return ++fullRounds >= FULL_ROUNDS;
    }

    private void resize() {
        if (measured) {
            int least =
                    switch (mode) {
                        case START -> FIRST_WINDOW;
                        case LOOK -> TIMEOUT_WINDOW;
                        default -> LEAST_WINDOW;
                    };
            window = Math.clamp(wanted(), least, mostWindow);
        }
    }

    private int wanted() {
        return switch (mode) {
            case START -> target(START_GAIN);
            case LOOK -> target(LOOK_GAIN);
            default -> {
                int full = target(1);
                int probe = cycle == PROBE ? Math.max(full / 4, PROBE_SEGMENTS) : 0;
                yield full + beyond(full) + probe;
            }
        };
    }

    private int beyond(int full) {
        // Among those who keep the queue full a share is as great as what one has in it.
        long time = contest.isLost() ? latestRtt : MOST_BEYOND;
        int beyond = (int) (time * filter.rate() / segmentLength);
        return contest.isLost() ? beyond : Math.min(full, beyond);
    }

    /// A multiple of what fills the path, in segments.
    private int target(double gain) {
        double bytes = gain * filter.rate() * (roundTrip() + ackDelay);
        return (int) Math.ceil(bytes / segmentLength);
    }

    @Override
    public void onLosses(int segments, int inFlight, long nowNanos) {
        losses.lost(segments, queueStands());
    }

    @Override
    public void onTimeout(long nowNanos) {
        timedOut = true;
    }
}
