package natt.tun.packet;

import java.nio.ByteBuffer;

/// A view on one IP packet at a time, IPv4 (RFC 791) or IPv6 (RFC 8200), without copying it. It is
/// reused: what it says is about the packet that was read last, while its bytes are there.
///
/// Addresses are two numbers of 64 bits, the first bits of the address first; an IPv4 address is
/// the upper half of the first and the rest is zero, so that prefixes of both families are
/// compared alike.
public final class IpPacket {
    static final int ICMP = 1;
    static final int ICMPV6 = 58;
    static final int TCP = 6;
    static final int UDP = 17;

    static final int LEAST_IPV4_HEADER = 20;
    static final int IPV6_HEADER = 40;

    private static final int MOST_IPV4_LENGTH = 65_535;

    private static final int DONT_FRAGMENT = 0x4000;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int FRAGMENT_OFFSET = 0x1fff;

    private static final int LOOSE_SOURCE_ROUTE = 131;
    private static final int STRICT_SOURCE_ROUTE = 137;

    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int AUTHENTICATION = 51;
    private static final int DESTINATION_OPTIONS = 60;

    private ByteBuffer packet = ByteBuffer.allocate(0);
    private int start;
    private int length;
    private boolean ipv6;
    private boolean dontFragment;
    private boolean laterFragment;
    private boolean sourceRouted;
    private int protocol;
    private int payload;
    private long sourceHigh;
    private long sourceLow;
    private long destinationHigh;
    private long destinationLow;

    public IpPacket() {}

    /// Reads what is between the buffer's position and limit, which stay where they are.
    ///
    /// @return false if that is not exactly one packet whose headers are whole; then nothing here
    ///     means anything
    public boolean read(ByteBuffer buffer) {
        packet = buffer;
        start = buffer.position();
        length = buffer.remaining();
        dontFragment = false;
        laterFragment = false;
        sourceRouted = false;
        if (length < LEAST_IPV4_HEADER) {
            return false;
        }
        int version = unsigned(0) >> 4;
        ipv6 = version == 6;
        return version == 4 ? readIpv4() : ipv6 && readIpv6();
    }

    private boolean readIpv4() {
        int header = (unsigned(0) & 0xf) * 4;
        if (header < LEAST_IPV4_HEADER || header > length || twoBytes(2) != length) {
            return false;
        }
        int fragment = twoBytes(6);
        int offset = (fragment & FRAGMENT_OFFSET) * 8;
        if (offset + length - header > MOST_IPV4_LENGTH) {
            return false;
        }
        dontFragment = (fragment & DONT_FRAGMENT) != 0;
        laterFragment = offset > 0;
        protocol = unsigned(9);
        payload = header;
        sourceHigh = fourBytes(12) << 32;
        sourceLow = 0;
        destinationHigh = fourBytes(16) << 32;
        destinationLow = 0;
        return readIpv4Options(header);
    }

    /// Options end with a zero byte or with the header.
    private boolean readIpv4Options(int header) {
        int at = LEAST_IPV4_HEADER;
        while (at < header && unsigned(at) != 0) {
            int type = unsigned(at);
            sourceRouted |= type == LOOSE_SOURCE_ROUTE || type == STRICT_SOURCE_ROUTE;
            // Type 1, no operation, is the only other option without a length.
            int size = type == 1 ? 1 : at + 1 < header ? unsigned(at + 1) : 0;
            if (size < (type == 1 ? 1 : 2) || at + size > header) {
                return false;
            }
            at += size;
        }
        return true;
    }

    private boolean readIpv6() {
        if (length < IPV6_HEADER || twoBytes(4) != length - IPV6_HEADER) {
            return false;
        }
        sourceHigh = packet.getLong(start + 8);
        sourceLow = packet.getLong(start + 16);
        destinationHigh = packet.getLong(start + 24);
        destinationLow = packet.getLong(start + 32);
        protocol = unsigned(6);
        payload = IPV6_HEADER;
        return readExtensions();
    }

