package natt.transport.kcp.proto;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;

/// What one side has written and the peer has not yet acknowledged: a ring indexed by `sn`, and
/// across it a list in the order of transmission, by which losses are found.
///
/// Every transmission has a number, which travels in `ts` and comes back in the
/// acknowledgement. So a segment is lost when transmissions after its own are acknowledged,
/// whichever segments they carried (RFC 9002, section 6.1), and every round-trip time is exact.
///
/// `sn` and transmission numbers wrap; only differences are compared.
final class SendBuffer {
    /// How many later transmissions must be acknowledged before one counts as lost.
    static final int REORDERING_THRESHOLD = 3;

    private static final int MAX_REORDERING_LEVEL = 4;

    /// Acknowledged segments without a sign of reordering after which less of it is assumed.
    private static final int CALM_SEGMENTS = 2000;

    /// The timer granularity that loss detection allows for, in nanoseconds.
    private static final long GRANULARITY = 1_000_000;

    private enum State {
        UNSENT,
        IN_FLIGHT,
        LOST,
        ACKNOWLEDGED
    }

    /// One segment, and what is known of its latest transmission.
    private static final class Slot {
        private byte @Nullable [] data;
        private int sn;
        private int length;
        private int command;
        private int frg;
        private State state = State.UNSENT;
        private int transmissions;
        private int transmission;
        private long sentAt;

        // The state of delivery when it was sent, from which a rate is computed later.
        private long delivered;
        private long deliveredAt;
        private long flightBeganAt;
        private boolean applicationLimited;

        private @Nullable Slot earlier;
        private @Nullable Slot later;
    }

    private final Ring<Slot> ring = new Ring<>(Slot[]::new, Slot::new);
    private final SegmentPool pool;
    private final int mss;

    /// The oldest unacknowledged sn.
    private int una;

    /// The first sn never sent.
    private int next;

    /// The first sn not yet written.
    private int end;

    private @Nullable Slot oldest;
    private @Nullable Slot newest;
    private int inFlight;
    private int lost;

    /// No segment before this sn is lost.
    private int firstLostHint;

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

    SendBuffer(SegmentPool pool, int mss, int firstSn, int firstTransmission) {
        this.pool = pool;
        this.mss = mss;
        una = firstSn;
        next = firstSn;
        end = firstSn;
        firstLostHint = firstSn;
        nextTransmission = firstTransmission;
    }

    int una() {
        return una;
    }

    int next() {
        return next;
    }

    /// The number of segments held, sent or not.
    int held() {
        return end - una;
    }

    int unsent() {
        return end - next;
    }

    int inFlight() {
        return inFlight;
    }

