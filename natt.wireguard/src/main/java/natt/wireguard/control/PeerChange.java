package natt.wireguard.control;

import natt.core.HostAndPort;
import natt.core.NodeKey;

import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.OptionalInt;

/// What to set for a peer that WireGuard has.
///
/// @param endpoint empty to leave it
/// @param keepaliveSeconds 0 turns it off; empty to leave it
public record PeerChange(
        NodeKey peer, Optional<InetSocketAddress> endpoint, OptionalInt keepaliveSeconds) {

    /// The endpoint as WireGuard writes it.
    Optional<String> endpointText() {
        return endpoint.map(
                address ->
                        address.isUnresolved()
                                ? new HostAndPort(address.getHostString(), address.getPort())
                                        .toString()
                                : HostAndPort.format(address));
    }
}
