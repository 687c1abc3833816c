package natt.core.session;

import natt.core.noise.Aead;

/// What a responder grants, encrypted in RESPONSE: 32 bytes.
///
/// ```text
///  0                 4         6         8                 16
///  +-----------------+---------+---------+-----------------+
///  | capabilities    | mtu     |keepalive| session id      |
///  +-----------------+---------+---------+-----------------+
///  | sender index    | receiver index    | reserved, zero  |
///  +-----------------+-------------------+-----------------+
///  16                20                  24                32
/// ```
///
/// The indexes are those of the message's header, which nothing else authenticates.
///
/// @param capabilities those chosen, as in [InitPayload]
/// @param mtu the largest datagram that the responder takes, in bytes; 16 bits
/// @param keepaliveSeconds 16 bits
/// @param sessionId another than the one asked for if that one is gone
record ResponsePayload(int capabilities, int mtu, int keepaliveSeconds, long sessionId) {
    static final int LENGTH = 32;

    private static final int INDEXES = 16;

    ResponsePayload {
        if (mtu < 0 || mtu > 0xffff || keepaliveSeconds < 0 || keepaliveSeconds > 0xffff) {
            throw new IllegalArgumentException(
                    "mtu %d, keepalive %d s".formatted(mtu, keepaliveSeconds));
        }
    }

    byte[] encode(int senderIndex, int receiverIndex) {
        var out = new byte[LENGTH];
        Wire.putInt(out, 0, capabilities);
        Wire.putShort(out, 4, mtu);
        Wire.putShort(out, 6, keepaliveSeconds);
        Wire.putLong(out, 8, sessionId);
        Wire.putInt(out, INDEXES, senderIndex);
        Wire.putInt(out, INDEXES + 4, receiverIndex);
        return out;
    }

    /// @param from 32 bytes; the reserved ones may be anything
    static ResponsePayload decode(byte[] from) {
        return new ResponsePayload(
                Wire.getInt(from, 0),
                Wire.getShort(from, 4),
                Wire.getShort(from, 6),
                Wire.getLong(from, 8));
    }

    /// What seals DATA.
    Aead.Algorithm algorithm() {
        return (capabilities & InitPayload.AES) == 0
                ? Aead.Algorithm.CHACHA20_POLY1305
                : Aead.Algorithm.AES_256_GCM;
    }

    /// Whether an encoded payload carries these indexes.
    static boolean hasIndexes(byte[] from, int senderIndex, int receiverIndex) {
        return Wire.getInt(from, INDEXES) == senderIndex
                && Wire.getInt(from, INDEXES + 4) == receiverIndex;
    }
}
