package natt.launcher;

import natt.core.HostAndPort;
import natt.core.PreSharedKey;
import natt.core.Text;
import natt.core.keys.KnownHosts;
import natt.core.keys.Ticket;
import natt.core.node.Client;
import natt.core.node.ClientConfig;
import natt.core.node.EarlyLookup;
import natt.core.node.Installed;
import natt.core.spi.NameLookup;
import natt.core.spi.Settings;
import natt.core.status.ControlSocket;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// nattc: connects to the service behind a name, as an ssh ProxyCommand or on a local port.
public final class Nattc {
    private static final System.Logger LOG = System.getLogger("natt");

    private static final Duration UNTIL_STATUS = Duration.ofSeconds(1);

    private Nattc() {}

    public static void main(String[] args) {
        CommandLine.exit("nattc", program(args, System.getenv()));
    }

    /// What [#main] runs.
    static CommandLine.Program program(String[] args, Map<String, String> environment) {
        return () -> run(args, environment);
    }

    private static int run(String[] args, Map<String, String> environment) throws Exception {
        var options = new NattcOptions();
        if (!CommandLine.parse("nattc", options, args, environment)) {
            return CommandLine.DONE;
        }
        CommandLine.configureLog(options, options.proxy ? Level.WARNING : Level.INFO);
        String target =
                Natts.first(options.target, environment.get("TARGET_FQDN"))
                        .orElseThrow(
                                () ->
                                        new UsageException(
                                                "the name to connect to is missing: give --target"
                                                        + " or $TARGET_FQDN"));
        Natts.serviceName(options.service);
        List<Forward> forwards = forwards(options);
        Installed installed = Installed.load(CommandLine.plugins());
        ClientConfig config;
        try {
            config = config(options, target, environment, installed);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        var client = new Client(config);
        return options.proxy
                ? proxy(client, options, environment)
                : serve(client, config.name(), forwards, options, environment);
    }

    private static void answerStatus(
            Client client, NattcOptions options, Map<String, String> environment, Level level) {
        Optional<ControlSocket> status =
                NodeFiles.controlSocket("nattc", options, environment, level, client::report);
        try {
            status.ifPresent(
                    socket -> Runtime.getRuntime().addShutdownHook(new Thread(socket::close)));
        } catch (IllegalStateException ending) {
            status.ifPresent(ControlSocket::close);
        }
    }

    /// Once the connection is on its way, so that it does not wait; short ones have no status.
    private static void answerStatusLater(
            Client client, NattcOptions options, Map<String, String> environment) {
        Runnable answering =
                () -> {
                    try {
                        Thread.sleep(UNTIL_STATUS);
                        answerStatus(client, options, environment, Level.DEBUG);
                    } catch (InterruptedException | RuntimeException failed) {
                        LOG.log(Level.DEBUG, "no status: {0}", failed.toString());
                    }
                };
        Thread.ofPlatform().daemon().start(answering);
    }

    static ClientConfig config(
            NattcOptions options,
            String target,
            Map<String, String> environment,
            Installed installed)
            throws IOException {
        boolean ticketed = Ticket.looksLikeTicket(target);
        if (!ticketed && target.chars().anyMatch(c -> ":@/?&".indexOf(c) >= 0)) {
            // A mistyped ticket, maybe, and there may be a secret in it: it is not shown.
            throw new UsageException(
                    "--target is neither a complete DNS name nor a ticket natt://KEY@NAME");
        }
        if (options.compat != null) {
            if (ticketed) {
                throw new UsageException("--compat kcp-go takes a name, no ticket");
            }
            if (!options.broker.isEmpty()) {
                throw new UsageException("--compat kcp-go has no use for --broker");
            }
            String name = Natts.name(target);
            warnIfKnown(options, name, environment);
            return new ClientConfig.Plain(
                    name,
                    resolver(options, installed),
                    CommandLine.named(installed::plainTransport, options.compat));
        }
        Optional<Ticket> ticket = ticketed ? Optional.of(Ticket.parse(target)) : Optional.empty();
        String name = ticket.map(Ticket::name).orElseGet(() -> Natts.name(target));
        if (ticket.filter(each -> each.hasExpired(Instant.now())).isPresent()) {
            throw new IOException("the ticket for %s has expired".formatted(name));
        }
        var files = new NodeFiles(environment, options.stateDir);
        var knownHosts = new KnownHosts(files.knownHosts(options.knownHosts));
        return new ClientConfig.Sessions(
                name,
                early(resolver(options, installed), name, options),
                CommandLine.named(installed::transport, options.transport),
                files.clientIdentity(),
                ticket.map(Ticket::key),
                ticket.flatMap(Ticket::expires),
                options.pskFile == null
                        ? ticket.flatMap(Ticket::secret).orElse(PreSharedKey.NONE)
                        : files.secret(NodeFiles.path(options.pskFile)),
                knownHosts,
                options.strict,
                options.noBroker
                        ? Optional.empty()
                        : Optional.of(
                                NodeBrokers.config(
                                        options,
                                        List.of(),
                                        environment,
                                        files,
                                        knownHosts,
                                        options.strict,
                                        installed.discovery("stun"))),
                options.noBroker ? Optional.empty() : ticket.flatMap(Ticket::broker));
    }

    private static void warnIfKnown(
            NattcOptions options, String name, Map<String, String> environment) {
        try {
            var files = new NodeFiles(environment, options.stateDir);
            var known = new KnownHosts(files.knownHosts(options.knownHosts)).find(name);
            if (known.isPresent()) {
                LOG.log(
                        Level.WARNING,
                        "{0} has proven its key before, but --compat kcp-go asks for none, and is"
                                + " not encrypted",
                        name);
            }
        } catch (IOException | IllegalArgumentException unknown) {
            LOG.log(Level.DEBUG, "no known hosts: {0}", String.valueOf(unknown.getMessage()));
        }
    }

    /// Where connections are accepted for a service.
    record Forward(String service, List<InetSocketAddress> addresses) {}

    static List<Forward> forwards(NattcOptions options) throws IOException {
        var forwards = new ArrayList<Forward>();
        boolean usual = !options.proxy && options.forward.isEmpty();
        String listen = options.listen == null && usual ? ":10022" : options.listen;
        if (listen != null && !options.proxy) {
            forwards.add(new Forward(options.service, listen("--listen", listen)));
        }
        for (String text : options.forward) {
            int colon = text.lastIndexOf(':');
            if (options.proxy) {
                throw new UsageException("--proxy and --forward exclude each other");
            }
            if (options.compat != null) {
                throw new UsageException("--compat kcp-go has one service: --forward needs others");
            }
            if (colon <= 0) {
                throw new UsageException(
                        "--forward is [BIND:]PORT:SERVICE, not '%s'".formatted(Text.escape(text)));
            }
            String service = Natts.serviceName(text.substring(colon + 1));
            String bind = text.substring(0, colon);
            boolean port = bind.indexOf(':') < 0;
            forwards.add(new Forward(service, listen("--forward", port ? ":" + bind : bind)));
        }
        return forwards;
    }

    private static int proxy(Client client, NattcOptions options, Map<String, String> environment) {
        CompletableFuture<String> ended =
                client.proxy(
                        options.service,
                        new FileInputStream(FileDescriptor.in),
                        new FileOutputStream(FileDescriptor.out));
        answerStatusLater(client, options, environment);
        var stopping = new AtomicBoolean();
        var said = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    stopping.set(true);
                                    // ssh hangs up as soon as it closes its end, so the end of
                                    // standard input is on its way and gets a second to arrive.
                                    ended.copy().completeOnTimeout("", 1, TimeUnit.SECONDS).join();
                                    client.close();
                                    await(said);
                                }));
        String why = ended.join();
        try {
            // ssh also hangs up when the session ends below it, and the user wants to know why.
            if (why.isEmpty() || stopping.get() && Client.endedHere(why)) {
                return CommandLine.DONE;
            }
            CommandLine.complain("nattc", why);
            return CommandLine.FAILED;
        } finally {
            said.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(1, TimeUnit.SECONDS)) {
                LOG.log(Level.DEBUG, "the end has not been told in time");
            }
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        }
    }

    private static int serve(
            Client client,
            String name,
            List<Forward> forwards,
            NattcOptions options,
            Map<String, String> environment)
            throws IOException {
        Runtime.getRuntime().addShutdownHook(new Thread(client::close));
        answerStatus(client, options, environment, Level.INFO);
        for (Forward each : forwards) {
            List<InetSocketAddress> bound = client.listen(each.service(), each.addresses());
            boolean ssh = each.service().equals("ssh");
            LOG.log(
                    Level.INFO,
                    "accepting on TCP {0} for {1}{2}",
                    String.join(", ", bound.stream().map(HostAndPort::format).toList()),
                    ssh ? name : each.service() + " of " + name,
                    ssh ? "; try: ssh -p " + bound.getFirst().getPort() + " localhost" : "");
        }
        throw new IOException(client.failure().join());
    }

    /// Where the name is going to be asked for at once.
    private static NameLookup.Resolver early(
            NameLookup.Resolver resolver, String name, NattcOptions options) {
        return options.proxy && !options.strict ? EarlyLookup.begin(resolver, name) : resolver;
    }

    private static NameLookup.Resolver resolver(NattcOptions options, Installed installed) {
        if (options.dnsFile != null) {
            return installed
                    .nameLookup("file")
                    .open(new Settings(Map.of("path", options.dnsFile), Map.of()));
        }
        Map<String, String> values =
                options.dnsServer == null ? Map.of() : Map.of("server", options.dnsServer);
        return installed.nameLookup("dns").open(new Settings(values, Map.of()));
    }

    private static List<InetSocketAddress> listen(String option, String text) throws IOException {
        try {
            HostAndPort given = HostAndPort.parse(text);
            if (!given.host().isEmpty()) {
                return List.of(
                        given.literal()
                                .orElseThrow(
                                        () ->
                                                new IllegalArgumentException(
                                                        "%s takes :PORT or ADDRESS:PORT, not '%s'"
                                                                .formatted(
                                                                        option,
                                                                        Text.escape(text)))));
            }
            return loopbacks(given.port());
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
    }

    /// The loopback addresses that this machine has: ::1 can be switched off.
    private static List<InetSocketAddress> loopbacks(int port) throws IOException {
        var addresses = new ArrayList<InetSocketAddress>();
        addresses.add(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
        InetAddress six = InetAddress.ofLiteral("::1");
        if (NetworkInterface.getByInetAddress(six) != null) {
            addresses.add(new InetSocketAddress(six, port));
        }
        return addresses;
    }
}
