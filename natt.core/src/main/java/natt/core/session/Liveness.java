package natt.core.session;

/// Whether the peer is still there: when to ask, when to doubt, when to give the path up.
final class Liveness {
    private static final long SECOND = 1_000_000_000;

    /// How soon things are noticed, in nanoseconds.
    ///
    /// @param keepalive how long an initiator may be quiet before it asks; the NAT's mapping lives
    ///     by it
    /// @param responderAsks a responder is asked by its peer; if that has stopped, it asks itself
    ///     after this
    /// @param inUse when to ask while something is sent that the peer should answer
    /// @param again when to repeat the question
    /// @param doubt an answer that takes so long is taken for none, and other addresses are tried
    /// @param lost the longest silence
    /// @param lostInUse the same when data waits for an acknowledgement
    record Pace(
            long keepalive,
            long responderAsks,
            long inUse,
            long again,
            long doubt,
            long lost,
            long lostInUse) {
        /// As DESIGN and TARGETS fix it.
        static final Pace STREAMS =
                new Pace(
                        15 * SECOND,
                        20 * SECOND,
                        SECOND,
                        SECOND,
                        5 * SECOND / 2,
                        30 * SECOND,
                        15 * SECOND);

        /// Packets wait for nobody: what is lost meanwhile is lost.
        static final Pace PACKETS =
                new Pace(
                        5 * SECOND,
                        7 * SECOND,
                        SECOND / 2,
                        SECOND / 2,
                        6 * SECOND / 5,
                        15 * SECOND,
                        15 * SECOND);
    }

    private final boolean initiator;
    private final Pace pace;
    private long heardAt;
    private long sentAt;

    /// Whether the peer has sent data since it was last asked: then its silence may be the end of a
    /// transfer or its own, which only asking tells.
    private boolean told;

    /// Whether the peer was heard elsewhere since it was last asked.
    private boolean elsewhere;

    private boolean asking;
    private long askedAt;
    private long askAgainAt;
    private boolean doubtful;

    Liveness(boolean initiator, Pace pace, long nowNanos) {
        this.initiator = initiator;
        this.pace = pace;
        begin(nowNanos);
    }

    /// Counts from now, as if the peer had just been heard.
    void begin(long nowNanos) {
        sentAt = nowNanos;
        elsewhere = false;
        heard(nowNanos);
    }

    void heard(long nowNanos) {
        heardAt = nowNanos;
        asking = false;
        doubtful = false;
    }

    /// Notes that what was heard was data.
    void heardData() {
        told = true;
    }

    /// Notes that the peer was heard, but not on this path.
    void heardElsewhere() {
        elsewhere = true;
    }

    void sent(long nowNanos) {
        sentAt = nowNanos;
    }

    long heardAt() {
        return heardAt;
    }

    boolean isDoubtful() {
        return doubtful;
    }

    /// In how many nanoseconds the peer is to be asked.
    ///
    /// @param inUse whether data waits for an acknowledgement
    long nanosUntilAsk(boolean inUse, long roundTripNanos, long nowNanos) {
        if (asking) {
            return askAgainAt - nowNanos;
        }
        long sinceHeard = nowNanos - heardAt;
        long sinceSent = nowNanos - sentAt;
        long patience = Math.max(pace.inUse, 3 * roundTripNanos);
        long least =
                initiator
                        ? pace.keepalive - Math.max(sinceSent, sinceHeard)
                        : pace.responderAsks - sinceHeard;
        if (initiator && told || elsewhere) {
            least = Math.min(least, patience - sinceHeard);
        }
        if (inUse) {
            least = Math.min(least, patience - Math.min(sinceHeard, sinceSent));
            least = Math.min(least, 2 * patience - sinceHeard);
        }
        return least;
    }

    /// Notes that the peer is being asked.
    void asked(long nowNanos) {
        told = false;
        elsewhere = false;
        if (!asking) {
            asking = true;
            askedAt = nowNanos;
        }
        askAgainAt = nowNanos + pace.again;
    }

    long nanosUntilDoubt(long roundTripNanos, long nowNanos) {
        return asking && !doubtful
                ? askedAt + Math.max(pace.doubt, 3 * roundTripNanos) - nowNanos
                : Long.MAX_VALUE;
    }

    void doubt() {
        doubtful = true;
    }

    /// In how many nanoseconds the path counts as lost.
    long nanosUntilLost(boolean inUse, long nowNanos) {
        if (!doubtful) {
            return Long.MAX_VALUE;
        }
        return heardAt + (inUse ? pace.lostInUse : pace.lost) - nowNanos;
    }
}
