package natt.dns.client;

import natt.core.spi.Settings;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/// What the user has set.
///
/// @param server whom to ask; the system's resolvers when absent
/// @param tryTime how long one server is given to answer one query
/// @param totalTime how long one lookup may take, whatever it has to ask
/// @param authoritativePort where a zone's own servers listen, unless one of them is `server`,
///     which listens where it was said to
record Configuration(
        Optional<ServerName> server, Duration tryTime, Duration totalTime, int authoritativePort) {

    static final int DNS_PORT = 53;

    private static final int DEFAULT_TRY_MILLIS = 3_000;
    private static final int MAX_TRY_MILLIS = 60_000;

    static Configuration from(Settings settings) {
        settings.requireKnown("dns", Set.of("server", "timeout-ms"));
        int tryMillis =
                settings.value("timeout-ms").map(Configuration::millis).orElse(DEFAULT_TRY_MILLIS);
        return new Configuration(
                settings.value("server").map(ServerName::parse),
                Duration.ofMillis(tryMillis),
                Duration.ofMillis(tryMillis * 5L / 3),
                DNS_PORT);
    }

    private static int millis(String text) {
        try {
            int millis = Integer.parseInt(text);
            if (1 <= millis && millis <= MAX_TRY_MILLIS) {
                return millis;
            }
        } catch (NumberFormatException _) {
            // Said below, together with numbers out of range.
        }
        throw new IllegalArgumentException(
                "timeout-ms is not a number from 1 to %d: '%s'".formatted(MAX_TRY_MILLIS, text));
    }

    /// A server as the user wrote it: a host name or an address literal, and a port.
    record ServerName(String host, int port) {

        static ServerName parse(String text) {
            String host = text;
            String port = String.valueOf(DNS_PORT);
            int bracket = text.indexOf(']');
            int firstColon = text.indexOf(':');
            if (text.startsWith("[") && bracket > 0) {
                host = text.substring(1, bracket);
                String rest = text.substring(bracket + 1);
                if (rest.startsWith(":")) {
                    port = rest.substring(1);
                } else if (!rest.isEmpty()) {
                    throw wrong(text);
                }
            } else if (firstColon >= 0 && firstColon == text.lastIndexOf(':')) {
                host = text.substring(0, firstColon);
                port = text.substring(firstColon + 1);
            }
            if (host.isBlank() || !port.matches("[0-9]{1,5}")) {
                throw wrong(text);
            }
            int number = Integer.parseInt(port);
            if (number < 1 || number > 65_535) {
                throw wrong(text);
            }
            return new ServerName(host, number);
        }

        private static IllegalArgumentException wrong(String text) {
            return new IllegalArgumentException(
                    "DNS server is not HOST, HOST:PORT or [IPV6]:PORT: '" + text + "'");
        }
    }
}
