package natt.core.node;

import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.keys.Directories;
import natt.core.keys.KeyFiles;
import natt.core.keys.KnownHosts;
import natt.core.rendezvous.BrokerAddress;
import natt.core.rendezvous.NodeName;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How a [Node] is to run.
///
/// @param identity this node's key pair
/// @param broker where it registers and asks for peers
/// @param brokerSecret what that wants beside its key; [PreSharedKey#NONE] if nothing
/// @param names that it wants there, at most four
/// @param listen the UDP address to bind
/// @param secret what peers must know beside this node's key, and it beside theirs;
///     [PreSharedKey#NONE] if nothing
/// @param authorizedClients the file of those who may reach what it allows; empty for anybody
/// @param transport carries the streams
/// @param knownHosts remembers the keys of the broker and of peers
/// @param strict whether a broker and peers are refused that it has not met
/// @param environment of the commands that it runs for peers
/// @param discovery finds out what the search for direct paths needs; empty for relays only
public record NodeConfig(
        Identity identity,
        BrokerAddress broker,
        PreSharedKey brokerSecret,
        List<String> names,
        InetSocketAddress listen,
        PreSharedKey secret,
        Optional<Path> authorizedClients,
        Transport transport,
        KnownHosts knownHosts,
        boolean strict,
        Map<String, String> environment,
        Optional<AddressDiscovery> discovery) {
    public NodeConfig {
        names = names.stream().map(NodeName::parse).distinct().toList();
        environment = Map.copyOf(environment);
    }

    /// Whether anybody may come who knows a name or the key of this node.
    boolean open() {
        return authorizedClients.isEmpty() && secret.equals(PreSharedKey.NONE);
    }

    /// Begins with the key and the known peers in a directory, where a new key is made if there is
    /// none.
    ///
    /// @param broker `[KEY@]HOST[:PORT]`
    /// @throws IOException with one line for the user, if the key cannot be read or made
    /// @throws IllegalArgumentException with one line for the user, if that names no broker
    public static Builder in(Path directory, String broker) throws IOException {
        return new Builder(
                KeyFiles.loadOrCreate(Directories.identityFile(directory)),
                BrokerAddress.parse(broker),
                new KnownHosts(directory.resolve("known_hosts")));
    }

    /// Gathers what is not as usual.
    public static final class Builder {
        private final Identity identity;
        private final BrokerAddress broker;
        private PreSharedKey brokerSecret = PreSharedKey.NONE;
        private final List<String> names = new ArrayList<>();
        private final Map<String, String> environment =
                new LinkedHashMap<>(Map.of("PATH", "/usr/local/bin:/usr/bin:/bin"));
        private KnownHosts knownHosts;
        private InetSocketAddress listen = new InetSocketAddress(InetAddress.ofLiteral("::"), 0);
        private PreSharedKey secret = PreSharedKey.NONE;
        private @Nullable Path authorizedClients;
        private @Nullable Transport transport;
        private boolean strict;

        /// Begins with what every node has.
        public Builder(Identity identity, BrokerAddress broker, KnownHosts knownHosts) {
            this.identity = identity;
            this.broker = broker;
            this.knownHosts = knownHosts;
        }

        /// A name that others can use for this node.
        public Builder name(String name) {
            names.add(name);
            return this;
        }

        /// The UDP address to bind; by default a free port on all addresses.
        public Builder listen(InetSocketAddress address) {
            listen = address;
            return this;
        }

        /// What peers must know, and this node wants to be known by.
        public Builder secret(PreSharedKey shared) {
            secret = shared;
            return this;
        }

        /// The file of those who may come; by default anybody may, to services that speak SSH.
        public Builder authorizedClients(Path file) {
            authorizedClients = file;
            return this;
        }

        /// What the broker wants beside its key; by default nothing.
        public Builder brokerSecret(PreSharedKey shared) {
            brokerSecret = shared;
            return this;
        }

        /// Where the keys of the broker and of peers are remembered.
        public Builder knownHosts(Path file) {
            knownHosts = new KnownHosts(file);
            return this;
        }

        /// Refuses a broker and peers whose keys are not known yet.
        public Builder strict() {
            strict = true;
            return this;
        }

        /// By default `kcp`.
        public Builder transport(Transport chosen) {
            transport = chosen;
            return this;
        }

        /// A variable that commands find in their environment, in which there is little else.
        public Builder environment(String variable, String value) {
            environment.put(variable, value);
            return this;
        }

        /// @throws IllegalArgumentException with one line for the user, if a name is none
        /// @throws IllegalStateException if no transport is installed
        public NodeConfig build() {
            return new NodeConfig(
                    identity,
                    broker,
                    brokerSecret,
                    names,
                    listen,
                    secret,
                    Optional.ofNullable(authorizedClients),
                    transport == null
                            ? Installed.load(Optional.empty()).transport("kcp")
                            : transport,
                    knownHosts,
                    strict,
                    environment,
                    discovery());
        }

        private static Optional<AddressDiscovery> discovery() {
            try {
                return Optional.of(Installed.load(Optional.empty()).discovery("stun"));
            } catch (IllegalArgumentException none) {
                return Optional.empty();
            }
        }
    }
}
