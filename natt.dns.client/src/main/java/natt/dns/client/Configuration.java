package natt.dns.client;

import natt.core.HostAndPort;
import natt.core.Text;
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
        Optional<HostAndPort> server, Duration tryTime, Duration totalTime, int authoritativePort) {

    static final int DNS_PORT = 53;

    private static final int DEFAULT_TRY_MILLIS = 3_000;
    private static final int MAX_TRY_MILLIS = 60_000;

    static Configuration from(Settings settings) {
        settings.requireKnown("dns", Set.of("server", "timeout-ms"));
        int tryMillis =
                settings.value("timeout-ms").map(Configuration::millis).orElse(DEFAULT_TRY_MILLIS);
        return new Configuration(
                settings.value("server").map(Configuration::server),
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

    static HostAndPort server(String text) {
        HostAndPort server = HostAndPort.parse(text, DNS_PORT);
        if (server.host().isEmpty() || server.port() == 0) {
            throw new IllegalArgumentException(
                    "DNS server is not HOST, HOST:PORT or [IPV6]:PORT: '%s'"
                            .formatted(Text.escape(text)));
        }
        return server;
    }
}
