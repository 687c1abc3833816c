package natt.wireguard;

import natt.core.io.SharedPort;
import natt.wireguard.control.InterfaceState;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;

/// natt's part of WireGuard's own UDP port. Opening it takes the capability CAP_NET_RAW; it may be
/// dropped then.
public final class WireGuardPort {
    private final SharedPort shared;

    private WireGuardPort(SharedPort shared) {
        this.shared = shared;
    }

    /// Opens it, for one [WireGuardNode].
    ///
    /// @throws IOException with one line for the user
    public static WireGuardPort open(InterfaceState state) throws IOException {
        return open(state, List.of());
    }

    /// Opens it, for one [NatpunchNode].
    ///
    /// @param servers whose datagrams are this program's, whatever is in them
    /// @throws IOException with one line for the user
    public static WireGuardPort open(InterfaceState state, List<InetSocketAddress> servers)
            throws IOException {
        return new WireGuardPort(SharedPort.open(state.listenPort(), servers, state.mark()));
    }

    SharedPort shared() {
        return shared;
    }
}
