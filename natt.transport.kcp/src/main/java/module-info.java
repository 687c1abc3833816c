import org.jspecify.annotations.NullMarked;

/// Reliable streams by KCP: inside sessions, and on the wire of the original natts and nattc
/// (kcp-go), segments of KCP in the datagrams of its forward error correction.
///
/// @provides natt.core.spi.Transport under the id `kcp`
/// @provides natt.core.spi.PlainTransport under the id `kcp-go`
@NullMarked
module natt.transport.kcp {
    requires static org.jspecify;
    requires natt.core;

    provides natt.core.spi.Transport with
            natt.transport.kcp.KcpTransport;
    provides natt.core.spi.PlainTransport with
            natt.transport.kcp.KcpGoTransport;
}
