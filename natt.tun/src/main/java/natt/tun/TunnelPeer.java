package natt.tun;

import natt.core.keys.AddressPrefix;

import java.util.List;

/// A peer of a tunnel.
///
/// @param name a name at the broker, a key of 43 characters, or what the user calls the only peer
/// @param allowedIps the inner addresses that it owns: where packets for them go, and the only
///     ones that its packets come from
public record TunnelPeer(String name, List<AddressPrefix> allowedIps) {
    public TunnelPeer {
        allowedIps = List.copyOf(allowedIps);
    }
}
