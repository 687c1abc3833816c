package natt.launcher;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.Secret;
import natt.core.Text;
import natt.core.keys.KnownHosts;
import natt.core.keys.Ticket;
import natt.core.node.BrokerSettings;
import natt.core.node.Installed;
import natt.core.node.NoPublisher;
import natt.core.node.Server;
import natt.core.node.ServerConfig;
import natt.core.rendezvous.BrokerAddress;
import natt.core.spi.DnsProvider;
import natt.core.spi.NameLookup;
import natt.core.spi.PortMapper;
import natt.core.spi.Settings;
import natt.core.status.ControlSocket;
import natt.core.status.Report;
import natt.tun.TunnelServer;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

/// natts: runs beside sshd and publishes where it can be reached.
public final class Natts {
    /// Of three operators, so that one that lies or is down is outvoted.
    /// What a name may have for `_natt._udp.` to fit before it (RFC 1035, section 2.3.4).
    private static final int MOST_NAME = 242;

    private static final List<String> PUBLIC_STUN_SERVERS =
            List.of(
                    "stun.cloudflare.com:3478",
                    "stun.l.google.com:19302",
                    "stunserver2025.stunprotocol.org:3478");

    private static final System.Logger LOG = System.getLogger("natt");

    private Natts() {}

    public static void main(String[] args) {
        CommandLine.exit("natts", program(args, System.getenv()));
    }

    /// What [#main] runs.
    static CommandLine.Program program(String[] args, Map<String, String> environment) {
        return () -> run(args, environment);
    }

