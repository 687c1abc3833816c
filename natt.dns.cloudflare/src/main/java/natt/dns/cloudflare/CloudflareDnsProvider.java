package natt.dns.cloudflare;

import natt.core.spi.DnsProvider;
import natt.core.spi.Settings;
import natt.core.time.Ticker;

/// Publishes through the API of Cloudflare, version 4. See [CloudflarePublisher] for whose
/// records it touches and [CloudflareSettings] for what can be set.
public final class CloudflareDnsProvider implements DnsProvider {

    public CloudflareDnsProvider() {}

    @Override
    public String id() {
        return CloudflareSettings.ID;
    }

    @Override
    public Publisher open(Settings settings) {
        return new CloudflarePublisher(CloudflareSettings.of(settings), Ticker.system());
    }
}
