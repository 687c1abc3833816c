package natt.core;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/// IP addresses as text.
public final class Addresses {
    private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private static final Pattern IPV4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]{2,45}");
    private static final int GROUPS = 8;

    /// Where an IPv4-mapped IPv6 address holds the IPv4 address (RFC 4291, section 2.5.5.2).
    private static final int MAPPED = 12;

    private Addresses() {}

    /// Reads an address written out: four decimal numbers, or IPv6 without brackets and scope. An
    /// IPv4-mapped one is the IPv4 address.
    public static Optional<InetAddress> parse(String literal) {
        boolean ipv6 = literal.indexOf(':') >= 0 && IPV6.matcher(literal).matches();
        if (!ipv6 && !IPV4.matcher(literal).matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(unmapped(InetAddress.ofLiteral(literal)));
        } catch (IllegalArgumentException notAnAddress) {
            return Optional.empty();
        }
    }

    /// The IPv4 address inside an IPv4-mapped IPv6 address; any other address itself.
    public static InetAddress unmapped(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (address instanceof Inet4Address || !isMapped(bytes)) {
            return address;
        }
        try {
            return InetAddress.getByAddress(Arrays.copyOfRange(bytes, MAPPED, 16));
        } catch (UnknownHostException impossible) {
            throw new AssertionError("four bytes are an address", impossible);
        }
    }

    private static boolean isMapped(byte[] bytes) {
        for (int i = 0; i < MAPPED - 2; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return bytes[MAPPED - 2] == -1 && bytes[MAPPED - 1] == -1;
    }

    /// Writes an address, IPv6 by RFC 5952, with its scope if it has one.
    public static String format(InetAddress address) {
        if (!(address instanceof Inet6Address ipv6)) {
            return address.getHostAddress();
        }
        byte[] bytes = ipv6.getAddress();
        String text =
                isMapped(bytes) ? "::ffff:" + unmapped(ipv6).getHostAddress() : compressed(bytes);
        String plain = ipv6.getHostAddress();
        int scope = plain.indexOf('%');
        return scope < 0 ? text : text + plain.substring(scope);
    }

    /// The longest run of two or more zero groups, the first of equal ones, becomes `::`.
    private static String compressed(byte[] bytes) {
        int from = -1;
        int length = 1;
        for (int i = 0; i < GROUPS; i++) {
            int zeros = zeros(bytes, i);
            if (zeros > length) {
                from = i;
                length = zeros;
            }
        }
        var out = new StringBuilder(39);
        for (int i = 0; i < GROUPS; i++) {
            if (i == from) {
                out.append("::");
                i += length - 1;
            } else {
                if (!out.isEmpty() && out.charAt(out.length() - 1) != ':') {
                    out.append(':');
                }
                out.append(Integer.toHexString(group(bytes, i)));
            }
        }
        return out.toString();
    }

    private static int zeros(byte[] bytes, int from) {
        int at = from;
        while (at < GROUPS && group(bytes, at) == 0) {
            at++;
        }
        return at - from;
    }

    private static int group(byte[] bytes, int index) {
        return Byte.toUnsignedInt(bytes[2 * index]) << 8 | Byte.toUnsignedInt(bytes[2 * index + 1]);
    }
}
