package natt.core;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/// A host, by name or address, and a port; as users write it: `HOST:PORT` or `[2001:db8::1]:PORT`.
///
/// @param host without brackets; empty where that means "any"
/// @param port 0 to 65535
public record HostAndPort(String host, int port) {

    /// Reads `HOST:PORT`, `[IPV6]:PORT` or `:PORT`.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static HostAndPort parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException(
                    "'%s' is not HOST:PORT".formatted(Text.escape(text)));
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
            if (host.indexOf(':') < 0 || new HostAndPort(host, 0).literal().isEmpty()) {
                throw new IllegalArgumentException(
                        "'%s' is not an IPv6 address".formatted(Text.escape(host)));
            }
        } else if (host.indexOf(':') >= 0) {
            throw new IllegalArgumentException(
                    "'%s' is not HOST:PORT; an IPv6 address needs brackets, as in [::1]:22"
                            .formatted(Text.escape(text)));
        }
        if (!host.chars().allMatch(c -> c > ' ' && c < 0x7f && "[]/@?#\\\"'".indexOf(c) < 0)) {
            throw new IllegalArgumentException(
                    "'%s' is not a host name or address".formatted(Text.escape(host)));
        }
        return new HostAndPort(host, parsePort(text.substring(colon + 1), text));
    }

    /// Reads `HOST` or `HOST:PORT`.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static HostAndPort parse(String text, int defaultPort) {
        boolean bareIpv6 = text.indexOf(':') != text.lastIndexOf(':') && !text.startsWith("[");
        if (bareIpv6) {
            return parse("[" + text + "]:" + defaultPort);
        }
        return text.indexOf(':') < 0 || text.endsWith("]")
                ? parse(text + ":" + defaultPort)
                : parse(text);
    }

    private static int parsePort(String digits, String whole) {
        boolean plain = !digits.isEmpty() && digits.length() <= 5;
        if (plain && digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            int port = Integer.parseInt(digits);
            if (port <= 65_535) {
                return port;
            }
        }
        throw new IllegalArgumentException(
                "'%s': the port must be a number from 0 to 65535".formatted(Text.escape(whole)));
    }

    /// The address, if the host is written as one.
    public Optional<InetSocketAddress> literal() {
        try {
            return Optional.of(new InetSocketAddress(InetAddress.ofLiteral(host), port));
        } catch (IllegalArgumentException name) {
            return Optional.empty();
        }
    }

    /// The first address of the host. Blocks unless it is written as one.
    ///
    /// @throws UnknownHostException if the name has none
    public InetSocketAddress resolve() throws UnknownHostException {
        Optional<InetSocketAddress> literal = literal();
        return literal.isPresent()
                ? literal.get()
                : new InetSocketAddress(InetAddress.getByName(host), port);
    }

    @Override
    public String toString() {
        return host.indexOf(':') >= 0 ? "[%s]:%d".formatted(host, port) : host + ":" + port;
    }

    /// An address as `203.0.113.7:41233` or `[2001:db8::1]:30000` (RFC 5952); a [Route] in words.
    public static String format(InetSocketAddress address) {
        return Route.describe(address).orElseGet(() -> ordinary(address));
    }

    private static String ordinary(InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        String host = ip == null ? address.getHostString() : Addresses.format(ip);
        return new HostAndPort(host, address.getPort()).toString();
    }
}
