package natt.launcher;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.Text;
import natt.core.status.ControlSocket;
import natt.wireguard.NatpunchNode;
import natt.wireguard.WireGuardPort;
import natt.wireguard.control.InterfaceState;
import natt.wireguard.control.WireGuardInterface;
import natt.wireguard.control.WireGuardKey;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// `natt wg --server`: finds the peers of a WireGuard interface by a server of natpunch-go.
final class WgServerCommand {
    private static final System.Logger LOG = System.getLogger("natt");

    private final WgOptions options;
    private final Map<String, String> environment;
    private final WireGuardInterface device;
    private final Duration delay;
    private final HostAndPort server;
    private final NodeKey serverKey;
    private final WgRun run = new WgRun();

    /// @throws IllegalArgumentException with one line for the user
    WgServerCommand(
            WgOptions options,
            Map<String, String> environment,
            WireGuardInterface device,
            Duration delay) {
        this.options = options;
        this.environment = environment;
        this.device = device;
        this.delay = delay;
        if (options.server == null || options.serverKey == null) {
            throw new UsageException("--server HOST:PORT and --server-key KEY go together");
        }
        boolean others =
                !options.broker.isEmpty()
                        || !options.name.isEmpty()
                        || options.config != null
                        || options.brokerPskFile != null;
        if (others) {
            throw new UsageException(
                    "--server is in place of --broker, and knows neither names nor natt's keys");
        }
        if (options.direct || options.strict || options.wgIdentity || options.knownHosts != null) {
            throw new UsageException(
                    "--server goes with none of --direct, --strict, --known-hosts, --wg-identity");
        }
        server = HostAndPort.parse(options.server);
        if (server.host().isEmpty() || server.port() == 0) {
            throw new UsageException(
                    "--server is HOST:PORT, not '%s'".formatted(Text.escape(options.server)));
        }
        serverKey = WireGuardKey.parse(options.serverKey);
    }

    int serve() throws Exception {
        return run.run(this::work);
    }

    private int work() throws IOException {
        InterfaceState state = device.read().requireUsable(device.name());
        InetSocketAddress address = lookUp();
        WireGuardPort shared = WireGuardPort.open(state, List.of(address));
        WgCommand.dropPrivileges(device);
        NatpunchNode node =
                NatpunchNode.start(
                        new NatpunchNode.Config(
                                device,
                                state,
                                shared,
                                serverKey,
                                address,
                                options.continuous,
                                delay));
        if (!run.keep(node::close, node.failure())) {
            node.close();
            return CommandLine.DONE;
        }
        LOG.log(
                Level.INFO,
                "{0} has the key {1} and port {2}; {3} is asked for its peers",
                device.name(),
                state.identity().map(own -> WireGuardKey.format(own.publicKey())).orElse(""),
                "" + state.listenPort(),
                HostAndPort.format(address));
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

    /// Once: nothing else than this address passes the filter afterwards.
    private InetSocketAddress lookUp() throws IOException {
        try {
            return Arrays.stream(InetAddress.getAllByName(server.host()))
                    .filter(each -> each instanceof Inet4Address)
                    .findFirst()
                    .map(each -> new InetSocketAddress(each, server.port()))
                    .orElseThrow(
                            () ->
                                    new IOException(
                                            "%s has no IPv4 address, and the server's wire no other"
                                                    .formatted(server.host())));
        } catch (UnknownHostException unknown) {
            throw new IOException(
                    "the server's name '%s' cannot be resolved".formatted(server.host()), unknown);
        }
    }
}
