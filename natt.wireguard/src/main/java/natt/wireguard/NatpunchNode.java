package natt.wireguard;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.spi.Engine;
import natt.core.status.Report;
import natt.core.time.Ticker;
import natt.wireguard.control.InterfaceState;
import natt.wireguard.control.PeerChange;
import natt.wireguard.control.PeerState;
import natt.wireguard.control.WireGuardInterface;
import natt.wireguard.control.WireGuardKey;
import natt.wireguard.natpunch.NatpunchClient;
import natt.wireguard.proto.Endpoints;
import natt.wireguard.proto.Silence;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// Tells a WireGuard interface where its peers are, as a server of natpunch-go says; asked from
/// WireGuard's own port, so that the server sees the mapping that the peers need.
///
/// What the server says is believed only while a peer has no young handshake, and of an endpoint
/// that it has said itself also when nothing comes from there: an endpoint that works stays.
public final class NatpunchNode implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    /// Natt carries nothing here; the place of its socket among the endpoints is taken by nobody's.
    private static final InetSocketAddress NOBODY =
            new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 0);

    /// How long WireGuard may take to be set at the end.
    private static final long FAREWELL_SECONDS = 1;

    /// How a node is to run.
    ///
    /// @param device the interface
    /// @param state how it was when it was read
    /// @param shared WireGuard's own port, open for the server
    /// @param server IPv4
    /// @param continuous whether it goes on when every peer is connected
    /// @param delay between rounds, and between two looks at the interface
    public record Config(
            WireGuardInterface device,
            InterfaceState state,
            WireGuardPort shared,
            NodeKey serverKey,
            InetSocketAddress server,
            boolean continuous,
            Duration delay) {}

    private final Config config;
    private final String name;
    private final Driver driver;
    private final NatpunchClient client;
    private final InterfaceKeeper keeper;
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private final CompletableFuture<Boolean> done = new CompletableFuture<>();

    // On the driver's thread.
    private final Endpoints endpoints;
    private final Silence silence = new Silence();
    private final Map<NodeKey, InetSocketAddress> said = new HashMap<>();
    private final Set<NodeKey> peers = new LinkedHashSet<>();
    private int settings;
    private boolean failing;
    private boolean silent;

    private NatpunchNode(Config config, Identity identity, Driver driver) {
        this.config = config;
        this.driver = driver;
        name = config.device().name();
        endpoints = new Endpoints(Endpoints.Mode.DIRECT, identity.publicKey());
        client =
                new NatpunchClient(
                        new NatpunchClient.Config(
                                identity,
                                config.serverKey(),
                                config.server(),
                                config.delay(),
                                true,
                                System.currentTimeMillis() * 1_000_000,
                                new SecureRandom()),
                        driver.nanoTime());
        keeper = new InterfaceKeeper(config.device(), config.delay(), new Looks());
        driver.failure().thenAccept(failure::complete);
    }

    /// Begins to ask.
    ///
    /// @throws IOException with one line for the user, if the interface lacks something or its port
    ///     cannot be shared
    public static NatpunchNode start(Config config) throws IOException {
        String name = config.device().name();
        Identity own = config.state().requireUsable(name).identity().orElseThrow();
        var driver = new Driver(Ticker.system(), "natt-natpunch-go");
        NatpunchNode node;
        try {
            node = new NatpunchNode(config, own, driver);
            Port port = driver.openSharedPort(config.shared().shared());
            port.attach(List.of(node.client), node::serve);
        } catch (IOException | RuntimeException failed) {
            driver.discard();
            throw failed;
        }
        long unixSeconds = System.currentTimeMillis() / 1_000;
        driver.execute(() -> node.looked(config.state(), unixSeconds, 0));
        driver.start();
        node.keeper.start();
        return node;
    }

    private final class Looks implements InterfaceKeeper.Listener {
        @Override
        public void looked(InterfaceState state, long unixSeconds, int settingsBefore) {
            driver.execute(() -> NatpunchNode.this.looked(state, unixSeconds, settingsBefore));
        }

        @Override
        public void failed(String why) {
            driver.execute(() -> lookFailed(why));
        }
    }

    // ---- on the driver's thread

    private void looked(InterfaceState state, long unixSeconds, int settingsBefore) {
        if (settingsBefore != settings) {
            // What has been set since is not in it.
            return;
        }
        if (!state.isConfigured()) {
            lookFailed("%s has no key or no port; natt waits for them".formatted(name));
            return;
        }
        if (isAnother(state)) {
            return;
        }
        if (failing) {
            failing = false;
            LOG.log(Level.INFO, "{0} is there again", name);
        }
        long now = driver.nanoTime();
        usePeers(state.peers().stream().map(PeerState::key).collect(Collectors.toSet()));
        endpoints.look(state.peers(), unixSeconds, now);
        silence.look(state.peers(), now);
        // In continuous mode connected peers are asked for too: that keeps this one known.
        client.ask(
                peers.stream()
                        .filter(
                                key ->
                                        config.continuous()
                                                || !endpoints.hasYoungHandshake(key, now))
                        .toList(),
                now);
        peers.forEach(key -> believe(key, now));
        decide(now);
        if (!config.continuous() && endpoints.isDone(now)) {
            done.complete(true);
        }
    }

    private void usePeers(Set<NodeKey> there) {
        for (NodeKey gone : List.copyOf(peers)) {
            if (!there.contains(gone)) {
                peers.remove(gone);
                said.remove(gone);
                endpoints.remove(gone);
            }
        }
        for (NodeKey each : there) {
            if (peers.add(each)) {
                endpoints.add(each, NOBODY);
            }
        }
    }

    /// Whether the interface is no longer the one that this node has been started for.
    private boolean isAnother(InterfaceState state) {
        boolean sameKey =
                state.identity()
                        .map(Identity::publicKey)
                        .equals(config.state().identity().map(Identity::publicKey));
        if (!sameKey || state.listenPort() != config.shared().shared().port()) {
            failure.complete("%s has another key or port now: start natt anew".formatted(name));
            return true;
        }
        return false;
    }

    private long serve(long nowNanos) {
        for (NatpunchClient.Found each; (each = client.pollFound()) != null; ) {
            if (peers.contains(each.peer())) {
                said.put(each.peer(), each.endpoint());
                believe(each.peer(), nowNanos);
            }
        }
        decide(nowNanos);
        if (silent != client.isSilent()) {
            silent = client.isSilent();
            String server = HostAndPort.format(config.server());
            if (silent) {
                LOG.log(
                        Level.WARNING,
                        "{0} does not answer, or has another key; natt goes on asking",
                        server);
            } else {
                LOG.log(Level.INFO, "{0} answers", server);
            }
        }
        return Engine.NEVER;
    }

    private void believe(NodeKey key, long nowNanos) {
        InetSocketAddress endpoint = said.get(key);
        boolean works =
                endpoints.hasYoungHandshake(key, nowNanos) && !silence.isLong(key, nowNanos);
        if (works) {
            endpoints.settle(key);
        } else if (endpoint != null) {
            endpoints.session(key, true, Optional.of(endpoint));
        }
    }

    private void decide(long nowNanos) {
        List<PeerChange> changes = endpoints.decide(nowNanos);
        if (changes.isEmpty()) {
            return;
        }
        settings++;
        keeper.set(changes);
        for (PeerChange each : changes) {
            each.endpoint()
                    .ifPresent(
                            endpoint ->
                                    LOG.log(
                                            Level.INFO,
                                            "the endpoint of {0} is {1}",
                                            WireGuardKey.format(each.peer()),
                                            HostAndPort.format(endpoint)));
        }
    }

    private void lookFailed(String why) {
        if (!failing) {
            LOG.log(Level.WARNING, "{0}", why);
        }
        failing = true;
    }

    // ---- for the owner

    /// Completes with one line for the user if this can do its work no longer.
    public CompletableFuture<String> failure() {
        return failure;
    }

    /// Completes when every peer is connected, unless it is to go on all the same.
    public CompletableFuture<Boolean> done() {
        return done;
    }

    /// How this node is, now.
    public CompletableFuture<Report> report() {
        var report = new CompletableFuture<Report>();
        failure.thenAccept(why -> report.completeExceptionally(new IOException(why)));
        driver.execute(
                () ->
                        report.complete(
                                Report.builder()
                                        .text("interface", name)
                                        .address("server", config.server())
                                        .flag("answers", !client.isSilent())
                                        .reports("peers", peerReports())
                                        .build()));
        return report;
    }

    private List<Report> peerReports() {
        long now = driver.nanoTime();
        return peers.stream()
                .map(
                        key ->
                                Report.builder()
                                        .text("key", WireGuardKey.format(key))
                                        .address("said", Optional.ofNullable(said.get(key)))
                                        .flag("connected", endpoints.hasYoungHandshake(key, now))
                                        .build())
                .toList();
    }

    @Override
    public void close() {
        keeper.finish(List.of())
                .completeOnTimeout(false, FAREWELL_SECONDS, TimeUnit.SECONDS)
                .join();
        driver.close();
    }
}
