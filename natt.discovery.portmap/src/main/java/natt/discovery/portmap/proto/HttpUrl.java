package natt.discovery.portmap.proto;

import natt.core.Addresses;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Optional;

/// A URL of a gateway: plain HTTP at an IPv4 address.
///
/// @param path with its query, printable ASCII without spaces, so that it is safe in a request
public record HttpUrl(InetAddress host, int port, String path) {
    private static final String SCHEME = "http://";
    private static final int LONGEST = 512;

    /// Reads an absolute URL; empty if it is another one.
    public static Optional<HttpUrl> parse(String text) {
        if (!isSafe(text) || !text.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return Optional.empty();
        }
        int slash = text.indexOf('/', SCHEME.length());
        int end = slash < 0 ? text.length() : slash;
        String authority = text.substring(SCHEME.length(), end);
        int colon = authority.indexOf(':');
        String host = colon < 0 ? authority : authority.substring(0, colon);
        String port = colon < 0 ? "80" : authority.substring(colon + 1);
        if (!port.matches("[0-9]{1,5}")) {
            return Optional.empty();
        }
        int number = Integer.parseInt(port);
        return Addresses.parse(host)
                .filter(Inet4Address.class::isInstance)
                .filter(_ -> number >= 1 && number <= 65_535)
                .map(each -> new HttpUrl(each, number, slash < 0 ? "/" : text.substring(slash)));
    }

    /// What a reference in a document from here means; empty if it leads to another host.
    public Optional<HttpUrl> resolve(String reference) {
        if (!isSafe(reference)) {
            return Optional.empty();
        }
        if (reference.contains("://")) {
            return parse(reference).filter(each -> each.host.equals(host));
        }
        if (reference.startsWith("//")) {
            return Optional.empty();
        }
        String from = reference.startsWith("/") ? "" : path.substring(0, path.lastIndexOf('/') + 1);
        return Optional.of(new HttpUrl(host, port, from + reference));
    }

    private static boolean isSafe(String text) {
        return !text.isEmpty()
                && text.length() <= LONGEST
                && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }
}
