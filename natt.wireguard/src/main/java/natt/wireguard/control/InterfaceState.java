package natt.wireguard.control;

import natt.core.Identity;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// A WireGuard interface as it was when it was read.
///
/// @param identity its key pair, which prints as its public key; empty if it has none
/// @param listenPort its UDP port; 0 if it has none
/// @param mark of its datagrams, by which the kernel's routing knows them (`fwmark`); 0 if it
///     has none
/// @param peers in the order in which WireGuard tells them
public record InterfaceState(
        Optional<Identity> identity, int listenPort, int mark, List<PeerState> peers) {
    public InterfaceState {
        peers = List.copyOf(peers);
    }

    /// Whether it has a key and a port. Between its creation and its configuration, as by
    /// `wg-quick up`, it has not.
    public boolean isConfigured() {
        return identity.isPresent() && listenPort != 0;
    }

    /// Returns this, if WireGuard can reach peers with it.
    ///
    /// @param name the interface
    /// @throws IOException with one line for the user, if it lacks a key, a port or peers
    public InterfaceState requireUsable(String name) throws IOException {
        if (identity.isEmpty()) {
            throw new IOException(
                    "%1$s has no private key: 'wg set %1$s private-key FILE' gives it one"
                            .formatted(name));
        }
        if (listenPort == 0) {
            throw new IOException(
                    "%1$s has no port: 'ip link set %1$s up', or 'wg set %1$s listen-port PORT'"
                            .formatted(name));
        }
        if (peers.isEmpty()) {
            throw new IOException(
                    ("%1$s has no peers: 'wg set %1$s peer KEY allowed-ips ADDRESS/BITS' gives it"
                                    + " one")
                            .formatted(name));
        }
        return this;
    }
}
