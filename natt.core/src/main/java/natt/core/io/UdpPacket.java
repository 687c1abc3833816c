package natt.core.io;

import java.nio.ByteBuffer;

/// The headers of a UDP datagram as a raw socket has them: of IPv4 (RFC 791) and of UDP (RFC 768).
/// Everything is in network byte order, which is a buffer's own.
///
/// ```text
///  0        4               8               12      16           20
///  | 4, IHL, TOS, length | id, flags, frag. | TTL, protocol, sum | source | destination |
///  0        2                  4        6          8
///  | source | destination port | length | checksum | payload
/// ```
final class UdpPacket {
    static final int IPV4_BYTES = 20;
    static final int UDP_BYTES = 8;

    private static final int VERSION_4 = 4;
    private static final int LEAST_IHL = 5;
    private static final int PROTOCOL = 17;
    private static final int DONT_FRAGMENT = 0x4000;
    private static final int FRAGMENT_BITS = 0x3fff;

    /// What Linux sends with, unless it is told otherwise.
    private static final int TTL = 64;

    private static final int LENGTH_AT = 2;
    private static final int FLAGS_AT = 6;
    private static final int PROTOCOL_AT = 9;
    private static final int SOURCE_AT = 12;
    private static final int UDP_LENGTH_AT = 4;
    private static final int CHECKSUM_AT = 6;

    private UdpPacket() {}

    /// Advances a buffer over the header of IPv4, and ends it where the packet ends.
    ///
    /// @return false if it is no whole UDP datagram in IPv4
    static boolean takeIpv4(ByteBuffer packet) {
        int start = packet.position();
        if (packet.remaining() < IPV4_BYTES) {
            return false;
        }
        int first = Byte.toUnsignedInt(packet.get(start));
        int header = (first & 0xf) * 4;
        int length = Short.toUnsignedInt(packet.getShort(start + LENGTH_AT));
        if (first >> 4 != VERSION_4
                || (first & 0xf) < LEAST_IHL
                || header > length
                || length > packet.remaining()
                || (packet.getShort(start + FLAGS_AT) & FRAGMENT_BITS) != 0
                || packet.get(start + PROTOCOL_AT) != PROTOCOL) {
            return false;
        }
        packet.limit(start + length).position(start + header);
        return true;
    }

    /// The source address of a packet of IPv4.
    static int source(ByteBuffer packet) {
        return packet.getInt(packet.position() + SOURCE_AT);
    }

    /// Advances a buffer over the header of UDP, and ends it where the datagram ends.
    ///
    /// @return the source port; -1 if it is no whole datagram to this port
    static int takeUdp(ByteBuffer datagram, int port) {
        int start = datagram.position();
        if (datagram.remaining() < UDP_BYTES) {
            return -1;
        }
        int to = Short.toUnsignedInt(datagram.getShort(start + Short.BYTES));
        int length = Short.toUnsignedInt(datagram.getShort(start + UDP_LENGTH_AT));
        if (to != port || length < UDP_BYTES || length > datagram.remaining()) {
            return -1;
        }
        datagram.limit(start + length).position(start + UDP_BYTES);
        return Short.toUnsignedInt(datagram.getShort(start));
    }

    /// Puts the header of IPv4 before a datagram of UDP. Its checksum and its identification are
    /// left to the kernel, which sees to both in packets whose header it is given.
    static void putIpv4(ByteBuffer into, int source, int destination, int length, boolean whole) {
        into.putShort((short) (VERSION_4 << 12 | LEAST_IHL << 8));
        into.putShort((short) (IPV4_BYTES + length));
        into.putShort((short) 0).putShort((short) (whole ? DONT_FRAGMENT : 0));
        into.put((byte) TTL).put((byte) PROTOCOL).putShort((short) 0);
        into.putInt(source).putInt(destination);
    }

    /// Puts the header of UDP, without its checksum.
    ///
    /// @param length with this header
    static void putUdp(ByteBuffer into, int source, int destination, int length) {
        into.putShort((short) source).putShort((short) destination);
        into.putShort((short) length).putShort((short) 0);
    }

    /// Fills in the checksum of a datagram that goes by IPv4.
    ///
    /// @param at where the header of UDP begins; the datagram ends at the buffer's limit
    static void setChecksum(ByteBuffer packet, int at, int source, int destination) {
        long sum = PROTOCOL + (packet.limit() - at);
        sum += (source >>> 16) + (source & 0xffff);
        sum += (destination >>> 16) + (destination & 0xffff);
        int i = at;
        for (; i + 1 < packet.limit(); i += 2) {
            sum += Short.toUnsignedInt(packet.getShort(i));
        }
        if (i < packet.limit()) {
            sum += Byte.toUnsignedInt(packet.get(i)) << 8;
        }
        while (sum >>> 16 != 0) {
            sum = (sum >>> 16) + (sum & 0xffff);
        }
        // Zero says that there is none.
        packet.putShort(at + CHECKSUM_AT, (short) (sum == 0xffff ? sum : ~sum));
    }
}
