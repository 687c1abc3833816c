package natt.transport.kcp.proto;

import natt.transport.kcp.proto.Outgoing.State;

import org.jspecify.annotations.Nullable;

/// What is on its way on one path: the transmissions in their order, by which losses are found,
/// and what follows from their fate: the round-trip time, the rate, the pace and the timeouts.
/// A conversation has a flight for itself, or shares one with the others on the same path.
///
/// Every transmission has a number, which travels in `ts` and comes back in the
/// acknowledgement. So a segment is lost when transmissions after its own are acknowledged,
/// whichever segments they carried (RFC 9002, section 6.1), and every round-trip time is exact.
///
/// Transmission numbers wrap; only differences are compared.
public final class Flight {
    /// How many later transmissions must be acknowledged before one counts as lost; with each
    /// level of reordering seen four times as many, until only time decides.
    static final int REORDERING_THRESHOLD = 3;

    private static final long MILLI = 1_000_000;
    private static final int MAX_REORDERING_LEVEL = 4;

    /// With so many late the path counts as one that mixes up, until it is few.
    private static final double MANY_LATE = 0.25;

    private static final double FEW_LATE = 0.06;
    private static final int LATE_MEMORY = 256;

    /// Acknowledged segments without a sign of reordering after which less of it is assumed.
    private static final int CALM_SEGMENTS = 20_000;

    /// The timer granularity that loss detection allows for.
    private static final long GRANULARITY = MILLI;

    /// How far sending may lag behind its pace and still catch up at once.
    private static final long PACING_SLACK = 2 * MILLI;

    /// The most segments of a session that may be in flight.
    private static final int MOST_SHARED = 16_384;

    private static final long LONGEST_BACKOFF = 5000 * MILLI;
    private static final int PROBES = 2;

    /// Over about so many transmissions the share of the lost ones is told.
    private static final int LOSS_MEMORY = 4096;

    /// The last of so few segments in flight has no, or not enough, later acknowledgements by which
    /// its loss would show soon.
    private static final int THIN = 16;

    /// For so long after a loss the path is taken for one that loses. Long, because a second copy
    /// that arrives hides the loss of the first.
    private static final long LOSS_REMEMBERED = 30_000 * MILLI;

    /// So many segments can the acknowledgements of one datagram name. A peer that repeats itself
    /// costs no more than this.
    private static final int MOST_NAMED = 8192;

    private final Mode mode;
    private final Counters counters;
    private RttEstimator rtt;
    private CongestionControl control;

    private @Nullable Outgoing oldest;
    private @Nullable Outgoing newest;
    private int inFlight;

    private int epoch;

    /// How many in flight were sent before the model of the path began anew.
    private int inFlightBefore;

    private int nextTransmission;
    private int largestAcknowledged;
    private boolean anyAcknowledged;
    private boolean provenByEcho;
    private int reorderingLevel;
    private int calm;
    private long spurious;

    private long delivered;
    private long deliveredAt;
    private long flightBeganAt;
    private long limitedUntil;

    private final AckSummary summary = new AckSummary();
    private boolean sampled;
    private int sampledTransmission;

    private long timeoutFrom;
    private int timeouts;
    private int probes;
    private boolean anyLost;
    private long lastLoss;
    private long paceFrom;

    /// How many bytes may leave before the path has had time for those before them.
    private int runLeft;

    /// The part of the latest transmissions that arrived after later ones, and whether so many do
    /// that the least round trip is that of the few that overtake.
    private double lateShare;

    private boolean mixedUp;

    /// The latest that datagrams before have acknowledged: one datagram names those of several
    /// streams in no order.
    private int largestBefore;

    private boolean anyBefore;
    private int recentlyLost;
    private int recentlyDelivered;
    private int named;

    Flight(
            Mode mode,
            CongestionControl control,
            RttEstimator rtt,
            Counters counters,
            int firstTransmission,
            long nowNanos) {
        this.mode = mode;
        this.control = control;
        this.rtt = rtt;
        this.counters = counters;
        nextTransmission = firstTransmission;
        paceFrom = nowNanos;
        timeoutFrom = nowNanos;
    }

