package natt.launcher;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.keys.KnownHosts;
import natt.core.node.BrokerSettings;
import natt.core.node.Installed;
import natt.core.rendezvous.BrokerAddress;
import natt.core.status.ControlSocket;
import natt.core.unix.Privileges;
import natt.core.unix.Privileges.Capability;
import natt.wireguard.PeerMap;
import natt.wireguard.WireGuardConfig;
import natt.wireguard.WireGuardNode;
import natt.wireguard.WireGuardPort;
import natt.wireguard.control.InterfaceState;
import natt.wireguard.control.WireGuardInterface;
import natt.wireguard.control.WireGuardKey;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/// `natt wg`: finds the peers of a WireGuard interface.
final class WgCommand {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final int LONGEST_DELAY_SECONDS = 3_600;

    private final WgOptions options;
    private final Map<String, String> environment;
    private final WireGuardInterface device;
    private final Duration delay;
    private final WgRun run = new WgRun();

    private WgCommand(WgOptions options, Map<String, String> environment) {
        this.options = options;
        this.environment = environment;
        if (options.device == null) {
            throw new UsageException("--interface NAME is missing");
        }
        for (String each : options.further) {
            throw new UsageException("there is no option or argument '%s'".formatted(each));
        }
        if (options.wgIdentity && options.config != null) {
            throw new UsageException("--wg-identity and --config contradict each other");
        }
        if (options.continuous && !options.direct && options.server == null) {
            throw new UsageException(
                    "--continuous goes with --direct or --server; without them it always is");
        }
        device = WireGuardInterface.named(options.device);
        delay = delay(options.delay);
    }

    static int run(String[] args, Map<String, String> environment) throws Exception {
        var options = new WgOptions();
        if (!CommandLine.parse("natt wg", options, args, environment)) {
            return CommandLine.DONE;
        }
        CommandLine.configureLog(options, Level.INFO);
        WgCommand command;
        try {
            command = new WgCommand(options, environment);
            if (options.server != null || options.serverKey != null) {
                return new WgServerCommand(options, environment, command.device, command.delay)
                        .serve();
            }
            if (command.brokers().isEmpty()) {
                throw new UsageException("--broker [KEY@]HOST[:PORT] is missing");
            }
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        return command.serve();
    }

    /// Seconds, decimals allowed.
    static Duration delay(String text) {
        if (text.matches("[0-9]{1,4}(\\.[0-9]{1,9})?")) {
            var delay = Duration.ofNanos(new BigDecimal(text).movePointRight(9).longValueExact());
            if (delay.compareTo(WireGuardConfig.LEAST_PAUSE) >= 0
                    && delay.compareTo(Duration.ofSeconds(LONGEST_DELAY_SECONDS)) <= 0) {
                return delay;
            }
        }
        throw new UsageException(
                "--delay is 0.1 to %d seconds, not '%s'".formatted(LONGEST_DELAY_SECONDS, text));
    }

    private List<BrokerAddress> brokers() {
        return NodeBrokers.brokers(options.broker, environment);
    }

    private int serve() throws Exception {
        return run.run(this::work);
    }

    private int work() throws Exception {
        InterfaceState state = device.read().requireUsable(device.name());
        Optional<WireGuardPort> shared = Optional.empty();
        if (options.direct) {
            shared = Optional.of(WireGuardPort.open(state));
        }
        WireGuardNode node;
        try {
            // Its files may be another user's, which root needs a right for.
            WireGuardConfig config = config(state, shared);
            dropPrivileges(device);
            node = WireGuardNode.start(config);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        if (!run.keep(node::close, node.failure())) {
            node.close();
            return CommandLine.DONE;
        }
        LOG.log(
                Level.INFO,
                "{0} has the key {1} and port {2}, natt UDP {3}",
                device.name(),
                state.identity().map(own -> WireGuardKey.format(own.publicKey())).orElse(""),
                "" + state.listenPort(),
                HostAndPort.format(node.local()));
        if (options.config != null) {
            LOG.log(Level.INFO, "this node's key is {0}", node.key());
        }
        Optional<ControlSocket> status =
                NodeFiles.controlSocket(
                        "natt", options.runtimeDir, environment, Level.INFO, node::report);
        CompletableFuture.anyOf(node.failure(), node.done()).join();
        status.ifPresent(ControlSocket::close);
        if (node.failure().isDone()) {
            throw new IOException(node.failure().join());
        }
        LOG.log(Level.INFO, "every peer of {0} is connected", device.name());
        return CommandLine.DONE;
    }

    /// A WireGuard in user space lets its own user in; the kernel's wants a right for each setting.
    ///
    /// @param device has been read
    /// @throws IOException with one line for the user, also if it cannot be read any more
    static void dropPrivileges(WireGuardInterface device) throws IOException {
        Privileges.drop(device.isInUserSpace() ? Set.of() : Set.of(Capability.NET_ADMIN));
        try {
            device.read();
        } catch (IOException failed) {
            // A socket of another user's needed the rights that are gone.
            throw new IOException(
                    "%s (natt has given up root's rights, and goes on as the user that runs it)"
                            .formatted(failed.getMessage()),
                    failed);
        }
    }

    private WireGuardConfig config(InterfaceState state, Optional<WireGuardPort> shared)
            throws IOException {
        var files = new NodeFiles(environment, options.stateDir);
        Optional<Identity> identity = Optional.empty();
        Optional<PeerMap> peers = Optional.empty();
        if (options.config != null) {
            peers = Optional.of(PeerMap.read(NodeFiles.path(options.config)));
            identity = Optional.of(files.hostIdentity());
        }
        return new WireGuardConfig(
                device,
                state,
                identity,
                peers,
                shared,
                new BrokerSettings(
                        brokers(),
                        options.name,
                        NodeBrokers.secret(options.brokerPskFile, files),
                        OptionalInt.of(BrokerSettings.DEFAULT_TLS_PORT),
                        new KnownHosts(files.knownHosts(options.knownHosts)),
                        options.strict,
                        Optional.of(Installed.load(CommandLine.plugins()).discovery("stun"))),
                options.continuous || !options.direct,
                delay);
    }
}
