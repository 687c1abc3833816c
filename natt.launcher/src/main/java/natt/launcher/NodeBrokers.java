package natt.launcher;

import natt.core.PreSharedKey;
import natt.core.keys.KnownHosts;
import natt.core.node.BrokerSettings;
import natt.core.rendezvous.BrokerAddress;
import natt.core.spi.AddressDiscovery;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// The brokers that options and environment name.
final class NodeBrokers {
    private NodeBrokers() {}

    /// @throws UsageException if one is none
    static List<BrokerAddress> brokers(List<String> given, Map<String, String> environment) {
        List<String> texts = new ArrayList<>(given);
        if (texts.isEmpty()) {
            Natts.first(environment.get("NATT_BROKER"))
                    .ifPresent(all -> texts.addAll(List.of(all.strip().split("[ ,]+"))));
        }
        try {
            return texts.stream().map(BrokerAddress::parse).distinct().toList();
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
    }

    /// @param names that the node wants at its brokers
    static BrokerSettings config(
            CommonOptions options,
            List<String> names,
            Map<String, String> environment,
            NodeFiles files,
            KnownHosts knownHosts,
            boolean strict,
            AddressDiscovery discovery)
            throws IOException {
        return new BrokerSettings(
                brokers(options.broker, environment),
                names,
                secret(options.brokerPskFile, files),
                tlsPort(options.brokerTls),
                knownHosts,
                strict,
                Optional.of(discovery));
    }

    static PreSharedKey secret(@Nullable String file, NodeFiles files) throws IOException {
        return file == null ? PreSharedKey.NONE : files.secret(NodeFiles.path(file));
    }

    static OptionalInt tlsPort(String text) {
        if (text.equals("off")) {
            return OptionalInt.empty();
        }
        if (text.matches("[0-9]{1,5}")) {
            int port = Integer.parseInt(text);
            if (port > 0 && port <= 65_535) {
                return OptionalInt.of(port);
            }
        }
        throw new UsageException("--broker-tls is a port or 'off', not '%s'".formatted(text));
    }
}
