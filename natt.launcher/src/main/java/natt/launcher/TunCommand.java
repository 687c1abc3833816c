package natt.launcher;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.Text;
import natt.core.keys.AddressPrefix;
import natt.core.keys.KnownHosts;
import natt.core.node.BrokerSettings;
import natt.core.node.ClientConfig;
import natt.core.node.Installed;
import natt.core.node.PacketNodeConfig;
import natt.core.node.Peer;
import natt.core.rendezvous.BrokerAddress;
import natt.core.session.Mode;
import natt.core.status.ControlSocket;
import natt.core.unix.Privileges;
import natt.core.unix.Privileges.Capability;
import natt.tun.MeshFile;
import natt.tun.NatpunchTunnel;
import natt.tun.PacketCarrier;
import natt.tun.TunnelConfig;
import natt.tun.TunnelNode;
import natt.tun.device.TunDevice;
import natt.tun.packet.LocalAddress;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/// `natt tun`: IP packets to peers, by a network device.
///
/// The device is made first, on the main thread, which then gives up its rights, so that all
/// threads of the node are without them.
final class TunCommand {
    private static final System.Logger LOG = System.getLogger("natt");

    private static final int FIRST_FREE_PORT = 1024;

    /// What is to carry the packets, known in full before there is a device.
    private interface Plan {
        /// @param device closed with what this returns, and if it fails
        PacketCarrier start(TunDevice device) throws IOException;
    }

    private final TunOptions options;
    private final Map<String, String> environment;
    private final NodeFiles files;
    private @Nullable PacketCarrier carrier;
    private Optional<ControlSocket> status = Optional.empty();
    private boolean stopping;
    private boolean hasFailed;

    private TunCommand(TunOptions options, Map<String, String> environment) {
        this.options = options;
        this.environment = environment;
        files = new NodeFiles(environment, options.stateDir);
    }

    static int run(String[] args, Map<String, String> environment) throws Exception {
        var options = new TunOptions();
        if (!CommandLine.parse("natt tun", options, args, environment)) {
            return CommandLine.DONE;
        }
        CommandLine.configureLog(options, Level.INFO);
        return new TunCommand(options, environment).run();
    }

