package natt.core.doctor;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.DnsProvider;
import natt.core.spi.NameLookup;
import natt.core.spi.PortMapper;
import natt.core.spi.Transport;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// What a doctor looks at.
///
/// @param stun servers to ask; brokers are asked as well
/// @param portMapper asks the gateway; empty if it is not to be asked
/// @param longestLifetime until what idle time to look for the mapping lifetime, which takes up
///     to a few times as long; zero to leave that out
/// @param brokerTlsPort where brokers are tried over TLS; 0 if they are not
/// @param publication of this node; empty if it has no name
/// @param services behind natts by name, and where they are
/// @param servicesNeeded whether one that does not answer is a problem
/// @param target a node to look for; empty if none is given
/// @param peer the report of another side, for the verdict of the pair
public record DoctorConfig(
        List<HostAndPort> stun,
        AddressDiscovery discovery,
        Optional<PortMapper> portMapper,
        Duration longestLifetime,
        List<Broker> brokers,
        int brokerTlsPort,
        Optional<Publication> publication,
        SortedMap<String, HostAndPort> services,
        boolean servicesNeeded,
        Optional<Target> target,
        Optional<PeerReport> peer) {
    public DoctorConfig {
        stun = List.copyOf(stun);
        brokers = List.copyOf(brokers);
        services = new TreeMap<>(services);
    }

    /// A broker to call.
    ///
    /// @param given the key that the user gave with it
    /// @param known the key that known_hosts has
    /// @param secret what it wants beside its key; [PreSharedKey#NONE] if nothing
    public record Broker(
            HostAndPort place,
            Optional<NodeKey> given,
            Optional<NodeKey> known,
            PreSharedKey secret) {}

    /// How natts publishes.
    ///
    /// @param key this node's, if it has one yet
    /// @param publisher empty if there is none
    /// @param missing why there is none; a clause for a person
    /// @param writeTest whether to write a record, which stays, at `_natt-doctor.NAME`
    public record Publication(
            String name,
            Optional<NodeKey> key,
            NameLookup.Resolver resolver,
            Optional<DnsProvider.Publisher> publisher,
            String missing,
            Duration ttl,
            boolean writeTest) {}

    /// A node to look for as a client does.
    ///
    /// @param expected the key that the user knows it by
    public record Target(
            String name,
            Optional<NodeKey> expected,
            NameLookup.Resolver resolver,
            Identity identity,
            PreSharedKey secret,
            Transport transport) {}
}
