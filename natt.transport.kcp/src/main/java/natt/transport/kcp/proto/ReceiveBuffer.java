package natt.transport.kcp.proto;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;

/// What the peer has sent and the application has not yet read: a ring indexed by `sn`, whose
/// room beyond what is unread is the window that is advertised.
final class ReceiveBuffer {
    /// So many segments may be held even when memory is scarce.
    private static final int LITTLE = 32;

    private static final class Slot {
        private byte @Nullable [] data;
        private int length;
        private int frg;
        private boolean filled;
        private boolean fin;
    }

    private final Ring<Slot> ring = new Ring<>(Slot[]::new, Slot::new);
    private final SegmentPool pool;

    /// How many segments beyond the one that is read next are taken, not counting those behind a
    /// hole.
    private int limit;

    /// How many behind a hole are not counted.
    private int mostBehind;

    /// The sn before which the peer has been let to send: never moves back.
    private int edge;

    /// How many segments are held.
    private int held;

    /// The sn that is read next.
    private int first;

    /// How much of it has been read.
    private int offset;

    /// The first sn that has not arrived.
    private int next;

    /// After the last sn that has arrived.
    private int end;

    private boolean finSeen;
    private int finSn;

    ReceiveBuffer(SegmentPool pool, int window, int firstSn) {
        this.pool = pool;
        limit = window;
        edge = firstSn + window;
        first = firstSn;
        next = firstSn;
        end = firstSn;
    }

    /// The first sn that has not arrived: the `una` of everything sent.
    int next() {
        return next;
    }

    /// How many segments beyond [#next] are taken.
    int window() {
        return edge - next;
    }

    /// Widens the window.
    void widen(int segments) {
        limitTo(Math.max(limit, segments));
    }

    /// Sets how many segments may wait. What was promised is kept: a window narrows only as what
    /// it let through is read.
    void limitTo(int segments) {
        limit = segments;
        promise();
    }

    /// Sets how many segments may wait behind a hole beside those that may wait anyway. A hole
    /// lasts some round trips on a path that loses, whatever the reader does.
    void allowBehindHoles(int segments) {
        mostBehind = segments;
    }

    private void promise() {
        int promised = first + limit + Math.clamp(held - unread(), 0, mostBehind);
        if (promised - edge > 0) {
            edge = promised;
        }
    }

    int limit() {
        return limit;
    }

    /// Whether something before what has arrived is missing.
    boolean hasHole() {
        return next != end;
    }

    /// How many segments have arrived in order and are not yet read.
    int unread() {
        return next - first;
    }

    /// Whether nothing is held and nothing was promised that [#limitTo] would not promise.
    boolean isEmpty() {
        return first == end;
    }

    /// Takes a PUSH or FIN.
    ///
    /// @return whether it is to be acknowledged: it was new or had arrived before
    boolean accept(Segment segment, ByteBuffer in) {
        int sn = segment.sn;
        if (sn - edge >= 0 || segment.length > SegmentPool.BLOCK_LENGTH) {
            return false;
        }
        if (sn - next < 0) {
            return true;
        }
        if (finSeen && sn - finSn > 0) {
            return false;
        }
        // What is not acknowledged is sent again; what is next is taken, so that nothing stalls.
        boolean arrivedBefore = sn - end < 0 && ring.at(sn).filled;
        if (sn != first && !arrivedBefore && (held < LITTLE ? pool.exhausted() : pool.scarce())) {
            return false;
        }
        ring.reserve(first, sn - first + 1);
        boolean further = sn - end >= 0;
        if (further) {
            end = sn + 1;
        }
        Slot slot = ring.at(sn);
        if (slot.filled) {
            return true;
        }
        slot.filled = true;
        slot.frg = segment.frg;
        slot.fin = segment.command == Segment.FIN;
        slot.length = slot.fin ? 0 : segment.length;
        if (slot.length > 0) {
            byte[] block = pool.take(slot.length);
            held++;
            in.get(segment.dataAt, block, 0, slot.length);
            slot.data = block;
        }
        if (slot.fin) {
            finSeen = true;
            finSn = sn;
        }
        while (next != end && ring.at(next).filled) {
            next++;
        }
        if (further && next != end) {
            promise();
        }
        return true;
    }

    /// Whether the peer's end of its direction has arrived, and everything before it.
    boolean ended() {
        return finSeen && next - finSn > 0;
    }

    /// Whether [#read] would return something other than 0.
    boolean readable() {
        return first != next;
    }

    /// Fills the buffer with bytes in order, whatever messages they belong to.
    ///
    /// @return how many, 0 if there are none yet, -1 at the end of the direction
    int read(ByteBuffer into) {
        int before = into.remaining();
        while (first != next) {
            Slot slot = ring.at(first);
            if (slot.fin) {
                return before == into.remaining() ? -1 : before - into.remaining();
            }
            int n = Math.min(slot.length - offset, into.remaining());
            if (slot.data != null) {
                into.put(slot.data, offset, n);
            }
            offset += n;
            if (offset < slot.length) {
                break;
            }
            drop(slot);
        }
        return before - into.remaining();
    }

    /// Returns the length of the next message, -1 if it has not arrived whole, -2 at the end of
    /// the direction.
    int messageLength() {
        int total = 0;
        for (int sn = first; sn != next; sn++) {
            Slot slot = ring.at(sn);
            if (slot.fin) {
                return -2;
            }
            total += slot.length;
            if (slot.frg == 0) {
                return total;
            }
        }
        return -1;
    }

    /// Reads a whole message, of which [#messageLength] has told the length.
    void readMessage(ByteBuffer into) {
        boolean last;
        do {
            Slot slot = ring.at(first);
            last = slot.frg == 0;
            if (slot.data != null) {
                into.put(slot.data, 0, slot.length);
            }
            drop(slot);
        } while (!last);
    }

    private void drop(Slot slot) {
        empty(slot);
        offset = 0;
        first++;
        promise();
    }

    private void empty(Slot slot) {
        if (slot.data != null) {
            pool.give(slot.data);
            slot.data = null;
            held--;
        }
        slot.filled = false;
    }

    /// Gives memory back when there is nothing to hold.
    void trim() {
        if (first == end) {
            ring.shrink();
        }
    }

    /// Drops what has arrived out of order, which nothing will complete any more.
    void releaseUnreachable() {
        for (int sn = next; sn != end; sn++) {
            empty(ring.at(sn));
        }
        end = next;
    }

    /// Drops everything, which nobody will read any more.
    void release() {
        releaseUnreachable();
        while (first != next) {
            drop(ring.at(first));
        }
        finSeen = false;
    }
}