    /// The flight of a session, whose conversations share a path and all acknowledge at once.
    ///
    /// @param mss the most data in a segment, in bytes
    public static Flight shared(
            Mode mode, int mss, Counters counters, int firstTransmission, long nowNanos) {
        return new Flight(
                mode,
                mode.control(mss, 0, MOST_SHARED),
                sharedRtt(mode),
                counters,
                firstTransmission,
                nowNanos);
    }

    private static RttEstimator sharedRtt(Mode mode) {
        RttEstimator rtt = mode.rtt();
        if (!mode.isClassic()) {
            rtt.peerAcknowledgesAtOnce();
        }
        return rtt;
    }

    // ---- sending

    int inFlight() {
        return inFlight;
    }

    /// How many segments may be in flight.
    public int window() {
        return control.window();
    }

    /// Whether the path has had time for what was sent.
    public boolean isPaced(long nowNanos) {
        return runLeft > 0 || nowNanos - paceFrom >= 0;
    }

    public long nanosUntilPaced(long nowNanos) {
        return paceFrom - nowNanos;
    }

    /// Whether what cannot wait may leave before its time, because the path is behind by less than
    /// it needs for so many bytes.
    public boolean mayHurry(int bytes, long nowNanos) {
        return paceFrom - nowNanos <= control.paceNanos(bytes);
    }

    /// Whether the window has room for a segment that was never sent.
    public boolean hasRoom() {
        return hasRoom(0);
    }

    /// @param beyond how many segments more than the window may be in flight
    public boolean hasRoom(int beyond) {
        return inFlight - inFlightBefore < control.window() + beyond;
    }

    /// Whether lost segments may be sent again, room or not, to learn whether anything arrives.
    public boolean isProbing() {
        return probes > 0;
    }

    /// Counts a segment as sent and gives the transmission its number.
    void send(Outgoing segment, long nowNanos) {
        if (inFlight == 0) {
            flightBeganAt = nowNanos;
            deliveredAt = nowNanos;
            timeoutFrom = nowNanos;
        }
        counters.segmentsSent++;
        if (segment.state == State.LOST) {
            counters.retransmitted++;
            probes = Math.max(0, probes - 1);
        }
        segment.transmission = nextTransmission++;
        segment.transmissions++;
        segment.epoch = epoch;
        segment.sentAt = nowNanos;
        segment.delivered = delivered;
        segment.deliveredAt = deliveredAt;
        segment.flightBeganAt = flightBeganAt;
        segment.applicationLimited = limitedUntil - delivered > 0;
        link(segment);
    }

    /// Gives the path time for bytes that were sent.
    public void pace(int bytes, long nowNanos) {
        if (nowNanos - paceFrom >= 0) {
            runLeft = control.runBytes();
        }
        runLeft -= bytes;
        long earliest = nowNanos - PACING_SLACK;
        paceFrom = (paceFrom - earliest < 0 ? earliest : paceFrom) + control.paceNanos(bytes);
    }

    /// Notes that there is nothing to send although more might be on its way.
    ///
    /// @param length about what a segment in flight has, in bytes
    public void applicationLimited(int length) {
        limitedUntil = delivered + Math.max(1, (long) inFlight * length);
    }

    // ---- acknowledgements

    /// Counts a segment in flight, or lost, as delivered.
    ///
    /// @param ts the number of the transmission that arrived
    void deliver(Outgoing segment, int ts, long nowNanos) {
        boolean latest = ts == segment.transmission;
        if (latest) {
            provenByEcho = true;
            if (segment.epoch == epoch) {
                summary.rttNanos = Math.max(1, nowNanos - segment.sentAt);
            }
        } else if (segment.transmissions > 1) {
            spurious++;
            calm = 0;
            reorderingLevel = Math.min(reorderingLevel + 1, MAX_REORDERING_LEVEL);
        }
        deliver(segment, latest, nowNanos);
    }

