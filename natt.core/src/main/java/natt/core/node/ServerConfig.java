package natt.core.node;

import natt.core.DnsRecord.Type;
import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.DnsProvider;
import natt.core.spi.NameLookup;
import natt.core.spi.PlainTransport;
import natt.core.spi.PortMapper;
import natt.core.spi.Transport;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// How a [Server] is to run: with sessions, with the original's wire, or with both.
///
/// @param name the name under which the addresses are published, without a final dot
/// @param stunServers who is asked for the server-reflexive addresses; none means that the
///     addresses bound are those to publish, which needs `publishPrivate`
/// @param publishPrivate whether an address that is not public may be published
/// @param discovery asks the STUN servers
/// @param publisher writes the records; closed with the server
/// @param ttl the time to live of the records, whole seconds
public record ServerConfig(
        String name,
        List<HostAndPort> stunServers,
        boolean publishPrivate,
        AddressDiscovery discovery,
        DnsProvider.Publisher publisher,
        Duration ttl,
        Optional<Sessions> sessions,
        Optional<Plain> plain) {

    /// The wire of sessions.
    ///
    /// @param listen the UDP address to bind, the IPv6 wildcard for both families; port 0 lets
    ///     the system choose
    /// @param identity this node's key pair
    /// @param secret what clients must know beside this node's key; [PreSharedKey#NONE] if nothing
    /// @param authorizedClients the list of clients; empty if any that knows the secret may connect
    /// @param transport carries the streams
    /// @param services the TCP services by name
    /// @param stateDirectory where the number of the record is kept
    /// @param resolver sees whether another node publishes under the name
    /// @param portMapper maps the port on the gateway, where STUN servers are asked as well
    /// @param brokers empty if this node is reached straight only
    /// @param packets takes those of the clients that the list gives inner addresses, `tun=`; empty
    ///     if none are taken
    public record Sessions(
            InetSocketAddress listen,
            Identity identity,
            PreSharedKey secret,
            Optional<Path> authorizedClients,
            Transport transport,
            Map<String, HostAndPort> services,
            Path stateDirectory,
            Optional<NameLookup.Resolver> resolver,
            Optional<PortMapper> portMapper,
            Optional<BrokerSettings> brokers,
            Optional<PacketNode.TrafficFactory> packets) {
        public Sessions {
            services = Map.copyOf(services);
            if (packets.isPresent() && authorizedClients.isEmpty()) {
                throw new IllegalArgumentException(
                        "packets are taken of listed clients only: give a list, with tun=PREFIX"
                                + " before keys");
            }
        }

        /// Of a node that takes no packets.
        public Sessions(
                InetSocketAddress listen,
                Identity identity,
                PreSharedKey secret,
                Optional<Path> authorizedClients,
                Transport transport,
                Map<String, HostAndPort> services,
                Path stateDirectory,
                Optional<NameLookup.Resolver> resolver,
                Optional<PortMapper> portMapper,
                Optional<BrokerSettings> brokers) {
            this(
                    listen,
                    identity,
                    secret,
                    authorizedClients,
                    transport,
                    services,
                    stateDirectory,
                    resolver,
                    portMapper,
                    brokers,
                    Optional.empty());
        }

        /// Of a node that has no broker.
        public Sessions(
                InetSocketAddress listen,
                Identity identity,
                PreSharedKey secret,
                Optional<Path> authorizedClients,
                Transport transport,
                Map<String, HostAndPort> services,
                Path stateDirectory,
                Optional<NameLookup.Resolver> resolver,
                Optional<PortMapper> portMapper) {
            this(
                    listen,
                    identity,
                    secret,
                    authorizedClients,
                    transport,
                    services,
                    stateDirectory,
                    resolver,
                    portMapper,
                    Optional.empty());
        }

        private Sessions withPackets(PacketNode.TrafficFactory factory) {
            return new Sessions(
                    listen,
                    identity,
                    secret,
                    authorizedClients,
                    transport,
                    services,
                    stateDirectory,
                    resolver,
                    portMapper,
                    brokers,
                    Optional.of(factory));
        }

        /// Whether anybody may connect.
        boolean open() {
            return authorizedClients.isEmpty() && secret.equals(PreSharedKey.NONE);
        }
    }

    /// The original's wire, which is neither encrypted nor authenticated.
    ///
    /// @param listen the UDP address to bind, IPv4
    /// @param target the TCP service to which streams are connected
    /// @param transport carries the streams
    public record Plain(InetSocketAddress listen, HostAndPort target, PlainTransport transport) {}

    public ServerConfig {
        stunServers = List.copyOf(stunServers);
        if (sessions.isEmpty() && plain.isEmpty()) {
            throw new IllegalArgumentException("there is nothing to serve");
        }
        boolean brokered = sessions.flatMap(Sessions::brokers).isPresent();
        boolean bound = isBound(sessions, plain);
        if (stunServers.isEmpty() && !(publishPrivate && bound) && !(brokered && plain.isEmpty())) {
            throw new IllegalArgumentException(
                    "without STUN servers the address listened on is published: give one, as in"
                            + " 127.0.0.1:30000, and --publish-private");
        }
        DnsProvider.Capabilities can = publisher.capabilities();
        if (plain.isPresent() && !can.types().containsAll(Set.of(Type.A, Type.TXT))) {
            throw new IllegalArgumentException(
                    "this DNS provider cannot publish A and TXT records, which the original's wire"
                            + " needs");
        }
        if (!can.types().contains(Type.TXT)) {
            throw new IllegalArgumentException(
                    "this DNS provider cannot publish TXT records, which natt needs");
        }
        if (ttl.compareTo(can.leastTtl()) < 0) {
            throw new IllegalArgumentException(
                    "this DNS provider takes a time to live of %d seconds or more, not %d"
                            .formatted(can.leastTtl().toSeconds(), ttl.toSeconds()));
        }
    }

    private static boolean isBound(Optional<Sessions> sessions, Optional<Plain> plain) {
        return sessions.map(each -> !each.listen().getAddress().isAnyLocalAddress()).orElse(true)
                && plain.map(each -> !each.listen().getAddress().isAnyLocalAddress()).orElse(true);
    }

    /// The same with packets of the clients that the list gives inner addresses.
    ///
    /// @param packets takes them
    /// @throws IllegalArgumentException with one line for the user, if there is no such list
    public ServerConfig withPackets(PacketNode.TrafficFactory packets) {
        return new ServerConfig(
                name,
                stunServers,
                publishPrivate,
                discovery,
                publisher,
                ttl,
                sessions.map(each -> each.withPackets(packets)),
                plain);
    }

    /// Whether the addresses bound are published as they are.
    boolean publishesLocal() {
        return stunServers.isEmpty() && publishPrivate && isBound(sessions, plain);
    }
}
