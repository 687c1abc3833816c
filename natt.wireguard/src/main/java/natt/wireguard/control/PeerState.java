package natt.wireguard.control;

import natt.core.NodeKey;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/// A peer of a WireGuard interface. The secret that it may share with the interface is not kept.
///
/// @param key its public key
/// @param endpoint where WireGuard sends what is for it, if it knows; unresolved if that has a zone
///     which this machine does not have
/// @param allowedIps as WireGuard writes them, `ADDRESS/BITS`
/// @param handshakeSeconds when the latest handshake was, since 1970; 0 if there was none
/// @param received in bytes
/// @param sent in bytes
/// @param keepaliveSeconds 0 if it is off
public record PeerState(
        NodeKey key,
        Optional<InetSocketAddress> endpoint,
        List<String> allowedIps,
        long handshakeSeconds,
        long received,
        long sent,
        int keepaliveSeconds) {
    public PeerState {
        allowedIps = List.copyOf(allowedIps);
    }
}
