package natt.wireguard;

import natt.core.io.SharedPort;
import natt.wireguard.control.InterfaceState;

import java.io.IOException;
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
        return new WireGuardPort(SharedPort.open(state.listenPort(), List.of(), state.mark()));
    }

    SharedPort shared() {
        return shared;
    }
}
