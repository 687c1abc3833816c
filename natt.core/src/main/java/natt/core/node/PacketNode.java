package natt.core.node;

import natt.core.CloseCode;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.io.SharedPort;
import natt.core.rendezvous.BrokerAddress;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;
import natt.core.status.Report;
import natt.core.time.Ticker;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// A node that exchanges packets with peers: with one UDP port and one key for all. It calls each
/// peer for ever, admits its peers and nobody else, and has one session with each.
public final class PacketNode implements AutoCloseable {
    /// Takes what peers send. Called on the driver's thread.
    public interface Traffic {
        /// @param packet from position to limit, good until this returns
        void received(PacketPeer from, ByteBuffer packet, long nowNanos);

        /// A peer's packets are taken, and may be sent, from now on.
        default void joined(PacketPeer peer) {}

        /// No longer; or its prefixes have changed, and it joins again at once.
        default void left(PacketPeer peer) {}

        /// Something has happened to one of the peer's sessions; the peer knows how it is now.
        default void changed(PacketPeer peer, SessionEvent event) {}

        /// Called after every batch of input and timeouts, before datagrams are sent.
        ///
        /// @return when to be called again at the latest, in nanoseconds from now
        default long serve(long nowNanos) {
            return Engine.NEVER;
        }
    }

    /// Makes what takes the packets of a [Server]'s clients.
    @FunctionalInterface
    public interface TrafficFactory {
        /// @param driver on whose thread it will be called; not running yet
        /// @param local the UDP address from which packets are carried
        /// @throws IOException with one line for the user
        // Whoever makes one is a module that knows the driver.
        @SuppressWarnings("exports")
        Traffic open(Driver driver, InetSocketAddress local) throws IOException;
    }

    private final PacketNodeConfig config;
    private final Driver driver;
    private final PacketService service;
    private final SessionPort port;
    private final BrokerFinder finder;
    private final Optional<PeerPins> pins;
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private final long startedAt;

    private PacketNode(PacketNodeConfig config, Optional<SharedPort> shared, Traffic traffic)
            throws IOException {
        this.config = config;
        RandomGenerator random = new SecureRandom();
        Ticker ticker = Ticker.system();
        startedAt = ticker.nanoTime();
        driver = new Driver(ticker, "natt");
        try {
            service =
                    new PacketService(
                            new PacketService.Config(
                                    config.mode(),
                                    key(),
                                    config.wireGuardKey(),
                                    config.secret(),
                                    true,
                                    PacketService.LIMITS,
                                    Optional.empty()),
                            driver,
                            traffic,
                            random,
                            failure::complete);
            port =
                    new SessionPort(
                            driver,
                            openPort(shared),
                            new SessionPort.Config(
                                    config.identity(),
                                    config.secret(),
                                    Optional.empty(),
                                    Optional.empty(),
                                    Optional.of(service),
                                    List.of(),
                                    Optional.empty(),
                                    new Brokers(config.brokers(), driver, random),
                                    random));
        } catch (IOException | RuntimeException failed) {
            driver.discard();
            throw failed;
        }
        finder = new BrokerFinder(port, config.secret(), key(), () -> {});
        pins = config.brokers().flatMap(this::pins);
        driver.failure().thenAccept(failure::complete);
        driver.onClockJump(port::clockJumped);
    }

    private Optional<PeerPins> pins(BrokerSettings settings) {
        return settings.brokers().stream()
                .findFirst()
                .map(BrokerAddress::place)
                .map(
                        broker ->
                                new PeerPins(
                                        broker, settings.knownHosts(), settings.strict(), driver));
    }

    private Port openPort(Optional<SharedPort> shared) throws IOException {
        if (shared.isPresent()) {
            return driver.openSharedPort(shared.get());
        }
        try {
            return driver.openPort(config.listen());
        } catch (IOException failed) {
            throw new IOException(
                    "cannot listen on UDP %s: %s"
                            .formatted(HostAndPort.format(config.listen()), failed.getMessage()),
                    failed);
        }
    }

    /// Opens the port and registers at the broker, if there is one.
    ///
    /// @throws IOException with one line for the user, if the port cannot be bound, the broker not
    ///     be reached, or if it does not give a name
    public static PacketNode start(PacketNodeConfig config, Traffic traffic) throws IOException {
        return start(config, Optional.empty(), traffic);
    }

