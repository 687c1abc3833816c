package natt.core.session;

import natt.core.noise.Aead;
import natt.core.noise.ReplayWindow;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;

/// The keys of one handshake: seals and opens DATA.
///
/// ```text
///  0               1               2               3
/// +---------------+---------------+---------------+
/// | 0x93          | zero                          |
/// +---------------+---------------+---------------+---------------+
/// | receiver index                                                |
/// +---------------+---------------+---------------+---------------+
/// | counter                                                       |
/// |                                                               |
/// +---------------+---------------+---------------+---------------+
/// | sealed: kind 1, payload n; tag 16                             |
/// ```
///
/// All big-endian. The 15 bytes of the header are the associated data.
final class Keys implements Slots.Slot {
    /// After so many messages the initiator makes new keys: what AES-GCM may seal with one, in
    /// messages of at most 2048 bytes (RFC 9001, section B.1.1).
    private static final long MOST_MESSAGES = 1L << 28;

    /// How far behind the newest message another may arrive, in messages.
    private static final int WINDOW = 8192;

    private final int localIndex;
    private final int remoteIndex;
    private final Aead send;
    private final Aead receive;
    private final ReplayWindow window = new ReplayWindow(WINDOW);
    private final long madeAt;
    private long nextCounter;
    private long highest = -1;

    /// The session that uses them; null while the handshake is half open.
    @Nullable Session session;

    /// The handshake that made them, until it is confirmed; null for the initiator.
    Gatekeeper.@Nullable HalfOpen halfOpen;

    Keys(int localIndex, int remoteIndex, Aead send, Aead receive, long nowNanos) {
        this.localIndex = localIndex;
        this.remoteIndex = remoteIndex;
        this.send = send;
        this.receive = receive;
        madeAt = nowNanos;
    }

    @Override
    public int index() {
        return localIndex;
    }

    long age(long nowNanos) {
        return nowNanos - madeAt;
    }

    boolean isWornOut() {
        return nextCounter >= MOST_MESSAGES || highest >= MOST_MESSAGES;
    }

    Aead.Algorithm algorithm() {
        return send.algorithm();
    }

    /// Whether anything sealed by the peer with these keys has arrived.
    boolean confirmed() {
        return highest >= 0;
    }

    /// The receiver index of a DATA that is long enough to have one.
    static int receiverIndex(byte[] data) {
        return Wire.getInt(data, Wire.DATA_RECEIVER);
    }

    /// Seals kind and payload, which lie at the beginning of an array, and writes the DATA.
    ///
    /// @param scratch for a buffer that is on no array
    void seal(byte[] plain, int length, byte[] scratch, ByteBuffer into) {
        if (into.hasArray()) {
            int at = into.arrayOffset() + into.position();
            into.position(into.position() + seal(plain, length, into.array(), at));
        } else {
            into.put(scratch, 0, seal(plain, length, scratch, 0));
        }
    }

    private int seal(byte[] plain, int length, byte[] out, int at) {
        out[at] = (byte) Wire.DATA;
        Wire.putShort(out, at + 1, 0);
        Wire.putInt(out, at + Wire.DATA_RECEIVER, remoteIndex);
        Wire.putLong(out, at + Wire.DATA_COUNTER, nextCounter);
        int sealedAt = at + Wire.DATA_HEADER;
        return Wire.DATA_HEADER
                + send.seal(
                        nextCounter++, out, at, Wire.DATA_HEADER, plain, 0, length, out, sealedAt);
    }

    /// What became of a DATA.
    enum Opened {
        FORGED,
        REPLAYED,
        /// In order or early: no other of these keys was sealed later.
        NEWEST,
        LATE
    }

    /// Opens a DATA of at least [Wire#DATA_OVERHEAD] bytes into an array: kind, then payload.
    Opened open(byte[] data, int length, byte[] plain) {
        long counter = Wire.getLong(data, Wire.DATA_COUNTER);
        if (counter < 0 || !window.isNew(counter)) {
            return Opened.REPLAYED;
        }
        int opened =
                receive.open(
                        counter,
                        data,
                        0,
                        Wire.DATA_HEADER,
                        data,
                        Wire.DATA_HEADER,
                        length - Wire.DATA_HEADER,
                        plain,
                        0);
        if (opened < 0) {
            return Opened.FORGED;
        }
        window.accept(counter);
        if (counter > highest) {
            highest = counter;
            return Opened.NEWEST;
        }
        return Opened.LATE;
    }

    /// Forgets the keys.
    void destroy() {
        send.destroy();
        receive.destroy();
    }
}