    private static int run(String[] args, Map<String, String> environment) throws Exception {
        var options = new NattsOptions();
        if (!CommandLine.parse("natts", options, args, environment)) {
            return CommandLine.DONE;
        }
        CommandLine.configureLog(options, Level.INFO);
        Installed installed = Installed.load(CommandLine.plugins());
        ServerConfig config;
        Optional<TunnelServer> tunnel;
        try {
            config = config(options, environment, installed);
            tunnel = ServerTunnel.open(options, config);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        Server server = start(config, tunnel);
        var failure = new CompletableFuture<String>();
        server.failure().thenAccept(failure::complete);
        tunnel.ifPresent(each -> each.failure().thenAccept(failure::complete));
        // Whoever stops this program as soon as it has published finds it ready for that.
        var status = new AtomicReference<Optional<ControlSocket>>(Optional.empty());
        stopInOrder(server, tunnel, failure, status);
        status.set(
                NodeFiles.controlSocket(
                        "natts",
                        options,
                        environment,
                        Level.WARNING,
                        () -> report(server, tunnel)));
        config.sessions().ifPresent(sessions -> sayTickets(sessions, config, server));
        config.plain()
                .ifPresent(
                        _ ->
                                LOG.log(
                                        Level.WARNING,
                                        "the wire of the original natts is neither encrypted nor"
                                                + " authenticated; security is that of the service"
                                                + " behind it"));
        throw new IOException(failure.join());
    }

    private static Server start(ServerConfig config, Optional<TunnelServer> tunnel)
            throws IOException {
        try {
            return Server.start(tunnel.map(config::withPackets).orElse(config));
        } catch (IOException | RuntimeException failed) {
            tunnel.ifPresent(TunnelServer::close);
            throw failed;
        }
    }

    private static CompletableFuture<Report> report(Server server, Optional<TunnelServer> tunnel) {
        CompletableFuture<Report> own = server.report();
        return tunnel.map(each -> each.report(own)).orElse(own);
    }

    private static void stopInOrder(
            Server server,
            Optional<TunnelServer> tunnel,
            CompletableFuture<String> failure,
            AtomicReference<Optional<ControlSocket>> status) {
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    status.get().ifPresent(ControlSocket::close);
                                    boolean failed = failure.isDone();
                                    server.close();
                                    tunnel.ifPresent(TunnelServer::close);
                                    if (!failed) {
                                        LOG.log(Level.INFO, "stopped");
                                        // An orderly stop is no failure, whatever the signal.
                                        Runtime.getRuntime().halt(CommandLine.DONE);
                                    }
                                }));
    }

    private static void sayTickets(
            ServerConfig.Sessions sessions, ServerConfig config, Server server) {
        LOG.log(Level.INFO, "this node's key is {0}", sessions.identity().publicKey());
        if (config.publisher() instanceof NoPublisher) {
            server.broker().thenAccept(it -> sayTicket(sessions, config.name(), Optional.of(it)));
        } else {
            sayTicket(sessions, config.name(), Optional.empty());
        }
    }

    /// @param broker if the record does not say it
    private static void sayTicket(
            ServerConfig.Sessions sessions, String name, Optional<BrokerAddress> broker) {
        NodeKey key = sessions.identity().publicKey();
        var ticket = new Ticket(key, name, Optional.empty(), Optional.empty(), broker);
        boolean secret = !sessions.secret().equals(PreSharedKey.NONE);
        LOG.log(
                Level.INFO,
                "clients connect with: nattc --target {0}{1}",
                ticket,
                secret ? " --psk-file FILE" : "");
    }

    static ServerConfig config(
            NattsOptions options, Map<String, String> environment, Installed installed)
            throws IOException {
        String name =
                name(
                        first(options.targetFqdn, environment.get("TARGET_FQDN"))
                                .orElseThrow(
                                        () ->
                                                new UsageException(
                                                        "the name to publish under is missing: give"
                                                                + " --target-fqdn or"
                                                                + " $TARGET_FQDN")));
        if (options.ttl < 1 || options.ttl > 86_400) {
            throw new UsageException("--ttl is 1 to 86400 seconds, not " + options.ttl);
        }
        if (options.compat == null && options.compatListen != null) {
            throw new UsageException("--compat-listen needs --compat kcp-go");
        }
        Settings settings = settings(options, environment);
        DnsProvider.Publisher publisher =
                options.dns.equals("none")
                        ? new NoPublisher()
                        : installed.dnsProvider(options.dns).open(settings);
        boolean sessions = options.compat == null || options.compatListen != null;
        if (!sessions && !options.broker.isEmpty()) {
            throw new UsageException("--compat kcp-go alone has no use for --broker");
        }
        HostAndPort target = target("--ssh-target", options.sshTarget);
        Optional<PortMapper> mapper = portMapper(options.portMap, installed);
        Optional<ServerConfig.Plain> plain =
                Optional.ofNullable(options.compat)
                        .map(
                                wire ->
                                        new ServerConfig.Plain(
                                                plainListen(options),
                                                target,
                                                CommandLine.named(
                                                        installed::plainTransport, wire)));
        return new ServerConfig(
                name,
                stun(options.stun),
                options.publishPrivate,
                installed.discovery("stun"),
                publisher,
                Duration.ofSeconds(options.ttl),
                sessions
                        ? Optional.of(
                                sessions(options, environment, installed, target, settings, mapper))
                        : Optional.empty(),
                plain);
    }

    private static ServerConfig.Sessions sessions(
            NattsOptions options,
            Map<String, String> environment,
            Installed installed,
            HostAndPort target,
            Settings settings,
            Optional<PortMapper> mapper)
            throws IOException {
        InetSocketAddress listen = listen("--listen", options.listen, "::");
        Map<String, HostAndPort> services = services(target, options.expose);
        var files = new NodeFiles(environment, options.stateDir);
        return new ServerConfig.Sessions(
                listen,
                files.hostIdentity(),
                files.hostSecret(options.pskFile),
                files.authorizedClients(options.authorizedClients),
                CommandLine.named(installed::transport, options.transport),
                services,
                files.state(),
                options.dns.equals("none")
                        ? Optional.empty()
                        : Optional.of(resolver(options, settings, installed)),
                mapper,
                brokers(options, environment, files, installed));
    }

    private static Optional<BrokerSettings> brokers(
            NattsOptions options,
            Map<String, String> environment,
            NodeFiles files,
            Installed installed)
            throws IOException {
        BrokerSettings brokers =
                NodeBrokers.config(
                        options,
                        List.of(),
                        environment,
                        files,
                        new KnownHosts(files.knownHosts(null)),
                        options.strict,
                        installed.discovery("stun"));
        boolean none = brokers.brokers().isEmpty();
        if (none && options.dns.equals("none")) {
            throw new UsageException("--dns none needs --broker, else nobody finds this node");
        }
        return none ? Optional.empty() : Optional.of(brokers);
    }

    static Optional<PortMapper> portMapper(String wanted, Installed installed) {
        return switch (wanted) {
            case "auto" -> Optional.of(installed.portMapper("portmap"));
            case "off" -> Optional.empty();
            default ->
                    throw new UsageException(
                            "--port-map is auto or off, not '%s'".formatted(Text.escape(wanted)));
        };
    }

    /// Sees the own record as clients do.
    static NameLookup.Resolver resolver(
            NattsOptions options, Settings settings, Installed installed) {
        if (options.dns.equals("file")) {
            return installed.nameLookup("file").open(settings);
        }
        Map<String, String> values =
                options.dnsServer == null ? Map.of() : Map.of("server", options.dnsServer);
        return installed.nameLookup("dns").open(new Settings(values, Map.of()));
    }

    /// The services by name: 'ssh' and those exposed.
    static Map<String, HostAndPort> services(HostAndPort ssh, List<String> exposed) {
        var services = new HashMap<String, HostAndPort>();
        services.put("ssh", ssh);
        for (String text : exposed) {
            String[] pair = pair("--expose", text);
            String name = serviceName(pair[0]);
            if (services.putIfAbsent(name, target("--expose NAME=", pair[1])) != null) {
                throw new UsageException("there are two services '%s'".formatted(name));
            }
        }
        return services;
    }

    /// @throws UsageException if the text names no service
    static String serviceName(String text) {
        if (!text.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
            throw new UsageException(
                    "'%s' is not the name of a service: letters, digits, '.', '_', '-', at most 64"
                            .formatted(Text.escape(text)));
        }
        return text;
    }

    private static InetSocketAddress plainListen(NattsOptions options) {
        String beside = options.compatListen;
        String option = beside == null ? "--listen" : "--compat-listen";
        InetSocketAddress listen =
                listen(option, beside == null ? options.listen : beside, "0.0.0.0");
        if (!(listen.getAddress() instanceof Inet4Address)) {
            throw new UsageException(
                    option + " is :PORT or IPV4-ADDRESS:PORT for the original's wire");
        }
        return listen;
    }

    /// A host name in lower case, without the final dot.
    ///
    /// @throws UsageException if it is none
    static String name(String text) {
        String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        // The length comes first: the pattern recurses into every label.
        boolean labels =
                name.length() <= MOST_NAME
                        && name.matches(
                                "(?i)[a-z0-9_]([a-z0-9_-]{0,62})(\\.[a-z0-9_]([a-z0-9_-]{0,62}))+");
        if (!labels) {
            throw new UsageException("'%s' is not a complete DNS name".formatted(text));
        }
        return name.toLowerCase(Locale.ROOT);
    }

    static Optional<String> first(@Nullable String... candidates) {
        for (String candidate : candidates) {
            if (candidate != null && !candidate.isEmpty()) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    /// @param any the address to bind where none is given
    private static InetSocketAddress listen(String option, String text, String any) {
        HostAndPort given = HostAndPort.parse(text);
        if (given.host().isEmpty()) {
            return new InetSocketAddress(InetAddress.ofLiteral(any), given.port());
        }
        return given.literal()
                .orElseThrow(
                        () ->
                                new UsageException(
                                        "%s is :PORT or ADDRESS:PORT, not '%s'"
                                                .formatted(option, Text.escape(text))));
    }

    static HostAndPort target(String option, String text) {
        HostAndPort target = HostAndPort.parse(text);
        if (target.port() == 0 || target.host().isEmpty()) {
            throw new UsageException(
                    "%s is HOST:PORT, not '%s'".formatted(option, Text.escape(text)));
        }
        return target;
    }

    static List<HostAndPort> stun(List<String> given) {
        if (given.equals(List.of("none"))) {
            return List.of();
        }
        var servers = new LinkedHashSet<HostAndPort>();
        for (String text : given.isEmpty() ? PUBLIC_STUN_SERVERS : given) {
            HostAndPort server = HostAndPort.parse(text, 3478);
            if (server.host().isEmpty() || server.port() == 0 || text.equals("none")) {
                throw new UsageException(
                        "--stun is HOST[:PORT], or none and nothing else, not '%s'"
                                .formatted(text));
            }
            servers.add(server);
        }
        return List.copyOf(servers);
    }

    static Settings settings(NattsOptions options, Map<String, String> environment) {
        var values = new HashMap<String, String>();
        var secrets = new HashMap<String, Secret>();
        for (String option : options.dnsOption) {
            String[] pair = pair("--dns-option", option);
            values.put(pair[0], pair[1]);
        }
        for (String option : options.dnsSecretFile) {
            String[] pair = pair("--dns-secret-file", option);
            secrets.put(pair[0], secretIn(pair[1]));
        }
        if (options.dns.equals("cloudflare")) {
            first(options.cfZoneId).ifPresent(id -> values.put("zone-id", id));
            first(options.cfApiUrl).ifPresent(url -> values.put("api-url", url));
            token(options, environment).ifPresent(token -> secrets.put("token", token));
            if (!secrets.containsKey("token")) {
                throw new UsageException(
                        "the Cloudflare API token is missing: give --cf-token-file or"
                                + " $CF_API_TOKEN");
            }
        }
        return new Settings(values, secrets);
    }

    static Optional<Secret> token(NattsOptions options, Map<String, String> environment) {
        Optional<String> argument = first(options.cfToken);
        if (argument.isPresent()) {
            LOG.log(
                    Level.WARNING,
                    "--cf-token is visible to every user of this machine; --cf-token-file or"
                            + " $CF_API_TOKEN is not");
            return Optional.of(secret("--cf-token", argument.get()));
        }
        if (options.cfTokenFile != null) {
            return Optional.of(secretIn(options.cfTokenFile));
        }
        Optional<String> variable = first(environment.get("CF_API_TOKEN"));
        if (variable.isPresent()) {
            return Optional.of(secret("$CF_API_TOKEN", variable.get()));
        }
        // systemd hands credentials over in a directory that only the service can read.
        return first(environment.get("CREDENTIALS_DIRECTORY"))
                .map(directory -> Path.of(directory, "cf-token"))
                .filter(Files::exists)
                .map(file -> secretIn(file.toString()));
    }

    private static Secret secretIn(String file) {
        try {
            return secret("the file " + file, Files.readString(Path.of(file)));
        } catch (IOException | InvalidPathException failed) {
            throw new UsageException("cannot read the file %s".formatted(file));
        }
    }

    /// A secret without the white space around it, such as the end of a line.
    private static Secret secret(String source, String text) {
        String secret = text.strip();
        if (secret.isEmpty() || secret.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
            throw new UsageException("%s holds no secret of one line".formatted(source));
        }
        return new Secret(secret);
    }

    private static String[] pair(String option, String text) {
        String[] pair = text.split("=", 2);
        if (pair.length != 2 || pair[0].isEmpty()) {
            throw new UsageException("%s is KEY=VALUE, not '%s'".formatted(option, text));
        }
        return pair;
    }
}
