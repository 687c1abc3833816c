package natt.rendezvous;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.Text;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.io.StreamListener;
import natt.core.io.TlsIdentity;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.core.spi.AddressDiscovery.Responder;
import natt.core.spi.AddressDiscovery.ResponderContext;
import natt.core.spi.Engine;
import natt.core.status.Refusals;
import natt.core.status.Report;
import natt.rendezvous.proto.BrokerEngine;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// A running broker.
public final class Broker implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final String NAMES = "names";
    private static final String NODES = "nodes";

    /// How soon nodes are written down once they have changed: a millisecond for each, within
    /// these bounds. Who is not written down is not woken after a crash.
    private static final long KEEP_FEW_NODES_MILLIS = 250;

    private static final long KEEP_MANY_NODES_MILLIS = 5000;

    /// How often the file of names is written whole, so that it tells when keys were last here.
    private static final Duration KEEP_NAMES = Duration.ofHours(1);

    private final BrokerConfig config;
    private final Driver driver;
    private final Port port;
    private final GuestList guests;
    private final NamesFile names;
    private final NodesFile nodes;
    private final BrokerEngine engine;
    private final Optional<Responder> responder;
    private final Optional<StreamListener> tls;
    private final Refusals refusals = new Refusals();
    private final long startedAt;
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private boolean writing;
    private int kept;
    private volatile boolean closed;

    private Broker(BrokerConfig config, Driver driver) throws IOException {
        this.config = config;
        this.driver = driver;
        startedAt = driver.nanoTime();
        RandomGenerator random = new SecureRandom();
        Files.createDirectories(config.stateDirectory());
        names = new NamesFile(state(NAMES));
        nodes = new NodesFile(state(NODES));
        port = open(driver, config.listen().getFirst());
        guests = new GuestList(config.authorizedClients(), port::peer);
        StunSockets stun = StunSockets.open(port, config.listen());
        responder = config.discovery().openResponder(new ResponderContext(stun.sockets(), random));
        tls = listenTls(config, port);
        engine =
                new BrokerEngine(
                        new BrokerEngine.Config(
                                config.identity(),
                                config.secret(),
                                guests,
                                config.limits(),
                                random,
                                Instant.now().getEpochSecond(),
                                names.loaded(),
                                names,
                                nodes.load(),
                                responder.isPresent() ? stun.port() : 0,
                                stun.address()),
                        new Hearing(),
                        startedAt);
        names.rewrite(engine.names());
        var engines = new ArrayList<Engine>();
        responder.ifPresent(engines::add);
        engines.add(engine);
        port.attach(engines, _ -> Engine.NEVER);
    }

    private static Port open(Driver driver, InetSocketAddress listen) throws IOException {
        try {
            return driver.openPort(listen);
        } catch (IOException failed) {
            throw cannotListen("UDP", listen, failed);
        }
    }

    static IOException cannotListen(String on, InetSocketAddress listen, IOException failed) {
        return new IOException(
                "cannot listen on %s %s: %s".formatted(on, HostAndPort.format(listen), why(failed)),
                failed);
    }

    private Path state(String file) {
        return config.stateDirectory().resolve(file);
    }

    private static Optional<StreamListener> listenTls(BrokerConfig config, Port port)
            throws IOException {
        if (config.tls().isEmpty()) {
            return Optional.empty();
        }
        BrokerConfig.Tls wanted = config.tls().get();
        TlsIdentity identity =
                wanted.files().isPresent()
                        ? TlsIdentity.read(
                                wanted.files().get().certificates(), wanted.files().get().key())
                        : TlsIdentity.selfSigned("natt", Instant.now(), new SecureRandom());
        try {
            return Optional.of(
                    port.listen(wanted.listen(), identity, StreamListener.Limits.DEFAULT));
        } catch (IOException failed) {
            throw cannotListen("TCP", wanted.listen(), failed);
        }
    }

    /// Starts a broker.
    ///
    /// @throws IOException with one line for the user
    public static Broker start(BrokerConfig config) throws IOException {
        var driver = new Driver(System::nanoTime, "natt-broker");
        Broker broker;
        try {
            broker = new Broker(config, driver);
        } catch (IOException | RuntimeException failed) {
            // Closes what is open already.
            driver.start().close();
            throw failed;
        }
        broker.start();
        return broker;
    }

    private void start() {
        sayStart();
        guests.start();
        driver.failure().thenAccept(failure::complete);
        driver.onClockJump(() -> engine.clockJumped(driver.nanoTime()));
        keepNodesAgain();
        driver.schedule(KEEP_NAMES, this::keepNames);
        driver.start();
    }

    private void sayStart() {
        LOG.log(
                Level.INFO,
                "broker on UDP {0}{1}, with {2} names",
                HostAndPort.format(port.local()),
                tls.map(each -> " and TCP " + HostAndPort.format(each.local())).orElse(""),
                Integer.toString(engine.load().names()));
        if (config.isOpen()) {
            LOG.log(
                    Level.WARNING,
                    "anybody may have a name and be relayed; --authorized-clients or --psk-file"
                            + " changes that");
        }
        LOG.log(Level.INFO, "the key of this broker is {0}", config.identity().publicKey());
        LOG.log(
                Level.INFO,
                "nodes use it with: --broker {0}{1}",
                reference(),
                config.secret().equals(PreSharedKey.NONE) ? "" : " and the secret");
    }

    /// What nodes need to find this broker: its key and address.
    private String reference() {
        InetAddress bound = port.local().getAddress();
        Optional<InetAddress> address =
                bound.isAnyLocalAddress() ? StunSockets.publicAddress() : Optional.of(bound);
        int number = port.local().getPort();
        return config.identity().publicKey()
                + "@"
                + address.map(host -> HostAndPort.format(new InetSocketAddress(host, number)))
                        .orElse("HOST:" + number);
    }

    private final class Hearing implements BrokerEngine.Listener {
        @Override
        public void happened(Session session, SessionEvent event) {
            NodeKey node = session.peer();
            switch (event) {
                case SessionEvent.Established(var path) ->
                        LOG.log(Level.DEBUG, "session with {0} at {1}", node, path);
                case SessionEvent.Closed(var reason) ->
                        LOG.log(
                                Level.DEBUG,
                                "session with {0} ends: {1}",
                                node,
                                Text.escape(reason.describe()));
                default -> LOG.log(Level.DEBUG, "{0}: {1}", node, event.getClass().getSimpleName());
            }
        }

        @Override
        public void denied(NodeKey node, String what) {
            refusals.note(what, node, driver.nanoTime());
        }

        @Override
        public void refused(SessionEngine.Refusal refusal) {
            String why = refusal.why().name().toLowerCase(Locale.ROOT).replace('_', ' ');
            refusals.note(why, refusal.caller(), driver.nanoTime());
        }
    }

    // ---- what is kept

    private void keepNodes() {
        keepNodesAgain();
        if (names.isWorthRewriting()) {
            rewriteNames();
        }
        if (writing || !engine.takeChanged()) {
            return;
        }
        writing = true;
        var sleepers = engine.sleepers(driver.nanoTime());
        kept = sleepers.size();
        Thread.ofVirtual()
                .name("natt-nodes")
                .start(
                        () -> {
                            try {
                                nodes.write(sleepers);
                            } catch (IOException failed) {
                                LOG.log(Level.WARNING, "nodes cannot be kept: {0}", why(failed));
                            } finally {
                                driver.execute(() -> writing = false);
                            }
                        });
    }

    private void keepNodesAgain() {
        long millis = Math.clamp(kept, KEEP_FEW_NODES_MILLIS, KEEP_MANY_NODES_MILLIS);
        driver.schedule(Duration.ofMillis(millis), this::keepNodes);
    }

    private void keepNames() {
        driver.schedule(KEEP_NAMES, this::keepNames);
        rewriteNames();
    }

    private void rewriteNames() {
        try {
            names.rewrite(engine.names());
        } catch (IOException failed) {
            names.complain(failed);
        }
    }

    private static String why(IOException failed) {
        return Text.escape(String.valueOf(failed.getMessage()));
    }

    // ---- for the owner

    /// The UDP address that is bound.
    public InetSocketAddress local() {
        return port.local();
    }

    /// The TCP address that is bound; empty if none is.
    public Optional<InetSocketAddress> localTls() {
        return tls.map(StreamListener::local);
    }

    public NodeKey key() {
        return config.identity().publicKey();
    }

    /// Completes with one line for the user if the broker cannot do its work at all.
    public CompletableFuture<String> failure() {
        return failure;
    }

    /// How this broker is, now.
    public CompletableFuture<Report> report() {
        var report = new CompletableFuture<Report>();
        driver.failure().thenAccept(why -> report.completeExceptionally(new IOException(why)));
        driver.execute(
                () -> {
                    try {
                        report.complete(
                                new BrokerReport(config, engine, responder, tls, refusals)
                                        .build(local(), startedAt, driver.nanoTime()));
                    } catch (RuntimeException | AssertionError fault) {
                        report.completeExceptionally(fault);
                    }
                });
        return report;
    }

    /// Ends every session, telling the nodes, and writes down the names. Nodes call again when a
    /// broker is there again.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        guests.close();
        var told = new CountDownLatch(1);
        driver.execute(
                () -> {
                    rewriteNames();
                    LOG.log(Level.DEBUG, "broker: {0}", engine.counters());
                    engine.shutdown(driver.nanoTime());
                    port.close();
                    told.countDown();
                });
        try {
            boolean inTime = told.await(2, TimeUnit.SECONDS);
            LOG.log(Level.DEBUG, inTime ? "nodes are told" : "nodes could not be told in time");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        driver.close();
    }
}
