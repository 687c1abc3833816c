package natt.core.session;

/// Whether the peer is still there: when to ask, when to doubt, when to give the path up.
final class Liveness {
    private static final long SECOND = 1_000_000_000;

    // What DESIGN and TARGETS fix.
    /// How long an initiator may be quiet before it asks; the NAT's mapping lives by it.
    private static final long KEEPALIVE = 15 * SECOND;

    private static final long LONGEST_SILENCE = 30 * SECOND;

    /// When data waits for an acknowledgement.
    private static final long LONGEST_SILENCE_IN_USE = 15 * SECOND;

    // What natt chooses.
    /// A responder is asked by its peer; if that has stopped, it asks itself before it gives up.
    private static final long RESPONDER_ASKS = 20 * SECOND;

    private static final long ASK_IN_USE = SECOND;
    private static final long ASK_AGAIN = SECOND;

    /// An answer that takes so long is taken for none, and other addresses are tried.
    private static final long DOUBT = 5 * SECOND / 2;

    private final boolean initiator;
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

    Liveness(boolean initiator, long nowNanos) {
        this.initiator = initiator;
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
        long patience = Math.max(ASK_IN_USE, 3 * roundTripNanos);
        long least =
                initiator
                        ? KEEPALIVE - Math.max(sinceSent, sinceHeard)
                        : RESPONDER_ASKS - sinceHeard;
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
        askAgainAt = nowNanos + ASK_AGAIN;
    }

    long nanosUntilDoubt(long roundTripNanos, long nowNanos) {
        return asking && !doubtful
                ? askedAt + Math.max(DOUBT, 3 * roundTripNanos) - nowNanos
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
        return heardAt + (inUse ? LONGEST_SILENCE_IN_USE : LONGEST_SILENCE) - nowNanos;
    }
}
