package natt.core.session;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// Datagrams in parts, for paths that are narrower than what a transport holds: a DATA of kind 2
/// is `id u16, index u8, last u8`, then the part.
final class Parts {
    static final int HEADER_LENGTH = 4;

    // What DESIGN fixes.
    private static final int MOST_PARTS = 4;
    private static final int MOST_IDS = 16;
    private static final long KEPT = 1_000_000_000;

    /// One datagram that has not arrived whole.
    private static final class Pending {
        private int id = -1;
        private int last;
        private int have;
        private long since;
        private final byte[] @Nullable [] parts = new byte[MOST_PARTS] @Nullable [];
    }

    private final Pending[] pending = new Pending[MOST_IDS];
    private int next;

    private byte[] outgoing = new byte[0];
    private int outgoingLength;
    private int sent;
    private int partLength;
    private int nextId;

    Parts() {
        for (int i = 0; i < MOST_IDS; i++) {
            pending[i] = new Pending();
        }
    }

    // ---- in

    /// Takes a part and returns the datagram if it is whole now. A malformed part is ignored.
    @Nullable ByteBuffer take(byte[] in, int at, int length, long nowNanos) {
        if (length <= HEADER_LENGTH) {
            return null;
        }
        var header = ByteBuffer.wrap(in, at, length);
        int id = Short.toUnsignedInt(header.getShort());
        int index = Byte.toUnsignedInt(header.get());
        int last = Byte.toUnsignedInt(header.get());
        if (index > last || last >= MOST_PARTS) {
            return null;
        }
        Pending datagram = find(id, last, nowNanos);
        if (datagram.parts[index] == null) {
            var part = new byte[length - HEADER_LENGTH];
            header.get(part);
            datagram.parts[index] = part;
            datagram.have++;
        }
        return datagram.have > last ? whole(datagram) : null;
    }

    private Pending find(int id, int last, long nowNanos) {
        for (Pending each : pending) {
            if (each.id == id && each.last == last && nowNanos - each.since < KEPT) {
                return each;
            }
        }
        Pending oldest = pending[next];
        next = (next + 1) % MOST_IDS;
        clear(oldest);
        oldest.id = id;
        oldest.last = last;
        oldest.since = nowNanos;
        return oldest;
    }

    private static @Nullable ByteBuffer whole(Pending datagram) {
        int length = 0;
        for (byte[] part : datagram.parts) {
            length += part == null ? 0 : part.length;
        }
        var whole = ByteBuffer.allocate(length);
        for (byte[] part : datagram.parts) {
            if (part != null) {
                whole.put(part);
            }
        }
        clear(datagram);
        return length > Wire.MOST_DATAGRAM ? null : whole.flip();
    }

    private static void clear(Pending datagram) {
        datagram.id = -1;
        datagram.have = 0;
        Arrays.fill(datagram.parts, null);
    }

    // ---- out

    /// Cuts a datagram for payloads of at most a length.
    ///
    /// @return whether it can be sent in four parts at most
    boolean cut(byte[] datagram, int at, int length, int most) {
        int parts = Math.ceilDiv(length, most - HEADER_LENGTH);
        if (parts > MOST_PARTS) {
            return false;
        }
        if (outgoing.length < length) {
            outgoing = new byte[length];
        }
        System.arraycopy(datagram, at, outgoing, 0, length);
        outgoingLength = length;
        sent = 0;
        partLength = Math.ceilDiv(length, parts);
        nextId = nextId + 1 & 0xffff;
        return true;
    }

    boolean hasNext() {
        return sent < outgoingLength;
    }

    /// Writes the next part with its header.
    ///
    /// @return its length
    int next(byte[] out, int at) {
        int length = Math.min(partLength, outgoingLength - sent);
        ByteBuffer.wrap(out, at, HEADER_LENGTH + length)
                .putShort((short) nextId)
                .put((byte) (sent / partLength))
                .put((byte) ((outgoingLength - 1) / partLength))
                .put(outgoing, sent, length);
        sent += length;
        return HEADER_LENGTH + length;
    }
}
