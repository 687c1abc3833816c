package natt.core.node;

import natt.core.publish.SpecialPurpose;

import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Host candidates (RFC 8445, section 5.1.1.1): this machine's addresses in its own networks. They
/// lead peers behind the same NAT to it, whether or not that NAT hairpins.
final class HostAddresses {
    private static final int MOST = 4;
    private static final int MOST_CANDIDATES = 6;

    private HostAddresses() {}

    /// @param port the local port that all of them share
    static List<InetSocketAddress> of(int port) {
        try {
            return NetworkInterface.networkInterfaces()
                    .filter(HostAddresses::isUp)
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(HostAddresses::isOfUse)
                    .limit(MOST)
                    .map(address -> new InetSocketAddress(address, port))
                    .toList();
        } catch (SocketException | UncheckedIOException unknown) {
            return List.of();
        }
    }

    private static boolean isUp(NetworkInterface each) {
        try {
            return each.isUp() && !each.isLoopback();
        } catch (SocketException gone) {
            return false;
        }
    }

    private static boolean isTunnel(NetworkInterface each) {
        try {
            return each.isPointToPoint() || isTun(each);
        } catch (SocketException gone) {
            return true;
        }
    }

    /// Whether a program is behind it: perhaps this one, whose path must not lead through itself.
    private static boolean isTun(NetworkInterface each) {
        return Files.exists(Path.of("/sys/class/net", each.getName(), "tun_flags"));
    }

    /// Whether it is private and more than one link can lead to it: public ones are for STUN to
    /// find.
    static boolean isOfUse(InetAddress address) {
        return SpecialPurpose.includes(address)
                && !address.isLoopbackAddress()
                && !address.isLinkLocalAddress()
                && !address.isMulticastAddress()
                && !address.isAnyLocalAddress();
    }

    /// All addresses by which others may reach a port: those of the interfaces where it is bound to
    /// the wildcard.
    ///
    /// @param tunnels whether those of tunnels too: a path for packets would lead in a circle,
    ///     through the tunnel that they come from
    static List<InetSocketAddress> candidates(InetSocketAddress local, boolean tunnels) {
        if (!local.getAddress().isAnyLocalAddress()) {
            return List.of(local);
        }
        try {
            return NetworkInterface.networkInterfaces()
                    .filter(each -> isUp(each) && (tunnels || !isTunnel(each)))
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(each -> !each.isLinkLocalAddress() && !each.isLoopbackAddress())
                    .limit(MOST_CANDIDATES)
                    .map(each -> new InetSocketAddress(each, local.getPort()))
                    .toList();
        } catch (SocketException | UncheckedIOException unknown) {
            return List.of();
        }
    }

    /// The addresses found, then those of the host that are not among them.
    static List<InetSocketAddress> after(List<InetSocketAddress> found, int port) {
        return Stream.concat(found.stream(), of(port).stream()).distinct().toList();
    }
}