    /// @param known whether it is known which transmission arrived: the latest
    void deliver(Outgoing segment, boolean known, long nowNanos) {
        if (segment.state == State.IN_FLIGHT) {
            unlink(segment);
        }
        segment.state = State.ACKNOWLEDGED;
        summary.segments++;
        countFate(0, 1);
        if (++calm >= CALM_SEGMENTS) {
            calm = 0;
            reorderingLevel = Math.max(0, reorderingLevel - 1);
        }
        boolean ofThisModel = segment.epoch == epoch;
        if (ofThisModel) {
            delivered += segment.length + Segment.HEADER_LENGTH;
            deliveredAt = nowNanos;
        }
        if (!known) {
            return;
        }
        boolean later = !anyAcknowledged || segment.transmission - largestAcknowledged > 0;
        boolean late = anyBefore && segment.transmission - largestBefore < 0;
        lateShare += ((late ? 1 : 0) - lateShare) / LATE_MEMORY;
        if (later) {
            anyAcknowledged = true;
            largestAcknowledged = segment.transmission;
        }
        if (ofThisModel && (!sampled || tellsMore(segment))) {
            sampled = true;
            sampledTransmission = segment.transmission;
            summary.intervalNanos =
                    Math.max(
                            segment.sentAt - segment.flightBeganAt, nowNanos - segment.deliveredAt);
            summary.deliveredBefore = segment.delivered;
            summary.applicationLimited = segment.applicationLimited;
            flightBeganAt = segment.sentAt;
        }
    }

    /// Whether a rate is to be computed from this segment rather than from another that the same
    /// datagram acknowledges: from the newest, but where many overtake others these tell of too
    /// short a time.
    private boolean tellsMore(Outgoing segment) {
        int later = segment.transmission - sampledTransmission;
        return mixedUp ? later < 0 : later > 0;
    }

    /// Whether the datagram that is being read may name so many more segments.
    boolean mayName(int segments) {
        named += segments;
        return named <= MOST_NAMED;
    }

    /// Notes that the oldest unacknowledged sn of a conversation has moved.
    void advanced() {
        summary.advanced = true;
    }

    /// Draws the conclusions from the acknowledgements of one datagram.
    ///
    /// @param remoteWindow how many segments the peer allows beyond the oldest unacknowledged one
    public void evaluateAcks(int remoteWindow, long nowNanos) {
        named = 0;
        if (summary.segments == 0) {
            return;
        }
        summary.delivered = delivered;
        summary.inFlight = inFlight - inFlightBefore;
        summary.remoteWindow = remoteWindow;
        noteUsualRoundTrip();
        timeouts = 0;
        probes = 0;
        timeoutFrom = nowNanos;
        if (summary.rttNanos > 0) {
            rtt.sample(summary.rttNanos);
        }
        anyBefore = anyAcknowledged;
        largestBefore = largestAcknowledged;
        control.onAcks(summary, nowNanos);
        summary.clear();
        sampled = false;
        detectLosses(nowNanos);
    }

    private void noteUsualRoundTrip() {
        boolean many = lateShare > (mixedUp ? FEW_LATE : MANY_LATE);
        mixedUp = many || reorderingLevel == MAX_REORDERING_LEVEL;
        summary.usualRttNanos = mixedUp ? rtt.longest() : 0;
    }

    /// Whether an acknowledgement has echoed a transmission number of ours, which only someone
    /// who received it can know.
    boolean provenByEcho() {
        return provenByEcho;
    }

    /// How often a retransmission turned out to have been needless.
    long spurious() {
        return spurious;
    }

    // ---- losses

