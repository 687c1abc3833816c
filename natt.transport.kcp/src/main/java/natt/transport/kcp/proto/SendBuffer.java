package natt.transport.kcp.proto;

import natt.transport.kcp.proto.Outgoing.State;

import java.nio.ByteBuffer;

/// What one side has written and the peer has not yet acknowledged: a ring indexed by `sn`.
///
/// `sn` wraps; only differences are compared.
final class SendBuffer {
    /// From the oldest unacknowledged segment to the last: about the widest window that natt has.
    /// A peer that acknowledges all but the oldest makes the ring no longer than that.
    private static final int MOST_SPAN = 1 << 14;

    private final Ring<Outgoing> ring = new Ring<>(Outgoing[]::new, () -> new Outgoing(this));
    private final SegmentPool pool;
    private final Flight flight;
    private int mss;

    /// The oldest unacknowledged sn.
    private int una;

    /// The first sn never sent.
    private int next;

    /// The first sn not yet written.
    private int end;

    private int lost;

    /// How many after the oldest unacknowledged one are acknowledged, and hold no data.
    private int ahead;

    /// No segment before this sn is lost.
    private int firstLostHint;

    SendBuffer(SegmentPool pool, Flight flight, int mss, int firstSn) {
        this.pool = pool;
        this.flight = flight;
        this.mss = mss;
        una = firstSn;
        next = firstSn;
        end = firstSn;
        firstLostHint = firstSn;
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

    /// The number of segments whose data is held: those behind a hole that have arrived are not.
    int kept() {
        return held() - ahead;
    }

    int unsent() {
        return end - next;
    }

    /// The number of segments from the oldest unacknowledged one to the last that was sent.
    int outstanding() {
        return next - una;
    }

    int lost() {
        return lost;
    }

    int mss() {
        return mss;
    }

    /// Cuts what is written from now on for so much data in a segment.
    void useSegments(int mss) {
        this.mss = mss;
    }

    /// Adds bytes to the stream, filling the last unsent segment first.
    ///
    /// @return the number of bytes taken, limited by the number of segments whose data may be held
    int append(ByteBuffer bytes, int mostKept) {
        int before = bytes.remaining();
        if (unsent() > 0) {
            Outgoing last = ring.at(end - 1);
            if (last.command == Segment.PUSH && last.frg == 0 && !last.whole) {
                fill(last, bytes);
            }
        }
        while (bytes.hasRemaining() && kept() < mostKept && held() < MOST_SPAN) {
            fill(add(Segment.PUSH, 0), bytes);
        }
        return before - bytes.remaining();
    }

    /// How many segments can be added.
    int room(int mostKept) {
        return Math.max(0, Math.min(mostKept - kept(), MOST_SPAN - held()));
    }

    /// Adds one message, cut into fragments that count down to 0.
    void appendMessage(ByteBuffer message) {
        int fragments = fragments(message.remaining());
        for (int left = fragments - 1; left >= 0; left--) {
            fill(add(Segment.PUSH, left), message);
        }
    }

    /// Adds one segment to whose data nothing is appended, and which is longer than others if the
    /// data is.
    void appendWhole(ByteBuffer data) {
        Outgoing segment = add(Segment.PUSH, 0);
        segment.whole = true;
        byte[] block = pool.take(Math.max(mss, data.remaining()));
        segment.length = data.remaining();
        data.get(block, 0, segment.length);
        segment.data = block;
    }

    int fragments(int bytes) {
        return Math.max(1, Math.ceilDiv(bytes, mss));
    }

    void appendFin() {
        add(Segment.FIN, 0);
    }

    private Outgoing add(int command, int frg) {
        ring.reserve(una, held() + 1);
        Outgoing slot = ring.at(end);
        slot.sn = end++;
        slot.length = 0;
        slot.command = command;
        slot.frg = frg;
        slot.whole = false;
        slot.state = State.UNSENT;
        slot.transmissions = 0;
        return slot;
    }

    private void fill(Outgoing slot, ByteBuffer bytes) {
        if (!bytes.hasRemaining()) {
            return;
        }
        byte[] block = slot.data;
        if (block == null) {
            block = pool.take(mss);
            slot.data = block;
        }
        int n = Math.min(bytes.remaining(), Math.min(mss, block.length) - slot.length);
        if (n > 0) {
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

    /// How often a segment has been sent.
    int transmissionsOf(int sn) {
        return ring.at(sn).transmissions;
    }

    int lengthOf(int sn) {
        return ring.at(sn).length;
    }

    /// Writes a lost segment, or the first that was never sent, and counts it as sent.
    void send(int sn, ByteBuffer out, int conv, int window, int peerUna, long nowNanos) {
        Outgoing slot = ring.at(sn);
        if (slot.state == State.LOST) {
            lost--;
        } else {
            next++;
        }
        flight.send(slot, nowNanos);
        write(slot, out, conv, window, peerUna);
    }

    /// Writes a segment again as it was sent last, for the case that this transmission is lost: it
    /// has the same number, so that either copy's acknowledgement is that of both.
    void sendCopy(int sn, ByteBuffer out, int conv, int window, int peerUna) {
        write(ring.at(sn), out, conv, window, peerUna);
    }

    /// Whether the latest transmission of a segment is still in flight.
    boolean isInFlight(int sn) {
        return sn - una >= 0 && sn - next < 0 && ring.at(sn).state == State.IN_FLIGHT;
    }

    /// Sets the `frg` of a segment that is sent next.
    void mark(int sn, int frg) {
        ring.at(sn).frg = frg;
    }

    private static void write(Outgoing slot, ByteBuffer out, int conv, int window, int peerUna) {
        Segment.write(
                out,
                conv,
                slot.command,
                slot.frg,
                window,
                slot.transmission,
                slot.sn,
                peerUna,
                slot.length);
        if (slot.data != null) {
            out.put(slot.data, 0, slot.length);
        }
    }

    /// Takes the acknowledgement of one segment. One for a segment that was never sent, or that
    /// is acknowledged already, changes nothing.
    void acknowledge(int sn, int ts, long nowNanos) {
        if (sn - una < 0 || sn - next >= 0) {
            return;
        }
        Outgoing slot = ring.at(sn);
        if (slot.state == State.ACKNOWLEDGED) {
            return;
        }
        settle(slot);
        flight.deliver(slot, ts, nowNanos);
        ahead++;
        while (una != next && ring.at(una).state == State.ACKNOWLEDGED) {
            una++;
            ahead--;
            flight.advanced();
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
            Outgoing slot = ring.at(una);
            if (slot.state != State.ACKNOWLEDGED) {
                settle(slot);
                flight.deliver(slot, slot.transmissions == 1, nowNanos);
            } else {
                ahead--;
            }
            una++;
            flight.advanced();
        }
        keepHintInside();
    }

    private void keepHintInside() {
        if (una - firstLostHint > 0) {
            firstLostHint = una;
        }
    }

    /// Lets go of what an acknowledged segment holds.
    private void settle(Outgoing slot) {
        if (slot.state == State.LOST) {
            lost--;
        }
        drop(slot);
    }

    private void drop(Outgoing slot) {
        if (slot.data != null) {
            pool.give(slot.data);
            slot.data = null;
        }
    }

    /// Notes that the flight has lost a segment.
    void lost(Outgoing slot) {
        lost++;
        if (slot.sn - firstLostHint < 0) {
            firstLostHint = slot.sn;
        }
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
            Outgoing slot = ring.at(sn);
            flight.forget(slot);
            drop(slot);
        }
        una = end;
        next = end;
        firstLostHint = end;
        lost = 0;
        ahead = 0;
    }
}
