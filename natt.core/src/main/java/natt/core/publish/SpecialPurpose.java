package natt.core.publish;

import java.net.InetAddress;
import java.util.List;

/// Which addresses make no sense in public DNS: the special-purpose registries of IANA (RFC 6890),
/// except the documentation prefixes, where laboratories live.
public final class SpecialPurpose {
    private record Prefix(byte[] network, int length) {
        static Prefix of(String network, int length) {
            return new Prefix(InetAddress.ofLiteral(network).getAddress(), length);
        }

        boolean contains(byte[] address) {
            if (address.length != network.length) {
                return false;
            }
            for (int bit = 0; bit < length; bit++) {
                int mask = 0x80 >> (bit & 7);
                if ((address[bit >> 3] & mask) != (network[bit >> 3] & mask)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static final List<Prefix> PREFIXES =
            List.of(
                    Prefix.of("0.0.0.0", 8),
                    Prefix.of("10.0.0.0", 8),
                    Prefix.of("100.64.0.0", 10),
                    Prefix.of("127.0.0.0", 8),
                    Prefix.of("169.254.0.0", 16),
                    Prefix.of("172.16.0.0", 12),
                    Prefix.of("192.0.0.0", 24),
                    Prefix.of("192.88.99.0", 24),
                    Prefix.of("192.168.0.0", 16),
                    Prefix.of("198.18.0.0", 15),
                    Prefix.of("224.0.0.0", 4),
                    Prefix.of("240.0.0.0", 4),
                    Prefix.of("::", 96),
                    Prefix.of("64:ff9b:1::", 48),
                    Prefix.of("100::", 64),
                    Prefix.of("fc00::", 7),
                    Prefix.of("fe80::", 10),
                    Prefix.of("fec0::", 10),
                    Prefix.of("ff00::", 8));

    private SpecialPurpose() {}

    /// Whether the address is private, loopback, link-local, shared by a carrier, multicast,
    /// reserved or unspecified.
    public static boolean includes(InetAddress address) {
        byte[] bytes = address.getAddress();
        for (Prefix prefix : PREFIXES) {
            if (prefix.contains(bytes)) {
                return true;
            }
        }
        return false;
    }
}
