package natt.core.node;

import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.session.Mode;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

/// How a [PacketNode] is to run.
///
/// @param identity this node's key pair
/// @param wireGuardKey whether that is the key pair of a WireGuard interface; its peers have to
///     agree on that
/// @param mode [Mode#IP] or [Mode#WIREGUARD]
/// @param listen the UDP address to bind, the IPv6 wildcard for both families; port 0 lets the
///     system choose
/// @param secret what peers must know beside this node's key, and it beside theirs;
///     [PreSharedKey#NONE] if nothing
/// @param brokers where it registers and asks for peers. Without any it finds only hosts, by
///     [PacketNode#host]; if it is empty it does not even use the brokers that their records name
public record PacketNodeConfig(
        Identity identity,
        boolean wireGuardKey,
        Mode mode,
        InetSocketAddress listen,
        PreSharedKey secret,
        Optional<BrokerSettings> brokers) {
    public PacketNodeConfig {
        if (!mode.isOfPackets()) {
            throw new IllegalArgumentException("sessions of this mode carry no packets");
        }
    }

    /// A free port on all addresses.
    public static InetSocketAddress anyPort() {
        return new InetSocketAddress(InetAddress.ofLiteral("::"), 0);
    }
}
