package natt.tun.packet;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// What a TUN device says before each packet about what is left to be done to it: `struct
/// virtio_net_hdr` of the kernel, little-endian.
///
/// ```text
///  0       1        2               4               6               8
/// +-------+--------+---------------+---------------+---------------+---------------+
/// | flags | kind   | header length | segment size  | checksum from | checksum at   |
/// +-------+--------+---------------+---------------+---------------+---------------+
/// ```
///
/// The checksum covers what follows `from`; it is written `at` bytes behind that, where the sum of
/// the pseudo-header is now.
public final class Offload {
    /// Its length, in bytes.
    public static final int LENGTH = 10;

    private static final int NEEDS_CHECKSUM = 1;
    private static final int NONE = 0;
    private static final int TCP_IPV4 = 1;
    private static final int TCP_IPV6 = 4;

    /// Added to the kind: the packet has CWR (RFC 3168), which only the first of its parts keeps.
    private static final int ECN = 0x80;

    /// Where the checksum is in a header of TCP.
    static final int TCP_CHECKSUM = 16;

    private int flags;
    private int kind;
    private int segmentSize;
    private int checksumFrom;
    private int checksumAt;

    public Offload() {}

    /// Reads what is at the buffer's position, which moves to the packet.
    ///
    /// @return false if that is too short
    boolean read(ByteBuffer buffer) {
        if (buffer.remaining() < LENGTH) {
            return false;
        }
        int at = buffer.position();
        flags = Byte.toUnsignedInt(buffer.get(at));
        kind = Byte.toUnsignedInt(buffer.get(at + 1)) & ~ECN;
        segmentSize = twoBytes(buffer, at + 4);
        checksumFrom = twoBytes(buffer, at + 6);
        checksumAt = twoBytes(buffer, at + 8);
        buffer.position(at + LENGTH);
        return true;
    }

    private static int twoBytes(ByteBuffer buffer, int at) {
        int value = Short.toUnsignedInt(buffer.getShort(at));
        return buffer.order() == ByteOrder.LITTLE_ENDIAN
                ? value
                : Short.toUnsignedInt(Short.reverseBytes((short) value));
    }

    /// Whether the packet is as it is to be sent.
    boolean isDone() {
        return kind == NONE && !needsChecksum();
    }

    boolean needsChecksum() {
        return (flags & NEEDS_CHECKSUM) != 0;
    }

    /// Whether the packet is one of TCP that is to be cut.
    boolean isTcp() {
        return kind == TCP_IPV4 || kind == TCP_IPV6;
    }

    /// Whether the packet is whole.
    boolean isWhole() {
        return kind == NONE;
    }

    /// How much of the payload each part has, but for the last.
    int segmentSize() {
        return segmentSize;
    }

    /// Where what the checksum covers begins in the packet, which is the header of TCP.
    int checksumFrom() {
        return checksumFrom;
    }

    /// Where the checksum is in the packet.
    int checksumAt() {
        return checksumFrom + checksumAt;
    }

    /// Writes that a packet of TCP was put together from several.
    static void writeTcp(
            ByteBuffer into, boolean ipv6, int ipHeader, int headers, int segmentSize) {
        into.put((byte) NEEDS_CHECKSUM).put((byte) (ipv6 ? TCP_IPV6 : TCP_IPV4));
        putTwoBytes(into, headers);
        putTwoBytes(into, segmentSize);
        putTwoBytes(into, ipHeader);
        putTwoBytes(into, TCP_CHECKSUM);
    }

    private static void putTwoBytes(ByteBuffer into, int value) {
        into.put((byte) value).put((byte) (value >>> 8));
    }
}
