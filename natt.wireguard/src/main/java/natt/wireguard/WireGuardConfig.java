package natt.wireguard;

import natt.core.Identity;
import natt.core.node.BrokerSettings;
import natt.wireguard.control.InterfaceState;
import natt.wireguard.control.WireGuardInterface;

import java.time.Duration;
import java.util.Optional;

/// How a [WireGuardNode] is to run.
///
/// @param device the interface
/// @param state how it was when it was read
/// @param identity this node's key pair; empty for the interface's
/// @param peers the nodes of its peers, if these have keys of their own; empty if each node's key
///     is that of its interface, and every peer of the interface is a node
/// @param shared WireGuard's own port, if WireGuard is to send by itself wherever there is a direct
///     path
/// @param brokers where it registers and asks for peers
/// @param continuous whether it goes on when WireGuard needs it no longer
/// @param pause between two looks at the interface
public record WireGuardConfig(
        WireGuardInterface device,
        InterfaceState state,
        Optional<Identity> identity,
        Optional<PeerMap> peers,
        Optional<WireGuardPort> shared,
        BrokerSettings brokers,
        boolean continuous,
        Duration pause) {
    /// More often is of no use to anybody.
    public static final Duration LEAST_PAUSE = Duration.ofMillis(100);

    public static final Duration USUAL_PAUSE = Duration.ofSeconds(2);

    public WireGuardConfig {
        if (pause.compareTo(LEAST_PAUSE) < 0) {
            throw new IllegalArgumentException("the pause is at least 0.1 s");
        }
        if (identity.isPresent() != peers.isPresent()) {
            throw new IllegalArgumentException("a key of its own needs peers by theirs");
        }
    }
}
