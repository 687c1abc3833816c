import org.jspecify.annotations.NullMarked;

/// Values, service-provider interfaces, the UDP port and its driver, publication and
/// forwarding.
///
/// @uses natt.core.spi.Transport carries reliable streams over a session
/// @uses natt.core.spi.PlainTransport carries reliable streams over a port, without a session
/// @uses natt.core.spi.AddressDiscovery learns the server-reflexive address of a port
/// @uses natt.core.spi.PortMapper maps a port on the gateway
/// @uses natt.core.spi.DnsProvider publishes records at a name
/// @uses natt.core.spi.NameLookup looks records up
// A qualified export names a module that is compiled later.
@SuppressWarnings("module")
@NullMarked
module natt.core {
    requires static org.jspecify;
    // For the option not to fragment, which is found by its name: see PortSocket.
    requires jdk.net;

    exports natt.core;
    exports natt.core.io to
            natt.rendezvous,
            natt.tun,
            natt.wireguard;
    exports natt.core.keys;
    exports natt.core.doctor;
    exports natt.core.node;
    exports natt.core.noise to
            natt.wireguard;
    exports natt.core.rendezvous;
    exports natt.core.session;
    exports natt.core.spi;
    exports natt.core.status;
    exports natt.core.time;
    exports natt.core.unix to
            natt.tun,
            natt.wireguard,
            natt.launcher;

    uses natt.core.spi.Transport;
    uses natt.core.spi.PlainTransport;
    uses natt.core.spi.AddressDiscovery;
    uses natt.core.spi.PortMapper;
    uses natt.core.spi.DnsProvider;
    uses natt.core.spi.NameLookup;
}
