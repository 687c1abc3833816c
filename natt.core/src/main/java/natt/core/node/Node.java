package natt.core.node;

import natt.core.CloseCode;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.forward.CommandEnd;
import natt.core.forward.TcpListener;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.status.Refusals;
import natt.core.status.Report;
import natt.core.time.Ticker;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// A node that peers reach by its name or key at a broker, and that reaches peers: with one UDP
/// port and one key for all.
public final class Node implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final int COMPLAINTS_A_MINUTE = 20;
    private static final int MOST_CONNECTIONS = 128;

    /// How many peers are remembered that nothing is carried to.
    private static final int MOST_IDLE = 64;

    /// How long a closed stream may take to deliver what was written.
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    private record Forward(ForwardSpec spec, InetSocketAddress local, TcpListener listener) {}

    private final NodeConfig config;
    private final Driver driver;
    private final Refusals refusals = new Refusals();
    private final Seldom complaints = new Seldom(COMPLAINTS_A_MINUTE);
    private final Doorkeeper doorkeeper;
    private final AllowedTargets targets;
    private final SessionService service;
    private final SessionPort port;
    private final BrokerFinder finder;
    private final PeerPins pins;
    private final Map<Peer, PeerCarrier> carriers = new HashMap<>();
    private final List<Forward> forwards = new ArrayList<>();
    private final long startedAt;

    private Node(NodeConfig config) throws IOException {
        this.config = config;
        RandomGenerator random = new SecureRandom();
        Ticker ticker = Ticker.system();
        startedAt = ticker.nanoTime();
        driver = new Driver(ticker, "natt");
        try {
            boolean secret = !config.secret().equals(PreSharedKey.NONE);
            doorkeeper = new Doorkeeper(config.authorizedClients(), secret, driver, refusals);
            targets = new AllowedTargets(driver, config.environment());
            var settings =
                    new BrokerSettings(
                            List.of(config.broker()),
                            config.names(),
                            config.brokerSecret(),
                            OptionalInt.of(BrokerSettings.DEFAULT_TLS_PORT),
                            config.knownHosts(),
                            config.strict(),
                            config.discovery());
            var brokers = new Brokers(Optional.of(settings), driver, random);
            service =
                    new SessionService(
                            driver, targets, doorkeeper, new ClientSources(random), brokers);
            port =
                    new SessionPort(
                            driver,
                            openPort(),
                            new SessionPort.Config(
                                    config.identity(),
                                    config.secret(),
                                    Optional.of(config.transport()),
                                    Optional.of(new NodeAnswering(service, targets)),
                                    Optional.empty(),
                                    List.of(),
                                    Optional.empty(),
                                    brokers,
                                    random));
        } catch (IOException | RuntimeException failed) {
            driver.discard();
            throw failed;
        }
        finder = new BrokerFinder(port, config.secret(), key(), this::unreachable);
        pins = new PeerPins(config.broker().place(), config.knownHosts(), config.strict(), driver);
        driver.onClockJump(port::clockJumped);
    }

    private Port openPort() throws IOException {
        try {
            return driver.openPort(config.listen());
        } catch (IOException failed) {
            throw new IOException(
                    "cannot listen on UDP %s: %s"
                            .formatted(HostAndPort.format(config.listen()), failed.getMessage()),
                    failed);
        }
    }

    /// Opens the port and registers at the broker.
    ///
    /// @throws IOException with one line for the user, if the port cannot be bound, a file not be
    ///     read, the broker not be reached, or if it does not give a name
    public static Node start(NodeConfig config) throws IOException {
        var node = new Node(config);
        node.driver.start();
        var registered = new CompletableFuture<String>();
        node.driver.failure().thenAccept(registered::complete);
        node.driver.execute(
                () -> {
                    node.port.start();
                    new Registration(
                                    node.driver,
                                    node.port.brokers(),
                                    node.key(),
                                    config.names(),
                                    registered)
                            .await();
                });
        String why = registered.join();
        if (!why.isEmpty()) {
            node.close();
            throw new IOException(why);
        }
        node.doorkeeper.start(node.port::review);
        return node;
    }

    /// This node's public key, by which it is known.
    public NodeKey key() {
        return config.identity().publicKey();
    }

    /// The UDP address that is bound.
    public InetSocketAddress local() {
        return port.local();
    }

    /// Completes with one line for the user if the node can do its work no longer.
    public CompletableFuture<String> failure() {
        return driver.failure();
    }

    /// Lets peers reach what the list allows, from now on, and nothing else.
    ///
    /// @throws IllegalArgumentException with one line for the user, if anybody may come and the
    ///     list has more than services that authenticate their callers by themselves
    /// @throws IOException with one line for the user, if anybody may come and a service that can
    ///     be reached does not speak SSH
    public void listen(AllowList list) throws IOException {
        if (config.open() && !list.beyondServices().isEmpty()) {
            throw new IllegalArgumentException(
                    "'%s' would be open to anybody: add --authorized-clients or --psk-file"
                            .formatted(list.beyondServices().getFirst()));
        }
        var checked = new CompletableFuture<String>();
        driver.failure().thenAccept(checked::complete);
        driver.execute(() -> check(list, checked));
        String why = checked.join();
        if (!why.isEmpty()) {
            throw new IOException(why);
        }
        driver.execute(
                () -> {
                    targets.allow(list);
                    LOG.log(Level.INFO, "peers may reach {0}", list);
                });
        if (config.open()) {
            LOG.log(
                    Level.WARNING,
                    "anybody may connect, to services that authenticate by themselves as sshd does;"
                            + " --authorized-clients or --psk-file changes that");
        }
    }

    private void check(AllowList list, CompletableFuture<String> checked) {
        var left = new ArrayList<>(list.services());
        if (!config.open()) {
            left.forEach(each -> new TargetCheck(driver, each).reach());
            left.clear();
        }
        if (left.isEmpty()) {
            checked.complete("");
        }
        for (HostAndPort each : list.services()) {
            if (config.open()) {
                Runnable passed =
                        () -> {
                            if (left.remove(each) && left.isEmpty()) {
                                checked.complete("");
                            }
                        };
                new TargetCheck(driver, each).requireSsh(passed, checked::complete);
            }
        }
    }

    /// Accepts TCP connections and carries each to a target of a peer.
    ///
    /// @param spec one with a local port
    /// @return the addresses bound
    /// @throws IOException with one line for the user, if one cannot be bound
    public List<InetSocketAddress> forward(ForwardSpec spec) throws IOException {
        ForwardSpec.Local local =
                spec.local()
                        .orElseThrow(
                                () -> new IllegalArgumentException("the spec has no local port"));
        var bound = new ArrayList<InetSocketAddress>();
        for (InetSocketAddress address : addresses(local)) {
            var result = new CompletableFuture<InetSocketAddress>();
            driver.failure().thenAccept(why -> result.completeExceptionally(new IOException(why)));
            driver.execute(
                    () -> {
                        try {
                            result.complete(listenOn(spec, address));
                        } catch (IOException | RuntimeException failed) {
                            result.completeExceptionally(failed);
                        }
                    });
            try {
                bound.add(result.join());
            } catch (CompletionException failed) {
                throw new IOException(
                        "cannot listen on TCP %s: %s"
                                .formatted(
                                        HostAndPort.format(address),
                                        Client.reason(failed.getCause())),
                        failed);
            }
        }
        return bound;
    }

    private static List<InetSocketAddress> addresses(ForwardSpec.Local local) throws IOException {
        if (local.address().isPresent()) {
            return List.of(new InetSocketAddress(local.address().get(), local.port()));
        }
        var addresses = new ArrayList<InetSocketAddress>();
        addresses.add(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), local.port()));
        InetAddress six = InetAddress.ofLiteral("::1");
        if (local.port() != 0 && NetworkInterface.getByInetAddress(six) != null) {
            addresses.add(new InetSocketAddress(six, local.port()));
        }
        return addresses;
    }

    private InetSocketAddress listenOn(ForwardSpec spec, InetSocketAddress address)
            throws IOException {
        var listener = new TcpListener(driver, address, channel -> accepted(spec, channel));
        InetSocketAddress local = listener.local();
        forwards.add(new Forward(spec, local, listener));
        return local;
    }

    private void accepted(ForwardSpec spec, SocketChannel channel) {
        if (connections() >= MOST_CONNECTIONS) {
            complain("a connection is refused: there are %d".formatted(MOST_CONNECTIONS));
            Driver.closeQuietly(channel);
            return;
        }
        var ended = new CompletableFuture<Ending>();
        ended.thenAccept(
                ending -> {
                    if (ending.why().equals(Carrier.LOCAL_BREAK)) {
                        // A local program may leave when it likes.
                        LOG.log(Level.INFO, "{0}", ending.why());
                    } else if (!ending.orderly()) {
                        complain(ending.why());
                    }
                });
        carrier(spec.peer()).carry(new LocalCall.Tcp(channel), spec.target(), ended);
    }

    private int connections() {
        return carriers.values().stream().mapToInt(PeerCarrier::connections).sum();
    }

    private PeerCarrier carrier(Peer peer) {
        if (carriers.size() >= MOST_IDLE) {
            carriers.values().removeIf(PeerCarrier::isIdle);
        }
        return carriers.computeIfAbsent(
                peer, each -> new PeerCarrier(each, driver, key(), finder, pins));
    }

    private void unreachable() {
        List.copyOf(carriers.values()).forEach(PeerCarrier::unreachable);
    }

    private void complain(String why) {
        String line = complaints.say(why, driver.nanoTime());
        if (!line.isEmpty()) {
            LOG.log(Level.WARNING, "{0}", line);
        }
    }

    /// Carries one connection between streams of this program and a target, in the background.
    ///
    /// @param error where a command's standard error goes
    public CompletableFuture<Ending> carry(
            Peer peer, Target target, InputStream in, OutputStream out, OutputStream error) {
        return carry(peer, target, new LocalCall.Stdio(in, out, error));
    }

    CompletableFuture<Ending> carry(Peer peer, Target target, LocalCall call) {
        var ended = new CompletableFuture<Ending>();
        driver.failure().thenAccept(why -> ended.complete(Ending.because(why)));
        driver.execute(() -> carrier(peer).carry(call, target, ended));
        return ended;
    }

    /// Opens a connection to a target of a peer, which has been connected when this returns.
    ///
    /// @param peer a name or a key
    /// @param target `PORT`, `HOST:PORT` or `exec:COMMAND ARGS`
    /// @throws IllegalArgumentException with one line for the user, if one of them is malformed
    /// @throws IOException with one line for the user, if there is no connection
    public NodeStream open(String peer, String target) throws IOException {
        return open(Peer.parse(peer), Target.parse(target));
    }

    /// Opens a connection to a target of a peer, which has been connected when this returns.
    ///
    /// @throws IOException with one line for the user, if there is no connection
    public NodeStream open(Peer peer, Target target) throws IOException {
        var call = new NodeStream.Call();
        CompletableFuture<NodeStream> connected = call.whenConnected();
        call.whenEnded()
                .thenAccept(
                        ending -> connected.completeExceptionally(new IOException(ending.why())));
        driver.failure().thenAccept(why -> call.whenEnded().complete(Ending.because(why)));
        driver.execute(
                () -> {
                    Runnable stop = carrier(peer).carry(call, target, call.whenEnded());
                    call.onClose(() -> driver.execute(() -> driver.schedule(LAST_WORDS, stop)));
                });
        try {
            return connected.join();
        } catch (CompletionException failed) {
            throw new IOException(
                    failed.getCause() == null
                            ? failed.getMessage()
                            : failed.getCause().getMessage(),
                    failed);
        }
    }

    /// How this node is, now.
    public CompletableFuture<Report> report() {
        return NodeReport.collect(driver, this::build);
    }

    private Report build() {
        long now = driver.nanoTime();
        var report =
                NodeReport.begin(
                                "natt",
                                String.join(" ", config.names()),
                                Duration.ofNanos(now - startedAt))
                        .key("key", key())
                        .reports("brokers", port.brokers().reports());
        var listening = new ArrayList<Report>();
        for (Forward each : forwards) {
            listening.add(
                    Report.builder()
                            .text("peer", each.spec().peer().text())
                            .text("target", each.spec().target().toString())
                            .address("local", each.local())
                            .build());
        }
        report.reports("forwards", listening);
        report.reports(
                "allowed",
                targets.list().entries().stream()
                        .map(each -> Report.builder().text("target", each).build())
                        .toList());
        report.reports(
                "sessions",
                port.pumps().links().stream()
                        .filter(each -> !each.session().isRendezvous())
                        .map(
                                each ->
                                        SessionReport.of(
                                                each,
                                                doorkeeper.comment(each.session().peer()),
                                                now))
                        .toList());
        var all = new ArrayList<Report>();
        carriers.values().forEach(each -> all.addAll(each.connectionReports(now)));
        return report.reports("connections", all)
                .report(
                        "limits",
                        Report.builder()
                                .share("connections", connections(), MOST_CONNECTIONS)
                                .share("streams", service.streams(), SessionService.MOST_STREAMS)
                                .build())
                .build();
    }

    private void endSessions() {
        for (SessionPumps.Link each : List.copyOf(port.pumps().links())) {
            if (!each.session().isRendezvous()) {
                each.session().close(CloseCode.SHUTTING_DOWN, driver.nanoTime());
            }
        }
    }

    /// Ends every connection, telling the peers, and every command.
    @Override
    public void close() {
        var told = new CompletableFuture<Boolean>();
        var commands = new CompletableFuture<List<CommandEnd>>();
        doorkeeper.close();
        driver.execute(
                () -> {
                    forwards.forEach(each -> each.listener().close());
                    commands.complete(service.commands());
                    carriers.values().forEach(PeerCarrier::close);
                    endSessions();
                    port.close();
                    told.complete(true);
                });
        commands.completeOnTimeout(List.of(), 1, TimeUnit.SECONDS).join().parallelStream()
                .forEach(CommandEnd::kill);
        told.completeOnTimeout(false, 1, TimeUnit.SECONDS).join();
        driver.close();
    }
}