    int lost() {
        return lost;
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

    /// Adds bytes to the stream, filling the last unsent segment first.
    ///
    /// @return the number of bytes taken, limited by the number of segments that may be held
    int append(ByteBuffer bytes, int mostHeld) {
        int before = bytes.remaining();
        if (unsent() > 0) {
            Slot last = ring.at(end - 1);
            if (last.command == Segment.PUSH && last.frg == 0) {
                fill(last, bytes);
            }
        }
        while (bytes.hasRemaining() && held() < mostHeld) {
            fill(add(Segment.PUSH, 0), bytes);
        }
        return before - bytes.remaining();
    }

    /// Adds one message, cut into fragments that count down to 0.
    void appendMessage(ByteBuffer message) {
        int fragments = fragments(message.remaining());
        for (int left = fragments - 1; left >= 0; left--) {
            fill(add(Segment.PUSH, left), message);
        }
    }

    int fragments(int bytes) {
        return Math.max(1, Math.ceilDiv(bytes, mss));
    }

    void appendFin() {
        add(Segment.FIN, 0);
    }

    private Slot add(int command, int frg) {
        ring.reserve(una, held() + 1);
        Slot slot = ring.at(end);
        slot.sn = end++;
        slot.length = 0;
        slot.command = command;
        slot.frg = frg;
        slot.state = State.UNSENT;
        slot.transmissions = 0;
        return slot;
    }

    private void fill(Slot slot, ByteBuffer bytes) {
        int n = Math.min(bytes.remaining(), mss - slot.length);
        if (n > 0) {
            byte[] block = slot.data;
            if (block == null) {
                block = pool.take();
                slot.data = block;
            }
            bytes.get(block, slot.length, n);
            slot.length += n;
        }
    }

    /// The oldest lost segment; there must be one.
    int firstLost() {
        while (ring.at(firstLostHint).state != State.LOST) {
            firstLostHint++;
        }
        return firstLostHint;
    }

    int lengthOf(int sn) {
        return ring.at(sn).length;
    }

    /// Writes a lost segment, or the first that was never sent, and counts it as sent.
    void send(int sn, ByteBuffer out, int conv, int window, int peerUna, long nowNanos) {
        Slot slot = ring.at(sn);
        if (slot.state == State.LOST) {
            lost--;
        } else {
            next++;
        }
        if (inFlight == 0) {
            flightBeganAt = nowNanos;
            deliveredAt = nowNanos;
        }
        slot.transmission = nextTransmission++;
        slot.transmissions++;
        slot.sentAt = nowNanos;
        slot.delivered = delivered;
        slot.deliveredAt = deliveredAt;
        slot.flightBeganAt = flightBeganAt;
        slot.applicationLimited = limitedUntil - delivered > 0;
        link(slot);
        Segment.write(
                out,
                conv,
                slot.command,
                slot.frg,
                window,
                slot.transmission,
                sn,
                peerUna,
                slot.length);
        if (slot.data != null) {
            out.put(slot.data, 0, slot.length);
        }
    }

    /// Notes that there is nothing to send although more might be on its way.
    void applicationLimited() {
        limitedUntil = delivered + Math.max(1, (long) inFlight * mss);
    }

    /// Takes the acknowledgement of one segment. One for a segment that was never sent, or that
    /// is acknowledged already, changes nothing.
    void acknowledge(int sn, int ts, long nowNanos) {
        if (sn - una < 0 || sn - next >= 0) {
            return;
        }
        Slot slot = ring.at(sn);
        if (slot.state == State.ACKNOWLEDGED) {
            return;
        }
        boolean latest = ts == slot.transmission;
        if (latest) {
            provenByEcho = true;
            summary.rttNanos = Math.max(1, nowNanos - slot.sentAt);
        } else if (slot.transmissions > 1) {
            spurious++;
            calm = 0;
            reorderingLevel = Math.min(reorderingLevel + 1, MAX_REORDERING_LEVEL);
        }
        deliver(slot, latest, nowNanos);
        while (una != next && ring.at(una).state == State.ACKNOWLEDGED) {
            una++;
            summary.advanced = true;
        }
        keepHintInside();
    }

    /// Whether a peer can have told this `una`: it does not lie in the future.
    boolean isBelievable(int peerUna) {
        return peerUna - next <= 0;
    }

    /// Takes a cumulative acknowledgement of everything before an sn.
    void acknowledgeBefore(int peerUna, long nowNanos) {
        while (peerUna - una > 0) {
            Slot slot = ring.at(una);
            if (slot.state != State.ACKNOWLEDGED) {
                deliver(slot, slot.transmissions == 1, nowNanos);
            }
            una++;
            summary.advanced = true;
        }
        keepHintInside();
    }

    private void keepHintInside() {
        if (una - firstLostHint > 0) {
            firstLostHint = una;
        }
    }

    /// @param known whether it is known which transmission arrived: the latest
    private void deliver(Slot slot, boolean known, long nowNanos) {
        if (slot.state == State.IN_FLIGHT) {
            unlink(slot);
        } else {
            lost--;
        }
        slot.state = State.ACKNOWLEDGED;
        delivered += slot.length + Segment.HEADER_LENGTH;
        deliveredAt = nowNanos;
        if (slot.data != null) {
            pool.give(slot.data);
            slot.data = null;
        }
        summary.segments++;
        if (++calm >= CALM_SEGMENTS) {
            calm = 0;
            reorderingLevel = Math.max(0, reorderingLevel - 1);
        }
        if (!known) {
            return;
        }
        if (!anyAcknowledged || slot.transmission - largestAcknowledged > 0) {
            anyAcknowledged = true;
            largestAcknowledged = slot.transmission;
        }
        if (!sampled || slot.transmission - sampledTransmission > 0) {
            sampled = true;
            sampledTransmission = slot.transmission;
            summary.intervalNanos =
                    Math.max(slot.sentAt - slot.flightBeganAt, nowNanos - slot.deliveredAt);
            summary.deliveredBefore = slot.delivered;
            summary.applicationLimited = slot.applicationLimited;
            flightBeganAt = slot.sentAt;
        }
    }

    /// Hands out what was learned since the last call, or null if that is nothing. The object is
    /// used again for the next.
    @Nullable AckSummary takeSummary() {
        if (summary.segments == 0) {
            return null;
        }
        summary.delivered = delivered;
        summary.inFlight = inFlight;
        return summary;
    }

    void clearSummary() {
        summary.clear();
        sampled = false;
    }

    /// Marks as lost what was transmitted before an acknowledged transmission: by three or more
    /// places, or by more than the round trip and an eighth. Both bounds widen with the
    /// reordering seen.
    ///
    /// @return how many were found lost
    int detectLosses(long rttNanos, long nowNanos) {
        int found = 0;
        while (oldest != null && isOvertaken(oldest)) {
            int threshold = REORDERING_THRESHOLD << reorderingLevel;
            if (largestAcknowledged - oldest.transmission < threshold
                    && nowNanos - oldest.sentAt < patience(rttNanos)) {
                break;
            }
            lose(oldest);
            found++;
        }
        return found;
    }

    /// In how long the oldest, overtaken transmission will count as lost; NEVER if no
    /// transmission has been overtaken.
    long nanosUntilLoss(long rttNanos, long nowNanos) {
        return oldest != null && isOvertaken(oldest)
                ? oldest.sentAt + patience(rttNanos) - nowNanos
                : Long.MAX_VALUE;
    }

    private boolean isOvertaken(Slot slot) {
        return anyAcknowledged && largestAcknowledged - slot.transmission > 0;
    }

    private long patience(long rttNanos) {
        return rttNanos + (rttNanos << reorderingLevel) / 8 + GRANULARITY;
    }

    /// Marks the oldest transmissions in flight as lost.
    void loseOldest(int most) {
        for (int i = 0; i < most && oldest != null; i++) {
            lose(oldest);
        }
    }

    private void lose(Slot slot) {
        unlink(slot);
        slot.state = State.LOST;
        lost++;
        if (slot.sn - firstLostHint < 0) {
            firstLostHint = slot.sn;
        }
    }

    private void link(Slot slot) {
        slot.state = State.IN_FLIGHT;
        inFlight++;
        slot.earlier = newest;
        slot.later = null;
        if (newest == null) {
            oldest = slot;
        } else {
            newest.later = slot;
        }
        newest = slot;
    }

    private void unlink(Slot slot) {
        inFlight--;
        if (slot.earlier == null) {
            oldest = slot.later;
        } else {
            slot.earlier.later = slot.later;
        }
        if (slot.later == null) {
            newest = slot.earlier;
        } else {
            slot.later.earlier = slot.earlier;
        }
        slot.earlier = null;
        slot.later = null;
    }

    /// Gives memory back when there is nothing to hold.
    void trim() {
        if (held() == 0) {
            ring.shrink();
        }
    }

    /// Drops everything.
    void release() {
        for (int sn = una; sn != end; sn++) {
            Slot slot = ring.at(sn);
            if (slot.data != null) {
                pool.give(slot.data);
                slot.data = null;
            }
        }
        una = end;
        next = end;
        oldest = null;
        newest = null;
        inFlight = 0;
        lost = 0;
    }
}
