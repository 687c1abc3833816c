package natt.dns.cloudflare;

import natt.core.DnsRecord;
import natt.core.Secret;
import natt.core.spi.Settings;
import natt.testkit.FakeTicker;

import java.time.Duration;
import java.util.Map;

/// Publishers and records for tests.
final class Publishers {
    static final String NAME = "pc.example.com";

    private Publishers() {}

    static CloudflareSettings settings(String url) {
        return CloudflareSettings.of(
                new Settings(
                        Map.of("api-url", url), Map.of("token", new Secret(FakeCloudflare.TOKEN))));
    }

    static CloudflarePublisher open(String url) {
        return new CloudflarePublisher(settings(url), new FakeTicker());
    }

    static DnsRecord a(String address) {
        return record("pc", DnsRecord.Type.A, address);
    }

    static DnsRecord txt(String text) {
        return record("pc", DnsRecord.Type.TXT, text);
    }

    static DnsRecord record(String host, DnsRecord.Type type, String content) {
        return new DnsRecord(host + ".example.com", type, content, Duration.ofSeconds(60));
    }
}
