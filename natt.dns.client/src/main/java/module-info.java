import natt.dns.client.DnsLookup;

import org.jspecify.annotations.NullMarked;

/// Looks names up in DNS.
///
/// @provides natt.core.spi.NameLookup under the id `dns`
@NullMarked
module natt.dns.client {
    requires static org.jspecify;
    requires natt.core;

    provides natt.core.spi.NameLookup with
            DnsLookup;
}
