package natt.core.node;

import natt.core.PreSharedKey;
import natt.core.keys.KnownHosts;
import natt.core.rendezvous.BrokerAddress;
import natt.core.rendezvous.Message;
import natt.core.rendezvous.NodeName;
import natt.core.spi.AddressDiscovery;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// The brokers of a node.
///
/// @param brokers those that it registers at from the start
/// @param names that it wants there
/// @param secret what brokers want beside their key; [PreSharedKey#NONE] if nothing
/// @param tlsPort where they are tried over TLS when UDP does not reach them; empty if not
/// @param knownHosts where the keys of brokers are kept that are known by their place only
/// @param strict whether such a broker is refused when its key is not known yet
/// @param discovery asks brokers what they see of this node's NATs; empty if no direct path is to
///     be searched for
public record BrokerSettings(
        List<BrokerAddress> brokers,
        List<String> names,
        PreSharedKey secret,
        OptionalInt tlsPort,
        KnownHosts knownHosts,
        boolean strict,
        Optional<AddressDiscovery> discovery) {
    public static final int DEFAULT_TLS_PORT = 443;

    public BrokerSettings {
        brokers = List.copyOf(brokers);
        names = names.stream().map(NodeName::parse).distinct().toList();
        if (names.size() > Message.MOST_NAMES) {
            throw new IllegalArgumentException(
                    "a node has at most %d names at a broker, not %d"
                            .formatted(Message.MOST_NAMES, names.size()));
        }
    }
}
