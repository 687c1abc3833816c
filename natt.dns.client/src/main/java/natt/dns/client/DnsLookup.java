package natt.dns.client;

import natt.core.spi.NameLookup;
import natt.core.spi.Settings;
import natt.core.time.Ticker;

import java.security.SecureRandom;

/// The provider `dns`: asks a given server, the system's resolvers, or a zone's own servers.
///
/// Settings: `server` (`HOST`, `HOST:PORT` or `[V6]:PORT`; the system's resolvers when absent)
/// and `timeout-ms` (for one try at one server, 3000 when absent).
public final class DnsLookup implements NameLookup {

    public DnsLookup() {}

    @Override
    public String id() {
        return "dns";
    }

    @Override
    public Resolver open(Settings settings) {
        return new DnsResolver(Configuration.from(settings), new SecureRandom(), Ticker.system());
    }
}
