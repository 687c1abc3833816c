package natt.tun.packet;

import java.nio.ByteBuffer;

/// Writes errors about packets, ICMP (RFC 792, RFC 1191) or ICMPv6 (RFC 4443), to those who have
/// sent them. An error comes from where the packet was going: this is no host of its own, and a
/// machine takes nothing that claims to be from itself.
final class IcmpErrors {
    /// No error about IPv4 is longer (RFC 1812, section 4.3.2.3).
    private static final int MOST_IPV4 = 576;

    /// Nor one about IPv6 (RFC 4443, section 2.4 (c)).
    private static final int MOST_IPV6 = 1280;

    private static final int ICMP_HEADER = 8;
    private static final int HOP_LIMIT = 64;

    /// Why a destination is not reached.
    enum Why {
        NO_ROUTE(0, 0),
        HOST(1, 3);

        private final int ipv4Code;
        private final int ipv6Code;

        Why(int ipv4Code, int ipv6Code) {
            this.ipv4Code = ipv4Code;
            this.ipv6Code = ipv6Code;
        }
    }

    private final ByteBuffer out = ByteBuffer.allocateDirect(MOST_IPV6);

    IcmpErrors() {}

    /// Whether an error may be sent about a packet at all (RFC 1122, section 3.2.2; RFC 4443,
    /// section 2.4 (e)); its addresses are known to be those of single hosts.
    static boolean mayBeAbout(IpPacket packet) {
        return !packet.isLaterFragment() && !packet.isIcmpError();
    }

    /// A destination is not reached. The buffer is used again for the next error.
    ByteBuffer unreachable(IpPacket about, Why why) {
        return about.isIpv6() ? ipv6(about, 1, why.ipv6Code, 0) : ipv4(about, why.ipv4Code, 0);
    }

    /// A packet is too wide for the next hop. The buffer is used again for the next error.
    ByteBuffer tooBig(IpPacket about, int mtu) {
        return about.isIpv6() ? ipv6(about, 2, 0, mtu) : ipv4(about, 4, mtu);
    }

    /// All of type 3. The last two bytes of the header are the MTU of the next hop.
    private ByteBuffer ipv4(IpPacket about, int code, int rest) {
        int overhead = IpPacket.LEAST_IPV4_HEADER + ICMP_HEADER;
        int quoted = Math.min(about.length(), MOST_IPV4 - overhead);
        out.clear();
        out.putShort((short) 0x4500).putShort((short) (overhead + quoted));
        // Identification 0, since it is never cut (RFC 6864, section 4.1): the bit for that is set.
        out.putInt(0x4000);
        out.put((byte) HOP_LIMIT).put((byte) IpPacket.ICMP).putShort((short) 0);
        out.putInt((int) (about.destinationHigh() >>> 32));
        out.putInt((int) (about.sourceHigh() >>> 32));
        out.putShort(10, Checksum.finish(Checksum.add(0, out, 0, IpPacket.LEAST_IPV4_HEADER)));
        out.put((byte) 3).put((byte) code).putShort((short) 0).putInt(rest);
        about.copy(quoted, out);
        out.flip();
        long sum = Checksum.add(0, out, IpPacket.LEAST_IPV4_HEADER, out.limit());
        out.putShort(IpPacket.LEAST_IPV4_HEADER + 2, Checksum.finish(sum));
        return out;
    }

    private ByteBuffer ipv6(IpPacket about, int type, int code, int rest) {
        int overhead = IpPacket.IPV6_HEADER + ICMP_HEADER;
        int quoted = Math.min(about.length(), MOST_IPV6 - overhead);
        out.clear();
        out.putInt(0x6000_0000).putShort((short) (ICMP_HEADER + quoted));
        out.put((byte) IpPacket.ICMPV6).put((byte) HOP_LIMIT);
        out.putLong(about.destinationHigh()).putLong(about.destinationLow());
        out.putLong(about.sourceHigh()).putLong(about.sourceLow());
        out.put((byte) type).put((byte) code).putShort((short) 0).putInt(rest);
        about.copy(quoted, out);
        out.flip();
        // The pseudo-header: both addresses, the length and the next header (RFC 8200, 8.1).
        long sum = (long) ICMP_HEADER + quoted + IpPacket.ICMPV6;
        sum = Checksum.add(sum, out, 8, out.limit());
        out.putShort(IpPacket.IPV6_HEADER + 2, Checksum.finish(sum));
        return out;
    }
}
