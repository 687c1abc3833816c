package natt.core.node;

import natt.core.HostAndPort;
import natt.core.PreSharedKey;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.node.Reachability.Family;
import natt.core.publish.StunServers;
import natt.core.rendezvous.BrokerAddress;
import natt.core.session.Mode;
import natt.core.session.SessionEngine;
import natt.core.status.Refusals;
import natt.core.status.Report;
import natt.core.time.Ticker;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/// Runs beside services: learns the public addresses of its UDP ports, publishes them, and connects
/// the streams that peers open to the services.
public final class Server implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How long the first family's address waits for the second's, so that one record holds both.
    private static final Duration SECOND_FAMILY = Duration.ofMillis(200);

    /// How long a stop waits for the record to be withdrawn.
    private static final Duration LAST_RECORD = Duration.ofSeconds(2);

    private final ServerConfig config;
    private final Driver driver;
    private final RandomGenerator random = new SecureRandom();
    private final long startedAt;
    private final Brokers brokers;
    private final Optional<SessionService> service;
    private final Optional<PacketService> packets;
    private final Optional<SessionPort> sessions;
    private final Optional<PlainWire> plain;
    private final Optional<StunServers> stunServers;
    private final Notice notice;
    private final Refusals refusals = new Refusals();
    private final Optional<OwnRecordWatch> watch;
    private final CompletableFuture<@Nullable Void> published = new CompletableFuture<>();
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private final CompletableFuture<BrokerAddress> brokerFound = new CompletableFuture<>();
    private List<InetSocketAddress> resolved = List.of();
    private List<InetSocketAddress> asked = List.of();
    private boolean announcing;

    private Server(ServerConfig config) throws IOException {
        this.config = config;
        Ticker ticker = Ticker.system();
        driver = new Driver(ticker, "natts");
        startedAt = ticker.nanoTime();
        notice = new Notice(config, random, published, failure);
        try {
            stunServers =
                    config.stunServers().isEmpty()
                            ? Optional.empty()
                            : Optional.of(
                                    new StunServers(config.stunServers(), this::stunResolved));
            brokers =
                    new Brokers(
                            config.sessions().flatMap(ServerConfig.Sessions::brokers),
                            driver,
                            random);
            service = config.sessions().isEmpty() ? Optional.empty() : Optional.of(openService());
            if (config.sessions().isEmpty()) {
                packets = Optional.empty();
                sessions = Optional.empty();
            } else {
                Port port = openPort(config.sessions().get().listen());
                packets = openPackets(port);
                sessions = Optional.of(openSessions(port));
            }
            plain = config.plain().isEmpty() ? Optional.empty() : Optional.of(openPlain());
        } catch (IOException | RuntimeException failed) {
            driver.discard();
            throw failed;
        }
        driver.failure().thenAccept(failure::complete);
        watch =
                config.sessions()
                        .flatMap(
                                each ->
                                        each.resolver()
                                                .map(
                                                        resolver ->
                                                                new OwnRecordWatch(
                                                                        config.name(),
                                                                        each.identity().publicKey(),
                                                                        resolver,
                                                                        notice)));
    }

    private SessionService openService() throws IOException {
        ServerConfig.Sessions wanted = config.sessions().orElseThrow();
        boolean secret = !wanted.secret().equals(PreSharedKey.NONE);
        var doorkeeper = new Doorkeeper(wanted.authorizedClients(), secret, driver, refusals);
        return new SessionService(
                driver,
                new NamedTargets(driver, wanted.services()),
                doorkeeper,
                new ClientSources(random),
                brokers);
    }

    private Optional<PacketService> openPackets(Port port) throws IOException {
        ServerConfig.Sessions wanted = config.sessions().orElseThrow();
        if (wanted.packets().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new PacketService(
                        new PacketService.Config(
                                Mode.IP,
                                wanted.identity().publicKey(),
                                false,
                                wanted.secret(),
                                false,
                                SessionEngine.Limits.NODE,
                                Optional.of(service.orElseThrow().doorkeeper())),
                        driver,
                        wanted.packets().get().open(driver, port.local()),
                        random,
                        failure::complete));
    }

    private SessionPort openSessions(Port port) {
        ServerConfig.Sessions wanted = config.sessions().orElseThrow();
        var asking = new ArrayList<Reachability>();
        if (asksServers()) {
            InetAddress bound = port.local().getAddress();
            for (Family family : Family.values()) {
                boolean serves = bound.isAnyLocalAddress() && Family.of(bound) == Family.IPV6;
                if (serves || Family.of(bound) == family) {
                    asking.add(reachability(family, _ -> sessionsMapped()));
                }
            }
        }
        var opened =
                new SessionPort(
                        driver,
                        port,
                        new SessionPort.Config(
                                wanted.identity(),
                                wanted.secret(),
                                Optional.of(wanted.transport()),
                                service,
                                packets,
                                asking,
                                portMapping(wanted, port.local(), asking),
                                brokers,
                                random));
        driver.onClockJump(opened::clockJumped);
        brokers.listen(
                new Brokers.Listener() {
                    @Override
                    public void registered(BrokerLink link) {
                        brokerAt(link);
                    }
                });
        return opened;
    }

    /// None where nobody says whether it leads here, or where no gateway leads here.
    private Optional<PortMapping> portMapping(
            ServerConfig.Sessions wanted, InetSocketAddress local, List<Reachability> asking) {
        if (asking.isEmpty() || local.getAddress().isLoopbackAddress()) {
            return Optional.empty();
        }
        return wanted.portMapper()
                .map(
                        mapper ->
                                new PortMapping(
                                        mapper,
                                        local,
                                        wanted.identity(),
                                        driver::execute,
                                        asking,
                                        config.publishPrivate(),
                                        () -> announce(sessions.orElseThrow())));
    }

    private PlainWire openPlain() throws IOException {
        ServerConfig.Plain wanted = config.plain().orElseThrow();
        Port port = openPort(wanted.listen());
        Optional<Reachability> asking =
                stunServers.map(_ -> reachability(Family.IPV4, notice::plainAt));
        return new PlainWire(driver, port, wanted, asking, refusals, random, startedAt);
    }

    private Port openPort(InetSocketAddress bind) throws IOException {
        try {
            return driver.openPort(bind);
        } catch (IOException failed) {
            throw new IOException(
                    "cannot listen on UDP %s: %s"
                            .formatted(HostAndPort.format(bind), failed.getMessage()),
                    failed);
        }
    }

    private Reachability reachability(Family family, Consumer<InetSocketAddress> onMapped) {
        return new Reachability(
                family,
                config.discovery(),
                askable(family),
                config.publishPrivate(),
                brokered(),
                () -> stunServers.ifPresent(StunServers::resolveAgain),
                onMapped,
                random,
                startedAt);
    }

    /// How many of the servers named can have an address of a family: all but those that are named
    /// by an address of the other.
    private int askable(Family family) {
        return (int)
                config.stunServers().stream()
                        .map(HostAndPort::literal)
                        .filter(
                                literal ->
                                        literal.isEmpty()
                                                || Family.of(literal.get().getAddress()) == family)
                        .count();
    }

    private List<Reachability> reachabilities() {
        var all = new ArrayList<Reachability>();
        sessions.ifPresent(wire -> all.addAll(wire.reachabilities()));
        plain.flatMap(PlainWire::reachability).ifPresent(all::add);
        return all;
    }

    private boolean brokered() {
        return config.sessions().flatMap(ServerConfig.Sessions::brokers).isPresent();
    }

    /// Whether the addresses are those that STUN servers see, a broker among them maybe.
    private boolean asksServers() {
        return stunServers.isPresent() || brokered() && !config.publishesLocal();
    }

    private void stunResolved(List<InetSocketAddress> servers) {
        driver.execute(
                () -> {
                    resolved = servers;
                    useServers();
                });
    }

    private void useServers() {
        var all = new LinkedHashSet<>(resolved);
        brokers.links().forEach(link -> all.addAll(link.stunServers()));
        var servers = List.copyOf(all);
        if (!servers.equals(asked)) {
            asked = servers;
            reachabilities().forEach(each -> each.useServers(servers, driver.nanoTime()));
        }
    }

    private void brokerAt(BrokerLink link) {
        if (asksServers()) {
            useServers();
        }
        notice.brokerAt(link.address());
        brokerFound.complete(link.address());
    }

    /// Completes with a broker by which clients can come, once this node is registered there.
    public CompletableFuture<BrokerAddress> broker() {
        return brokerFound;
    }

    private void sessionsMapped() {
        SessionPort wire = sessions.orElseThrow();
        if (wire.reachabilities().stream().allMatch(Reachability::known)) {
            announce(wire);
        } else if (!announcing) {
            announcing = true;
            driver.schedule(SECOND_FAMILY, () -> announce(wire));
        }
    }

    private void announce(SessionPort wire) {
        announcing = false;
        var found = new ArrayList<InetSocketAddress>();
        wire.mapping().ifPresent(mapping -> found.addAll(mapping.addresses()));
        for (Reachability each : wire.reachabilities()) {
            InetSocketAddress address = each.address();
            if (address != null && !found.contains(address)) {
                found.add(address);
            }
        }
        InetSocketAddress local = wire.local();
        boolean hostToo = config.publishPrivate() && local.getAddress().isAnyLocalAddress();
        notice.sessionsAt(hostToo ? HostAddresses.after(found, local.getPort()) : found);
    }

    /// Opens the ports and starts to serve.
    ///
    /// @throws IOException with one line for the user, if a port cannot be bound or a file cannot
    ///     be read
    public static Server start(ServerConfig config) throws IOException {
        var server = new Server(config);
        server.begin();
        return server;
    }

    private void begin() {
        driver.start();
        service.ifPresent(each -> each.doorkeeper().start(this::clientsChanged));
        watch.ifPresent(OwnRecordWatch::start);
        driver.execute(
                () -> {
                    useClients();
                    sessions.ifPresent(SessionPort::start);
                });
        sessions.ifPresent(wire -> sayServing(wire.local(), config.sessions().orElseThrow()));
        plain.ifPresent(
                wire ->
                        LOG.log(
                                Level.INFO,
                                "listening on UDP {0} for the original's wire, serving {1} as {2}",
                                HostAndPort.format(wire.local()),
                                config.plain().orElseThrow().target(),
                                config.name()));
        if (stunServers.isPresent()) {
            stunServers.get().start();
            sessions.flatMap(SessionPort::mapping).ifPresent(PortMapping::start);
        }
        if (!asksServers()) {
            sessions.ifPresent(wire -> notice.sessionsAt(List.of(wire.local())));
            plain.ifPresent(wire -> notice.plainAt(wire.local()));
        }
        driver.execute(this::checkTargets);
    }

    private void clientsChanged() {
        useClients();
        sessions.ifPresent(SessionPort::review);
    }

    private void useClients() {
        packets.ifPresent(each -> each.useClients(service.orElseThrow().doorkeeper().listed()));
    }

    private void sayServing(InetSocketAddress local, ServerConfig.Sessions wanted) {
        LOG.log(
                Level.INFO,
                "listening on UDP {0}, serving {1} as {2}",
                HostAndPort.format(local),
                new TreeMap<>(wanted.services()),
                config.name());
        if (wanted.open()) {
            LOG.log(
                    Level.WARNING,
                    "anybody may connect, to services that authenticate by themselves as sshd does;"
                            + " --authorized-clients or --psk-file changes that");
        }
    }

    /// Publishes once the targets are such that anybody may be led to them.
    private void checkTargets() {
        var strict = new HashSet<HostAndPort>();
        var others = new HashSet<HostAndPort>();
        config.plain().ifPresent(wanted -> others.add(wanted.target()));
        config.sessions()
                .ifPresent(
                        wanted ->
                                (wanted.open() ? strict : others)
                                        .addAll(wanted.services().values()));
        others.removeAll(strict);
        others.forEach(target -> new TargetCheck(driver, target).reach());
        if (strict.isEmpty()) {
            notice.start();
        }
        var left = new HashSet<>(strict);
        for (HostAndPort target : strict) {
            Runnable passed =
                    () -> {
                        if (left.remove(target) && left.isEmpty()) {
                            notice.start();
                        }
                    };
            new TargetCheck(driver, target).requireSsh(passed, failure::complete);
        }
    }

    /// The UDP address that is bound: that of sessions, if there are any.
    public InetSocketAddress local() {
        return sessions.map(SessionPort::local)
                .or(() -> plain.map(PlainWire::local))
                .orElseThrow(() -> new AssertionError("a server has a wire"));
    }

    /// Completes when an address has been published for the first time.
    public CompletableFuture<@Nullable Void> published() {
        return published;
    }

    /// Completes with one line for the user if the server cannot do its work at all.
    public CompletableFuture<String> failure() {
        return failure;
    }

    /// How this node is, now.
    public CompletableFuture<Report> report() {
        return NodeReport.collect(
                driver,
                () ->
                        new ServerReport(
                                        config,
                                        sessions,
                                        service,
                                        plain,
                                        notice,
                                        refusals,
                                        driver.nanoTime())
                                .build(startedAt));
    }

    /// Ends every stream, telling the peers, closes the ports, and writes the record without
    /// addresses. Records are never removed: a name that vanishes from DNS is remembered as missing
    /// for up to half an hour (RFC 2308).
    @Override
    public void close() {
        watch.ifPresent(OwnRecordWatch::close);
        service.ifPresent(each -> each.doorkeeper().close());
        stunServers.ifPresent(StunServers::close);
        Optional<Thread> unmapping =
                sessions.flatMap(SessionPort::mapping)
                        .map(each -> Thread.startVirtualThread(each::close));
        var told = new CountDownLatch(1);
        driver.execute(
                () -> {
                    sessions.ifPresent(SessionPort::close);
                    plain.ifPresent(PlainWire::close);
                    told.countDown();
                });
        try {
            notice.withdraw(LAST_RECORD);
            boolean inTime = told.await(500, TimeUnit.MILLISECONDS);
            if (unmapping.isPresent()) {
                unmapping.get().join();
            }
            LOG.log(Level.DEBUG, inTime ? "peers are told" : "peers could not be told in time");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        notice.close();
        driver.close();
    }
}