    /// Marks as lost what was transmitted before an acknowledged transmission: by three or more
    /// places, or by more than the round trip and an eighth. Both bounds widen with the
    /// reordering seen, the time to two round trips at most (RFC 8985, section 6.2).
    private void detectLosses(long nowNanos) {
        int before = inFlight;
        long patience = patience();
        int threshold = threshold();
        int found = 0;
        while (oldest != null && isOvertaken(oldest)) {
            if (largestAcknowledged - oldest.transmission < threshold
                    && nowNanos - oldest.sentAt < patience) {
                break;
            }
            lose(oldest);
            found++;
        }
        if (found > 0) {
            noteLoss(nowNanos);
            countFate(found, 0);
            counters.fastRetransmitted += found;
            control.onLosses(found, before, nowNanos);
        }
    }

    private int threshold() {
        if (mode.isClassic()) {
            return mode.resend();
        }
        return reorderingLevel == MAX_REORDERING_LEVEL
                ? Integer.MAX_VALUE
                : REORDERING_THRESHOLD << 2 * reorderingLevel;
    }

    /// In how long the oldest, overtaken transmission will count as lost; NEVER if no
    /// transmission has been overtaken.
    private long nanosUntilLoss(long nowNanos) {
        return oldest != null && isOvertaken(oldest)
                ? oldest.sentAt + patience() - nowNanos
                : Long.MAX_VALUE;
    }

    private boolean isOvertaken(Outgoing segment) {
        return anyAcknowledged && largestAcknowledged - segment.transmission > 0;
    }

    private long patience() {
        if (mode.isClassic()) {
            return Long.MAX_VALUE / 2;
        }
        long roundTrip = reorderingLevel == 0 ? rtt.cautious() : rtt.longest();
        return roundTrip + Math.max(1, 2 * reorderingLevel) * roundTrip / 8 + GRANULARITY;
    }

    private void noteLoss(long nowNanos) {
        anyLost = true;
        lastLoss = nowNanos;
    }

    /// Whether a segment was found lost within this time.
    boolean hasLostWithin(long nanos, long nowNanos) {
        return anyLost && nowNanos - lastLoss < nanos;
    }

    /// Whether the loss of what was just sent would show only by a timeout, and is likely.
    boolean isThin(long nowNanos) {
        return inFlight <= THIN && hasLostWithin(LOSS_REMEMBERED, nowNanos);
    }

    private void countFate(int lost, int delivered) {
        recentlyLost += lost;
        recentlyDelivered += delivered;
        if (recentlyLost + recentlyDelivered >= LOSS_MEMORY) {
            recentlyLost /= 2;
            recentlyDelivered /= 2;
        }
    }

    /// The part of the latest transmissions that was lost.
    public double lostShare() {
        int all = recentlyLost + recentlyDelivered;
        return all == 0 ? 0 : (double) recentlyLost / all;
    }

    private void loseOldest(int most) {
        for (int i = 0; i < most && oldest != null; i++) {
            lose(oldest);
        }
    }

    private void lose(Outgoing segment) {
        unlink(segment);
        segment.state = State.LOST;
        segment.owner.lost(segment);
    }

    /// Forgets a segment that will never be acknowledged.
    void forget(Outgoing segment) {
        if (segment.state == State.IN_FLIGHT) {
            unlink(segment);
        }
    }

    private void link(Outgoing segment) {
        segment.state = State.IN_FLIGHT;
        inFlight++;
        segment.earlier = newest;
        segment.later = null;
        if (newest == null) {
            oldest = segment;
        } else {
            newest.later = segment;
        }
        newest = segment;
    }

    private void unlink(Outgoing segment) {
        inFlight--;
        if (segment.epoch != epoch) {
            inFlightBefore--;
        }
        if (segment.earlier == null) {
            oldest = segment.later;
        } else {
            segment.earlier.later = segment.later;
        }
        if (segment.later == null) {
            newest = segment.earlier;
        } else {
            segment.later.earlier = segment.earlier;
        }
        segment.earlier = null;
        segment.later = null;
    }

    // ---- the path

    /// Says that the peer acknowledges at once, without a flush interval.
    void peerAcknowledgesAtOnce() {
        if (!mode.isClassic()) {
            rtt.peerAcknowledgesAtOnce();
        }
        control.peerAcknowledgesAtOnce();
    }