    /// Follows the chain of extension headers (RFC 8200, section 4) up to the first that is none,
    /// or that lies in another fragment.
    private boolean readExtensions() {
        while (!laterFragment && isExtension(protocol)) {
            if (payload + 8 > length) {
                return false;
            }
            int size = extensionSize();
            if (payload + size > length) {
                return false;
            }
            sourceRouted |= protocol == ROUTING && unsigned(payload + 3) > 0;
            laterFragment = protocol == FRAGMENT && (twoBytes(payload + 2) & 0xfff8) != 0;
            protocol = unsigned(payload);
            payload += size;
        }
        return true;
    }

    private static boolean isExtension(int header) {
        return switch (header) {
            case HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION_OPTIONS -> true;
            default -> false;
        };
    }

    /// The authentication header counts units of 4 bytes without the first two (RFC 4302, section
    /// 2.2), the others units of 8 without the first.
    private int extensionSize() {
        return switch (protocol) {
            case FRAGMENT -> 8;
            case AUTHENTICATION -> Math.max(8, (unsigned(payload + 1) + 2) * 4);
            default -> (unsigned(payload + 1) + 1) * 8;
        };
    }

    public boolean isIpv6() {
        return ipv6;
    }

    /// Its bytes, headers included.
    public int length() {
        return length;
    }

    /// Whether it must not be cut on its way: IPv4 with that bit, or IPv6.
    public boolean mustStayWhole() {
        return ipv6 || dontFragment;
    }

    /// Whether it is a fragment, and not the first.
    public boolean isLaterFragment() {
        return laterFragment;
    }

    /// Whether the sender names hosts on the way (RFC 791, section 3.1), or a routing header has
    /// hosts left to go to.
    public boolean isSourceRouted() {
        return sourceRouted;
    }

    /// What the headers of IP carry, as IANA numbers it.
    public int protocol() {
        return protocol;
    }

    public long sourceHigh() {
        return sourceHigh;
    }

    public long sourceLow() {
        return sourceLow;
    }

    public long destinationHigh() {
        return destinationHigh;
    }

    public long destinationLow() {
        return destinationLow;
    }

    /// Whether it reports an error by ICMP (RFC 1122, section 3.2.2), or by ICMPv6, whose errors
    /// have types below 128 (RFC 4443, section 2.1) and whose redirect is not to be answered
    /// either. One whose type is not in it may be.
    boolean isIcmpError() {
        int wanted = ipv6 ? ICMPV6 : ICMP;
        if (protocol != wanted || laterFragment) {
            return false;
        }
        if (payload >= length) {
            return true;
        }
        int type = unsigned(payload);
        return ipv6
                ? type < 128 || type == 137
                : switch (type) {
                    case 3, 4, 5, 11, 12 -> true;
                    default -> false;
                };
    }

    /// Whether it is a UDP datagram from this port.
    boolean isUdpFrom(int port) {
        return hasPort(0, port);
    }

    /// Whether it is a UDP datagram to this port.
    boolean isUdpTo(int port) {
        return hasPort(2, port);
    }

    private boolean hasPort(int at, int port) {
        return protocol == UDP
                && !laterFragment
                && payload + at + 2 <= length
                && twoBytes(payload + at) == port;
    }

    /// How many more hosts it may pass.
    int hopLimit() {
        return unsigned(ipv6 ? 7 : 8);
    }

    /// Takes one from the hop limit, which is not 0, and makes the header's checksum right again
    /// (RFC 1624).
    void decrementHopLimit() {
        int at = start + (ipv6 ? 7 : 8);
        packet.put(at, (byte) (hopLimit() - 1));
        if (!ipv6) {
            int sum = (~twoBytes(10) & 0xffff) + 0xfeff;
            sum = (sum & 0xffff) + (sum >>> 16);
            packet.putShort(start + 10, (short) ~sum);
        }
    }

    /// Appends the first bytes of the packet.
    void copy(int bytes, ByteBuffer into) {
        into.put(into.position(), packet, start, bytes);
        into.position(into.position() + bytes);
    }

    private int unsigned(int at) {
        return Byte.toUnsignedInt(packet.get(start + at));
    }

    private int twoBytes(int at) {
        return Short.toUnsignedInt(packet.getShort(start + at));
    }

    private long fourBytes(int at) {
        return Integer.toUnsignedLong(packet.getInt(start + at));
    }
}
