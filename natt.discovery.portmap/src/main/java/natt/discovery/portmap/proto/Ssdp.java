package natt.discovery.portmap.proto;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The search for a gateway's description (UPnP Device Architecture 1.1, section 1.3).
public final class Ssdp {
    public static final int PORT = 1_900;

    /// The longest answer that is read.
    public static final int LONGEST = 2_048;

    public static final InetAddress GROUP = InetAddress.ofLiteral("239.255.255.250");

    /// Both versions: many gateways of the second answer only when asked for it.
    public static final List<String> TARGETS =
            List.of(
                    "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
                    "urn:schemas-upnp-org:device:InternetGatewayDevice:1");

    private Ssdp() {}

    public static byte[] search(String target) {
        return """
        M-SEARCH * HTTP/1.1\r
        HOST: 239.255.255.250:1900\r
        MAN: "ssdp:discover"\r
        MX: 1\r
        ST: %s\r
        \r
        """
                .formatted(target)
                .getBytes(StandardCharsets.US_ASCII);
    }

    /// Where the description is; empty if this is no answer, or leads to a host that has not sent
    /// it.
    public static Optional<HttpUrl> location(byte[] datagram, InetAddress sender) {
        if (datagram.length > LONGEST) {
            return Optional.empty();
        }
        List<String> lines =
                new String(datagram, StandardCharsets.ISO_8859_1).lines().limit(64).toList();
        if (lines.isEmpty() || !lines.getFirst().matches("HTTP/1\\.[01] 200( .*)?")) {
            return Optional.empty();
        }
        boolean gateway = lines.stream().anyMatch(Ssdp::isGateway);
        return lines.stream()
                .filter(line -> value(line, "location").isPresent())
                .findFirst()
                .filter(_ -> gateway)
                .flatMap(line -> value(line, "location"))
                .flatMap(HttpUrl::parse)
                .filter(url -> url.host().equals(sender));
    }

    private static boolean isGateway(String line) {
        return value(line, "st").filter(TARGETS::contains).isPresent();
    }

    private static Optional<String> value(String line, String header) {
        int colon = line.indexOf(':');
        boolean named =
                colon > 0
                        && line.substring(0, colon).trim().toLowerCase(Locale.ROOT).equals(header);
        return named ? Optional.of(line.substring(colon + 1).trim()) : Optional.empty();
    }
}
