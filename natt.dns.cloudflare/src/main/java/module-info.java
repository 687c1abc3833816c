import org.jspecify.annotations.NullMarked;

/// Publication through the API of Cloudflare, version 4.
///
/// @provides natt.core.spi.DnsProvider under the id `cloudflare`
@NullMarked
module natt.dns.cloudflare {
    requires com.google.gson;
    requires natt.core;
    requires okhttp3;
    requires static org.jspecify;

    provides natt.core.spi.DnsProvider with
            natt.dns.cloudflare.CloudflareDnsProvider;
}
