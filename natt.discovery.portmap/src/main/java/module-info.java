import org.jspecify.annotations.NullMarked;

/// Opens a port on the gateway by PCP (RFC 6887), NAT-PMP (RFC 6886) or UPnP IGD.
///
/// @provides natt.core.spi.PortMapper under the id `portmap`
@NullMarked
module natt.discovery.portmap {
    requires static org.jspecify;
    requires natt.core;

    provides natt.core.spi.PortMapper with
            natt.discovery.portmap.GatewayPortMapper;
}
