import org.jspecify.annotations.NullMarked;

/// Learns the server-reflexive address of a port by STUN (RFC 8489) and the behavior of its NATs
/// (RFC 5780), on the port itself, and answers those who do.
///
/// @provides natt.core.spi.AddressDiscovery under the id `stun`
@NullMarked
module natt.discovery.stun {
    requires static org.jspecify;
    requires natt.core;

    provides natt.core.spi.AddressDiscovery with
            natt.discovery.stun.StunDiscovery;
}