    /// The same on a port of another program, if there is one.
    // Only modules that know ports have use for it.
    @SuppressWarnings("exports")
    public static PacketNode start(
            PacketNodeConfig config, Optional<SharedPort> shared, Traffic traffic)
            throws IOException {
        var node = new PacketNode(config, shared, traffic);
        node.driver.start();
        var registered = new CompletableFuture<String>();
        node.driver.failure().thenAccept(registered::complete);
        node.driver.execute(() -> node.register(registered));
        // If the driver has a fault here, the log says which.
        registered.completeOnTimeout("this node does not get ready", 30, TimeUnit.SECONDS);
        String why = registered.join();
        if (!why.isEmpty()) {
            node.close();
            throw new IOException(why);
        }
        return node;
    }

    private void register(CompletableFuture<String> registered) {
        port.start();
        if (port.brokers().isEmpty()) {
            registered.complete("");
        } else {
            List<String> names = config.brokers().map(BrokerSettings::names).orElse(List.of());
            new Registration(driver, port.brokers(), key(), names, registered).await();
        }
    }

    /// Joins a peer, which is called from now on. Nothing of it is heard before this returns, if
    /// this is called on the driver's thread.
    ///
    /// @throws IllegalStateException if there is no broker by which it could be found
    public PacketPeer peer(Peer peer) {
        PeerPins known =
                pins.orElseThrow(
                        () ->
                                new IllegalStateException(
                                        "there is no broker to find %s".formatted(peer)));
        return join(peer.text(), new BrokeredCaller(peer, driver, finder, known));
    }

    /// Joins a peer that is found as a client finds a host: in DNS, or by a ticket. Its identity,
    /// secret, transport and brokers are not looked at; those of this node count.
    public PacketPeer host(ClientConfig.Sessions host) {
        return join(host.name(), new HostCaller(host, driver, port));
    }

    private PacketPeer join(String name, PacketCaller caller) {
        var joined = new PacketPeer(name, service, caller);
        driver.execute(() -> service.join(joined));
        return joined;
    }

    /// Ends all with a peer.
    public void remove(PacketPeer peer) {
        driver.execute(() -> service.leave(peer, CloseCode.REMOVED_KEY));
    }

    /// On whose thread all happens.
    // Only modules that know the driver have use for it.
    @SuppressWarnings("exports")
    public Driver driver() {
        return driver;
    }

    /// This node's public key, by which it is known.
    public NodeKey key() {
        return config.identity().publicKey();
    }

    /// The UDP address that is bound.
    public InetSocketAddress local() {
        return port.local();
    }

    /// Completes with one line for the user if the node can do its work no longer, or if a host
    /// will never be found.
    public CompletableFuture<String> failure() {
        return failure;
    }

    /// How this node is, now.
    public CompletableFuture<Report> report() {
        return NodeReport.collect(driver, this::build);
    }

    private Report build() {
        long now = driver.nanoTime();
        List<String> names = config.brokers().map(BrokerSettings::names).orElse(List.of());
        var load = port.engine().load();
        return NodeReport.begin("natt", String.join(" ", names), Duration.ofNanos(now - startedAt))
                .key("key", key())
                .address("local", port.local())
                .reports("brokers", port.brokers().reports())
                .reports("peers", service.reports(now))
                .report(
                        "limits",
                        Report.builder()
                                .share("sessions", load.sessions(), load.mostSessions())
                                .share("halfOpen", load.halfOpen(), load.mostHalfOpen())
                                .build())
                .report(
                        "counters",
                        Report.builder()
                                .counts("sessionEngine", port.engine().counters())
                                .count("strayPackets", service.strayPackets())
                                .build())
                .build();
    }

    /// Ends every session, telling the peers.
    @Override
    public void close() {
        var told = new CompletableFuture<Boolean>();
        driver.execute(
                () -> {
                    service.close(CloseCode.SHUTTING_DOWN);
                    port.close();
                    told.complete(true);
                });
        told.completeOnTimeout(false, 1, TimeUnit.SECONDS).join();
        driver.close();
    }
}
