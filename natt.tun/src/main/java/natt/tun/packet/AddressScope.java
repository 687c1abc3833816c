package natt.tun.packet;

/// What kind of address one is, by the registries of special-purpose addresses (RFC 6890).
enum AddressScope {
    /// That of one host, which may be anywhere.
    HOST,
    LINK_LOCAL,
    /// Multicast, and IPv4's limited broadcast.
    MULTICAST,
    /// Never on the way: unspecified, loopback, reserved, and IPv4 addresses written as IPv6 ones.
    MARTIAN;

    /// @param high as [IpPacket] has addresses
    /// @param low as [IpPacket] has addresses
    static AddressScope of(boolean isIpv6, long high, long low) {
        return isIpv6 ? ofIpv6(high, low) : ofIpv4((int) (high >>> 32));
    }

    private static AddressScope ofIpv4(int address) {
        int first = address >>> 24;
        if (first == 0 || first == 127) {
            return MARTIAN;
        }
        if (first >= 240) {
            return address == -1 ? MULTICAST : MARTIAN;
        }
        if (first >= 224) {
            return MULTICAST;
        }
        return address >>> 16 == 0xa9fe ? LINK_LOCAL : HOST;
    }

    private static AddressScope ofIpv6(long high, long low) {
        if (high >>> 56 == 0xff) {
            return MULTICAST;
        }
        // ::/96 holds :: and ::1, ::ffff:0:0/96 the mapped ones.
        if (high == 0 && (low >>> 32 == 0 || low >>> 32 == 0xffff)) {
            return MARTIAN;
        }
        return high >>> 54 == 0xfe80 >> 6 ? LINK_LOCAL : HOST;
    }
}