    private int run() throws IOException {
        TunnelConfig config;
        Plan plan;
        try {
            config = tunnel(options);
            plan = plan(config);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        TunDevice device = TunDevice.open(config.toDevice());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(device)));
        describe(config, device);
        PacketCarrier started = begin(plan, device);
        if (!keep(started)) {
            started.close();
            return CommandLine.DONE;
        }
        LOG.log(Level.INFO, "{0}", started.description());
        throw new IOException(started.failure().join());
    }

    private PacketCarrier begin(Plan plan, TunDevice device) throws IOException {
        try {
            Privileges.drop(kept(device));
            return plan.start(device);
        } catch (IOException | RuntimeException failed) {
            synchronized (this) {
                hasFailed = true;
            }
            throw failed;
        }
    }

    /// Returns false if the end has come meanwhile.
    private synchronized boolean keep(PacketCarrier started) {
        if (stopping) {
            return false;
        }
        carrier = started;
        status =
                NodeFiles.controlSocket(
                        "natt", options.runtimeDir, environment, Level.INFO, started::report);
        return true;
    }

    private void stop(TunDevice device) {
        PacketCarrier working;
        boolean failed;
        synchronized (this) {
            stopping = true;
            working = carrier;
            failed = hasFailed || working != null && working.failure().isDone();
            status.ifPresent(ControlSocket::close);
        }
        if (working == null) {
            device.close();
        } else {
            working.close();
        }
        if (!failed) {
            LOG.log(Level.INFO, "stopped");
            // An orderly stop is no failure, whatever the signal.
            Runtime.getRuntime().halt(CommandLine.DONE);
        }
    }

    private static void describe(TunnelConfig config, TunDevice device) {
        LOG.log(
                Level.INFO,
                "{0} the device {1}: {2}, MTU {3}",
                device.isMade() ? "made" : "joined",
                device.name(),
                String.join(", ", config.locals().stream().map(LocalAddress::toString).toList()),
                Integer.toString(device.mtu()));
        device.warning().ifPresent(line -> LOG.log(Level.WARNING, "{0}", line));
        for (AddressPrefix each : config.withoutRoute()) {
            LOG.log(
                    Level.INFO,
                    "{0} gets no route: it would take this node's own datagrams with it",
                    each);
        }
    }

    private Set<Capability> kept(TunDevice device) {
        Set<Capability> kept = EnumSet.noneOf(Capability.class);
        if (device.needsPrivilegeToClose()) {
            kept.add(Capability.NET_ADMIN);
        }
        int port = listen().getPort();
        if (port > 0 && port < FIRST_FREE_PORT) {
            kept.add(Capability.NET_BIND_SERVICE);
        }
        return kept;
    }

    // ---- what is wanted

    /// The device and its peers.
    static TunnelConfig tunnel(TunOptions options) throws IOException {
        if (!options.rest.isEmpty()) {
            throw new UsageException(
                    "there is no option '%s'".formatted(Text.escape(options.rest.getFirst())));
        }
        requireAlone(options);
        if (options.config != null) {
            if (isTwoEnds(options)) {
                throw new UsageException(
                        "with --config the device and its peers are those of the file");
            }
            return MeshFile.read(NodeFiles.path(options.config));
        }
        TunnelConfig.Builder config = TunnelConfig.builder();
        config.device(options.dev == null ? TunnelConfig.USUAL_DEVICE : options.dev);
        config.mtu(options.mtu == null ? "auto" : options.mtu);
        List<LocalAddress> locals = options.local.stream().map(LocalAddress::parse).toList();
        if (locals.isEmpty()) {
            throw new UsageException("--local is missing: the address of the device");
        }
        locals.forEach(config::local);
        config.peer(otherEnd(options));
        remotes(options, locals).forEach(config::allow);
        return config.build();
    }

    /// NATpunch knows neither names nor keys, and has one peer. Only a target is found in DNS.
    private static void requireAlone(TunOptions options) {
        boolean dns = options.dnsServer != null || options.dnsFile != null;
        if (options.natpunch == null) {
            if (dns && options.target == null) {
                throw new UsageException("--dns-server and --dns-file are for --target");
            }
            return;
        }
        boolean others =
                Stream.of(
                                        options.broker,
                                        options.brokerPskFile,
                                        options.peer,
                                        options.target,
                                        options.config,
                                        options.listen,
                                        options.pskFile,
                                        options.knownHosts)
                                .anyMatch(each -> each != null)
                        || !options.name.isEmpty()
                        || options.strict
                        || dns;
        if (others) {
            throw new UsageException(
                    "with --natpunch there are only --local, --remote, --allowed-ips, --dev and"
                            + " --mtu");
        }
    }

    private static boolean isTwoEnds(TunOptions options) {
        return Stream.of(options.peer, options.target, options.dev, options.mtu)
                        .anyMatch(each -> each != null)
                || Stream.of(options.local, options.remote, options.allowedIps)
                        .anyMatch(each -> !each.isEmpty());
    }

    private static String otherEnd(TunOptions options) {
        if (options.natpunch != null) {
            return "peer";
        }
        if (options.peer != null && options.target == null) {
            return Peer.parse(options.peer).text();
        }
        if (options.target != null && options.peer == null) {
            // A ticket may have a secret in it.
            return "peer";
        }
        throw new UsageException(
                options.peer == null
                        ? "who is the other end? Give --peer, --target, or --config with several"
                        : "--peer and --target exclude each other");
    }

    private static List<AddressPrefix> remotes(TunOptions options, List<LocalAddress> locals) {
        for (String each : options.remote) {
            if (each.indexOf('/') >= 0) {
                throw new UsageException(
                        "--remote is an address, not '%s': more go to --allowed-ips"
                                .formatted(Text.escape(each)));
            }
        }
        List<AddressPrefix> remotes = options.remote.stream().map(AddressPrefix::parse).toList();
        for (AddressPrefix each : remotes) {
            int bits = each.length();
            if (locals.stream().noneMatch(local -> local.host().length() == bits)) {
                throw new UsageException(
                        "--remote %s needs a --local of its family"
                                .formatted(Text.escape(options.remote.getFirst())));
            }
        }
        List<AddressPrefix> all =
                Stream.concat(
                                remotes.stream(),
                                options.allowedIps.stream().map(AddressPrefix::parse))
                        .distinct()
                        .toList();
        if (all.isEmpty()) {
            throw new UsageException("--remote is missing: the address of the other end's device");
        }
        return all;
    }

    private void checkBroker() {
        if (options.broker != null) {
            return;
        }
        if (options.target == null) {
            throw new UsageException("--broker [KEY@]HOST[:PORT] is missing");
        }
        if (!options.name.isEmpty() || options.brokerPskFile != null) {
            throw new UsageException("--name and --broker-psk-file need a --broker");
        }
    }

    private Plan plan(TunnelConfig config) throws IOException {
        if (options.natpunch != null) {
            HostAndPort server = natpunch(options.natpunch);
            return device -> {
                LOG.log(
                        Level.WARNING,
                        "NATpunch is insecure: nothing in this tunnel is encrypted, and whoever"
                                + " sends from the peer's address, or tells the server so, is the"
                                + " peer");
                return NatpunchTunnel.start(config, device, server);
            };
        }
        checkBroker();
        Installed installed = Installed.load(CommandLine.plugins());
        var knownHosts = new KnownHosts(files.knownHosts(options.knownHosts));
        Identity identity = files.hostIdentity();
        Optional<BrokerSettings> brokers =
                options.broker == null
                        ? Optional.empty()
                        : Optional.of(brokers(options.broker, knownHosts, installed));
        if (options.target == null) {
            PreSharedKey secret =
                    options.pskFile == null
                            ? PreSharedKey.NONE
                            : files.secret(NodeFiles.path(options.pskFile));
            PacketNodeConfig node = node(identity, secret, brokers);
            return device -> TunnelNode.start(config, device, node, Optional.empty());
        }
        ClientConfig.Sessions host = host(options.target, installed);
        PacketNodeConfig node = node(identity, host.secret(), brokers.or(host::brokers));
        return device -> TunnelNode.start(config, device, node, Optional.of(host));
    }

    private static HostAndPort natpunch(String text) {
        HostAndPort server = HostAndPort.parse(text);
        boolean isIpv6 = server.host().indexOf(':') >= 0;
        if (server.host().isEmpty() || server.port() == 0 || isIpv6) {
            throw new UsageException(
                    "--natpunch is HOST:PORT of a server with an IPv4 address, not '%s'"
                            .formatted(Text.escape(text)));
        }
        return server;
    }

    private PacketNodeConfig node(
            Identity identity, PreSharedKey secret, Optional<BrokerSettings> brokers) {
        return new PacketNodeConfig(identity, false, Mode.IP, listen(), secret, brokers);
    }

    private BrokerSettings brokers(String broker, KnownHosts knownHosts, Installed installed)
            throws IOException {
        return new BrokerSettings(
                List.of(BrokerAddress.parse(broker)),
                options.name,
                NodeBrokers.secret(options.brokerPskFile, files),
                OptionalInt.of(BrokerSettings.DEFAULT_TLS_PORT),
                knownHosts,
                options.strict,
                Optional.of(installed.discovery("stun")));
    }

    /// A target is found as nattc finds it.
    private ClientConfig.Sessions host(String target, Installed installed) throws IOException {
        var client = new NattcOptions();
        client.pskFile = options.pskFile;
        client.knownHosts = options.knownHosts;
        client.strict = options.strict;
        client.stateDir = options.stateDir;
        client.dnsServer = options.dnsServer;
        client.dnsFile = options.dnsFile;
        client.brokerPskFile = options.brokerPskFile;
        if (Nattc.config(client, target, environment, installed)
                instanceof ClientConfig.Sessions host) {
            return host;
        }
        throw new AssertionError("without --compat there are sessions");
    }

    private InetSocketAddress listen() {
        if (options.listen == null) {
            return PacketNodeConfig.anyPort();
        }
        HostAndPort given = HostAndPort.parse(options.listen);
        if (given.host().isEmpty()) {
            return new InetSocketAddress(InetAddress.ofLiteral("::"), given.port());
        }
        return given.literal()
                .orElseThrow(
                        () ->
                                new UsageException(
                                        "--listen is :PORT or ADDRESS:PORT, not a host name"));
    }
}
