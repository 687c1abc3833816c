package natt.core.node;

import natt.core.DnsRecord.Type;
import natt.core.HostAndPort;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.DnsProvider;
import natt.core.spi.PlainTransport;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/// How a [Server] is to run.
///
/// @param name the name under which the address is published, without a final dot
/// @param listen the UDP address to bind; port 0 lets the system choose
/// @param target the TCP service to which streams are connected
/// @param stunServers who is asked for the server-reflexive address; none means that the address
///     bound is the one to publish, which needs `publishPrivate`
/// @param publishPrivate whether an address that is not public may be published
/// @param transport carries the streams
/// @param discovery asks the STUN servers
/// @param publisher writes the records; closed with the server
/// @param ttl the time to live of the records, whole seconds
public record ServerConfig(
        String name,
        InetSocketAddress listen,
        HostAndPort target,
        List<HostAndPort> stunServers,
        boolean publishPrivate,
        PlainTransport transport,
        AddressDiscovery discovery,
        DnsProvider.Publisher publisher,
        Duration ttl) {

    public ServerConfig {
        stunServers = List.copyOf(stunServers);
        boolean bound = !listen.getAddress().isAnyLocalAddress();
        if (stunServers.isEmpty() && !(publishPrivate && bound)) {
            throw new IllegalArgumentException(
                    "without STUN servers the address listened on is published: give one, as in"
                            + " 127.0.0.1:30000, and --publish-private");
        }
        DnsProvider.Capabilities can = publisher.capabilities();
        if (!can.types().containsAll(Set.of(Type.A, Type.TXT))) {
            throw new IllegalArgumentException(
                    "this DNS provider cannot publish A and TXT records, which the original's wire"
                            + " needs");
        }
        if (ttl.compareTo(can.leastTtl()) < 0) {
            throw new IllegalArgumentException(
                    "this DNS provider takes a time to live of %d seconds or more, not %d"
                            .formatted(can.leastTtl().toSeconds(), ttl.toSeconds()));
        }
    }
}