    /// Adds a round-trip time that was measured otherwise than by data.
    public void sampleRoundTrip(long nanos, long nowNanos) {
        rtt.sample(nanos);
        control.onRoundTrip(nanos, nowNanos);
    }

    public long smoothedRoundTrip() {
        return rtt.smoothed();
    }

    /// The rate at which the path delivers, in bytes a second, 0 if unknown.
    public double bytesPerSecond() {
        return control.bytesPerSecond();
    }

    /// Sends everything in flight again, because the peer has not taken it.
    public void resendAll(long nowNanos) {
        loseOldest(inFlight);
        timeouts = 0;
        timeoutFrom = nowNanos;
        paceFrom = nowNanos;
    }

    /// Says that there is no path: whether what is in flight arrives will never be known.
    public void suspend() {
        loseOldest(inFlight);
        epoch++;
    }

    /// Begins to learn the path of a session anew. What was sent before says nothing about the
    /// round trip and the rate any more, and does not fill the window.
    ///
    /// @param mss the most data in a segment, in bytes
    public void beginAnew(int mss, long nowNanos) {
        control = mode.control(mss, 0, MOST_SHARED);
        rtt = sharedRtt(mode);
        epoch++;
        inFlightBefore = inFlight;
        timeouts = 0;
        probes = 0;
        timeoutFrom = nowNanos;
        paceFrom = nowNanos;
        limitedUntil = delivered;
        reorderingLevel = 0;
        lateShare = 0;
        mixedUp = false;
        recentlyLost = 0;
        recentlyDelivered = 0;
    }

    /// Counts windows in segments with so much data from now on.
    public void useSegments(int mss) {
        control.useSegments(mss);
    }

    // ---- time

    /// Finds what is lost by now.
    public void handleTimeout(long nowNanos) {
        detectLosses(nowNanos);
        if (inFlight > 0 && nowNanos - timeoutFrom() >= timeout()) {
            if (mode.isClassic()) {
                loseOverdue(nowNanos);
            } else {
                timeOut(nowNanos);
            }
        }
    }

    /// Every segment has a timeout of its own in KCP, else the last acknowledgement counts.
    private long timeoutFrom() {
        return mode.isClassic() && oldest != null ? oldest.sentAt : timeoutFrom;
    }

    private void loseOverdue(long nowNanos) {
        long timeout = timeout();
        boolean again = false;
        while (oldest != null && nowNanos - oldest.sentAt >= timeout) {
            again |= oldest.transmissions > 1;
            lose(oldest);
            counters.timeouts++;
        }
        timeouts += again ? 1 : 0;
        noteLoss(nowNanos);
        control.onTimeout(nowNanos);
    }

    private void timeOut(long nowNanos) {
        counters.timeouts++;
        noteLoss(nowNanos);
        timeouts++;
        timeoutFrom = nowNanos;
        paceFrom = nowNanos;
        probes = PROBES;
        if (timeouts == 1) {
            // Perhaps only the last segments or their acknowledgements were lost.
            loseOldest(PROBES);
        } else {
            loseOldest(inFlight);
            control.onTimeout(nowNanos);
        }
    }

    private long timeout() {
        long backoff = rtt.rto();
        for (int i = 0; i < timeouts && backoff < LONGEST_BACKOFF; i++) {
            backoff += mode == Mode.NATT || mode.hasLittleBackoff() ? backoff / 2 : backoff;
        }
        return Math.max(rtt.rto(), Math.min(backoff, LONGEST_BACKOFF));
    }

    /// In how many nanoseconds [#handleTimeout] has something to do, if nothing arrives.
    public long nanosUntilTimeout(long nowNanos) {
        return inFlight == 0
                ? Long.MAX_VALUE
                : Math.min(timeoutFrom() + timeout() - nowNanos, nanosUntilLoss(nowNanos));
    }
}
