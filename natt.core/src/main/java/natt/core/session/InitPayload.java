package natt.core.session;

/// What an initiator asks for, encrypted in INIT: 56 bytes.
///
/// ```text
///  0                 4    5    6         8                 16          56
///  +-----------------+----+----+---------+-----------------+-----------+
///  | capabilities    |mode|zero| mtu     | session to      | reserved, |
///  |                 |    |    |         | resume          | zero      |
///  +-----------------+----+----+---------+-----------------+-----------+
/// ```
///
/// @param capabilities bit 0 KCP, 1 QUIC, 2 IP, 3 parts, 4 AES-256-GCM
/// @param mode the number of a [Mode]; others are for the caller to refuse
/// @param mtu the largest datagram that the initiator takes, in bytes; 16 bits
/// @param resume the id of the session to resume
record InitPayload(int capabilities, int mode, int mtu, long resume) {
    static final int LENGTH = 56;

    /// The capability of packets.
    static final int PACKETS = 1 << 2;

    /// The capability of DATA that is sealed with AES-256-GCM.
    static final int AES = 1 << 4;

    InitPayload {
        if (mode < 0 || mode > 0xff || mtu < 0 || mtu > 0xffff) {
            throw new IllegalArgumentException("mode %d, mtu %d".formatted(mode, mtu));
        }
    }

    byte[] encode() {
        var out = new byte[LENGTH];
        Wire.putInt(out, 0, capabilities);
        out[4] = (byte) mode;
        Wire.putShort(out, 6, mtu);
        Wire.putLong(out, 8, resume);
        return out;
    }

    /// @param from 56 bytes; the reserved ones may be anything
    static InitPayload decode(byte[] from) {
        return new InitPayload(
                Wire.getInt(from, 0),
                from[4] & 0xff,
                Wire.getShort(from, 6),
                Wire.getLong(from, 8));
    }
}
