package natt.rendezvous;

import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.spi.AddressDiscovery;
import natt.rendezvous.proto.Limits;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What a broker is to do.
///
/// @param listen UDP addresses: one, or two different ones of IPv4 with one port, of which the
///     second answers STUN only; without a fixed port the second STUN port is any
/// @param tls where to listen for peers whose UDP is blocked
/// @param secret what nodes must know to have a session; [PreSharedKey#NONE] if nothing
/// @param authorizedClients the file of keys for which there are names and relays; empty if for
///     everybody who may have a session
/// @param stateDirectory where names and nodes are kept
/// @param discovery answers STUN
public record BrokerConfig(
        List<InetSocketAddress> listen,
        Optional<Tls> tls,
        Identity identity,
        PreSharedKey secret,
        Optional<Path> authorizedClients,
        Limits limits,
        Path stateDirectory,
        AddressDiscovery discovery) {

    /// @throws IllegalArgumentException with one line for the user
    public BrokerConfig {
        listen = List.copyOf(listen);
        if (listen.isEmpty() || listen.size() > 2) {
            throw new IllegalArgumentException("a broker listens on one or two addresses");
        }
        if (listen.size() == 2) {
            requirePair(listen.getFirst(), listen.getLast());
        }
    }

    private static void requirePair(InetSocketAddress first, InetSocketAddress second) {
        boolean pair =
                isSpecificIpv4(first)
                        && isSpecificIpv4(second)
                        && !first.getAddress().equals(second.getAddress())
                        && first.getPort() == second.getPort();
        if (!pair) {
            throw new IllegalArgumentException(
                    "two addresses to listen on are different ones of IPv4 with the same port");
        }
    }

    private static boolean isSpecificIpv4(InetSocketAddress address) {
        return address.getAddress() instanceof Inet4Address four && !four.isAnyLocalAddress();
    }

    /// @param listen TCP address
    /// @param files certificate and key in PEM; empty for ones that are made at the start
    public record Tls(InetSocketAddress listen, Optional<Files> files) {
        public record Files(Path certificates, Path key) {}
    }

    /// Whether names and relays are for anybody.
    public boolean isOpen() {
        return authorizedClients.isEmpty() && secret.equals(PreSharedKey.NONE);
    }
}
