package natt.wireguard;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.Route;
import natt.core.Text;
import natt.core.io.Driver;
import natt.core.io.LoopbackSocket;
import natt.core.node.PacketNode;
import natt.core.node.PacketNodeConfig;
import natt.core.node.PacketPeer;
import natt.core.node.Peer;
import natt.core.session.Mode;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;
import natt.core.status.Report;
import natt.wireguard.control.InterfaceState;
import natt.wireguard.control.PeerChange;
import natt.wireguard.control.PeerState;
import natt.wireguard.control.WireGuardKey;
import natt.wireguard.proto.Endpoints;
import natt.wireguard.proto.HandshakeRepeater;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// Finds the peers of a WireGuard interface, and carries its datagrams to them or tells it where
/// they are.
public final class WireGuardNode implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How long WireGuard may take to be set at the end.
    private static final long FAREWELL_SECONDS = 1;

    /// A peer of the interface that is a peer of natt's.
    private record Joined(
            NodeKey key, PacketPeer peer, LoopbackSocket socket, HandshakeRepeater repeater) {}

    private final WireGuardConfig config;
    private final String name;

    /// The interface's.
    private final NodeKey own;

    private final Endpoints endpoints;
    private final InterfaceKeeper keeper;
    private final PacketNode node;
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private final CompletableFuture<Boolean> done = new CompletableFuture<>();

    // On the driver's thread.
    private final Map<NodeKey, Joined> byKey = new HashMap<>();
    private final Map<PacketPeer, Joined> byPeer = new IdentityHashMap<>();
    private final List<PacketPeer> repeating = new ArrayList<>();
    private final ByteBuffer repeated = ByteBuffer.allocate(HandshakeRepeater.MOST_LENGTH);
    private int settings;
    private int listenPort;
    private boolean failing;
    private long strangers;

    private WireGuardNode(WireGuardConfig config, Traffic traffic) throws IOException {
        this.config = config;
        name = config.device().name();
        own = config.state().requireUsable(name).identity().orElseThrow().publicKey();
        endpoints =
                new Endpoints(
                        config.shared().isPresent()
                                ? Endpoints.Mode.DIRECT
                                : Endpoints.Mode.CARRIED,
                        own);
        listenPort = config.state().listenPort();
        keeper = new InterfaceKeeper(config.device(), config.pause(), new Looks());
        node =
                PacketNode.start(
                        nodeConfig(config), config.shared().map(WireGuardPort::shared), traffic);
        traffic.node = this;
        node.failure().thenAccept(failure::complete);
    }

    private static PacketNodeConfig nodeConfig(WireGuardConfig config) throws IOException {
        String name = config.device().name();
        Identity own = config.state().requireUsable(name).identity().orElseThrow();
        return new PacketNodeConfig(
                config.identity().orElse(own),
                config.identity().isEmpty(),
                Mode.WIREGUARD,
                PacketNodeConfig.anyPort(),
                PreSharedKey.NONE,
                Optional.of(config.brokers()));
    }

    /// Registers at the broker and begins to call the peers.
    ///
    /// @throws IOException with one line for the user, if the interface lacks something, the port
    ///     cannot be opened or the broker not be reached
    public static WireGuardNode start(WireGuardConfig config) throws IOException {
        if (config.peers().isPresent()) {
            tellOfOthers(config.device().name(), config.peers().get(), config.state());
        }
        var started = new WireGuardNode(config, new Traffic());
        long unixSeconds = System.currentTimeMillis() / 1_000;
        started.driver()
                .execute(() -> started.looked(config.state(), unixSeconds, started.settings));
        started.keeper.start();
        return started;
    }

    /// Peers of the interface without a line in the file are left alone.
    ///
    /// @throws IOException if none has one
    private static void tellOfOthers(String name, PeerMap map, InterfaceState state)
            throws IOException {
        int all = state.peers().size();
        long known =
                state.peers().stream().filter(each -> map.peer(each.key()).isPresent()).count();
        if (known == 0) {
            throw new IOException("no peer of %s is in the file of the peers".formatted(name));
        }
        if (known < all) {
            LOG.log(
                    Level.INFO,
                    "{0} of the {1} peers of {2} are not in the file of the peers: left alone",
                    "" + (all - known),
                    "" + all,
                    name);
        }
    }

    private Driver driver() {
        return node.driver();
    }

    /// What the node of natt's calls back.
    private static final class Traffic implements PacketNode.Traffic {
        private volatile @Nullable WireGuardNode node;

        @Override
        public void received(PacketPeer from, ByteBuffer packet, long nowNanos) {
            WireGuardNode of = node;
            Joined joined = of == null ? null : of.byPeer.get(from);
            if (joined != null) {
                if (joined.repeater.received(packet)) {
                    joined.socket.send(packet);
                }
            }
        }

        @Override
        public long serve(long nowNanos) {
            WireGuardNode of = node;
            return of == null ? Engine.NEVER : of.repeat(nowNanos);
        }

        @Override
        public void changed(PacketPeer peer, SessionEvent event) {
            WireGuardNode of = node;
            Joined joined = of == null ? null : of.byPeer.get(peer);
            if (of != null && joined != null) {
                of.tell(joined);
                of.decide();
            }
        }
    }

    private final class Looks implements InterfaceKeeper.Listener {
        @Override
        public void looked(InterfaceState state, long unixSeconds, int settingsBefore) {
            driver().execute(() -> WireGuardNode.this.looked(state, unixSeconds, settingsBefore));
        }

        @Override
        public void failed(String why) {
            driver().execute(() -> lookFailed(why));
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
        usePort(state.listenPort());
        Set<NodeKey> there = state.peers().stream().map(PeerState::key).collect(Collectors.toSet());
        List.copyOf(byKey.values()).stream()
                .filter(each -> !there.contains(each.key))
                .forEach(this::leave);
        there.stream().filter(key -> !byKey.containsKey(key)).forEach(this::join);
        long now = driver().nanoTime();
        endpoints.look(state.peers(), unixSeconds, now);
        decide();
        if (!config.continuous() && endpoints.isDone(now)) {
            done.complete(true);
        }
    }

    /// Whether the interface is no longer the one that this node has been started for.
    private boolean isAnother(InterfaceState state) {
        boolean sameKey =
                state.identity()
                        .map(Identity::publicKey)
                        .equals(config.state().identity().map(Identity::publicKey));
        if (config.identity().isEmpty() && !sameKey) {
            failure.complete("%s has another key now: start natt anew".formatted(name));
            return true;
        }
        if (config.shared().isPresent() && state.listenPort() != listenPort) {
            failure.complete("%s has another port now: start natt anew".formatted(name));
            return true;
        }
        return false;
    }

    private void usePort(int port) {
        if (port != listenPort) {
            listenPort = port;
            byKey.values().forEach(each -> each.socket.expect(port));
        }
    }

    private void join(NodeKey key) {
        Optional<Peer> peer =
                config.peers().isPresent() ? config.peers().get().peer(key) : PeerMap.sameKey(key);
        if (peer.isEmpty()) {
            return;
        }
        PacketPeer joined = node.peer(peer.get());
        try {
            var repeater = new HandshakeRepeater(own.compareTo(key) < 0);
            var socket =
                    new LoopbackSocket(
                            driver(),
                            listenPort,
                            (datagram, now) -> carry(joined, repeater, datagram, now));
            var all = new Joined(key, joined, socket, repeater);
            byKey.put(key, all);
            byPeer.put(joined, all);
            endpoints.add(key, socket.local());
            tell(all);
        } catch (IOException failed) {
            // The next look tries again, with another.
            node.remove(joined);
            LOG.log(
                    Level.WARNING,
                    "no socket for {0}: {1}",
                    WireGuardKey.format(key),
                    Text.escape(String.valueOf(failed.getMessage())));
        }
    }

    private void carry(
            PacketPeer to, HandshakeRepeater repeater, ByteBuffer datagram, long nowNanos) {
        if (repeater.sent(datagram, nowNanos)) {
            repeating.add(to);
        }
        to.send(datagram, nowNanos);
    }

    /// Sends handshakes again that nobody has answered; returns the nanoseconds until the next.
    private long repeat(long nowNanos) {
        long wait = Engine.NEVER;
        for (int i = repeating.size() - 1; i >= 0; i--) {
            Joined joined = byPeer.get(repeating.get(i));
            if (joined != null && joined.repeater.repeat(repeated.clear(), nowNanos)) {
                joined.peer.send(repeated.flip(), nowNanos);
            }
            if (joined == null || !joined.repeater.isHolding()) {
                repeating.remove(i);
            } else {
                wait = Math.min(wait, joined.repeater.nanosUntilRepeat(nowNanos));
            }
        }
        return wait;
    }

    private void leave(Joined peer) {
        LOG.log(Level.INFO, "{0} is no peer of {1} any more", WireGuardKey.format(peer.key), name);
        byKey.remove(peer.key);
        byPeer.remove(peer.peer);
        endpoints.remove(peer.key);
        strangers += peer.socket.strangers();
        peer.socket.close();
        node.remove(peer.peer);
    }

    private void tell(Joined joined) {
        PacketPeer peer = joined.peer;
        // What goes by relay or through another socket goes through natt.
        endpoints.session(
                joined.key, peer.isUp(), peer.path().filter(path -> !Route.isRoute(path)));
    }

    private void decide() {
        List<PeerChange> changes = endpoints.decide(driver().nanoTime());
        if (changes.isEmpty()) {
            return;
        }
        settings++;
        keeper.set(changes);
        for (PeerChange each : changes) {
            each.endpoint().ifPresent(endpoint -> say(each.peer(), endpoint));
        }
    }

    private void say(NodeKey key, InetSocketAddress endpoint) {
        Joined joined = byKey.get(key);
        boolean carried = joined != null && endpoint.equals(joined.socket.local());
        LOG.log(
                Level.INFO,
                "the endpoint of {0} is {1}{2}",
                WireGuardKey.format(key),
                HostAndPort.format(endpoint),
                carried ? ", natt" : "");
    }

    private void lookFailed(String why) {
        if (!failing) {
            LOG.log(Level.WARNING, "{0}", why);
        }
        failing = true;
    }

    // ---- for everybody

    /// This node's public key: what other nodes call it by.
    public NodeKey key() {
        return node.key();
    }

    /// The UDP address that is bound.
    public InetSocketAddress local() {
        return node.local();
    }

    /// Completes with one line for the user if this can do its work no longer.
    public CompletableFuture<String> failure() {
        return failure;
    }

    /// Completes when WireGuard needs this no longer, unless it is to go on all the same.
    public CompletableFuture<Boolean> done() {
        return done;
    }

    /// How this node is, now.
    public CompletableFuture<Report> report() {
        return node.report();
    }

    /// Gives peers that it carries for the endpoints back that they had, and ends every session.
    @Override
    public void close() {
        var last = new CompletableFuture<List<NodeKey>>();
        driver().execute(
                        () -> {
                            settings++;
                            List<NodeKey> orphans = endpoints.orphans();
                            keeper.finish(endpoints.restore())
                                    .thenRun(() -> last.complete(orphans));
                        });
        List<NodeKey> orphans =
                last.completeOnTimeout(List.of(), FAREWELL_SECONDS, TimeUnit.SECONDS).join();
        if (!orphans.isEmpty()) {
            LOG.log(
                    Level.INFO,
                    "nobody carries any more what {0} sends to {1}",
                    name,
                    String.join(", ", orphans.stream().map(WireGuardKey::format).toList()));
        }
        node.close();
    }
}
