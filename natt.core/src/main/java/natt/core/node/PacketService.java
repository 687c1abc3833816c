package natt.core.node;

import natt.core.CloseCode;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.ResetCode;
import natt.core.io.Driver;
import natt.core.keys.AuthorizedClients;
import natt.core.session.Admission;
import natt.core.session.Mode;
import natt.core.session.Packets;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEngine.Refusal;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;
import natt.core.spi.Transport.Stream;
import natt.core.status.Report;

import org.jspecify.annotations.Nullable;

import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/// What a port with sessions of packets has beside one with streams: the peers, who of them has
/// sent a packet, and to whom packets are handed. Lives on the driver's thread.
final class PacketService implements Packets, SessionPumps.News, Brokers.Listener {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final int COMPLAINTS_A_MINUTE = 20;

    /// What the narrowest path carries whole: DATA in a 576-byte packet of IPv4.
    static final int LEAST_PACKET = 516;

    /// Of a node of packets: as many peers as a broker carries to, each with a session that comes
    /// and one that goes.
    static final SessionEngine.Limits LIMITS = new SessionEngine.Limits(256, 8, 4, 64, 20, 200);

    /// A session, seen from its peer.
    interface Held {
        void happened(SessionEvent event, long nowNanos);
    }

    private record Holding(PacketPeer peer, Held held) {}

    /// @param mode of the sessions
    /// @param own this node's key
    /// @param wireGuardKey whether that is the key of a WireGuard interface
    /// @param secret what peers want beside their keys
    /// @param calls whether peers are called
    /// @param limits of what peers may have
    /// @param doorkeeper whom callers have to pass beside being peers
    record Config(
            Mode mode,
            NodeKey own,
            boolean wireGuardKey,
            PreSharedKey secret,
            boolean calls,
            SessionEngine.Limits limits,
            Optional<Admission> doorkeeper) {}

    private final Config config;
    private final Driver driver;
    private final PacketNode.Traffic traffic;
    private final RandomGenerator random;
    private final Consumer<String> onHopeless;
    private final Seldom complaints = new Seldom(COMPLAINTS_A_MINUTE);
    private final Set<PacketPeer> peers = new LinkedHashSet<>();
    private final Map<NodeKey, PacketPeer> byKey = new HashMap<>();
    private final Map<Session, Holding> holdings = new IdentityHashMap<>();
    private @Nullable SessionPort port;
    private long strayPackets;

    /// @param onHopeless told one line for the user if a peer will never be found
    PacketService(
            Config config,
            Driver driver,
            PacketNode.Traffic traffic,
            RandomGenerator random,
            Consumer<String> onHopeless) {
        this.config = config;
        this.driver = driver;
        this.traffic = traffic;
        this.random = random;
        this.onHopeless = onHopeless;
    }

    /// Has its port from now on.
    void attach(SessionPort to) {
        port = to;
        to.brokers().listen(this);
    }

    private SessionPort port() {
        if (port == null) {
            throw new IllegalStateException("there is no port yet");
        }
        return port;
    }

    boolean wireGuardKey() {
        return config.wireGuardKey();
    }

    SessionEngine.Limits limits() {
        return config.limits();
    }

    // ---- peers

    /// Joins a peer, which is called from now on if peers are.
    void join(PacketPeer peer) {
        if (peers.add(peer)) {
            traffic.joined(peer);
            peer.start(config.calls());
        }
    }

    /// Ends all with a peer.
    void leave(PacketPeer peer, CloseCode why) {
        if (peers.remove(peer)) {
            peer.key().ifPresent(key -> byKey.remove(key, peer));
            peer.leave(why);
            traffic.left(peer);
        }
    }

    /// Sets whose packets are taken by the list of clients: those with inner addresses.
    void useClients(List<AuthorizedClients.Client> clients) {
        // Whoever joins first has what several claim: that is the order of the list.
        var wanted = new LinkedHashMap<NodeKey, AuthorizedClients.Client>();
        clients.stream()
                .filter(each -> !each.tun().isEmpty())
                .forEach(each -> wanted.put(each.key(), each));
        for (PacketPeer each : List.copyOf(peers)) {
            AuthorizedClients.Client client = wanted.remove(each.key().orElseThrow());
            if (client == null) {
                leave(each, CloseCode.REMOVED_KEY);
            } else if (!client.tun().equals(each.prefixes())) {
                traffic.left(each);
                each.usePrefixes(client.tun());
                traffic.joined(each);
            }
        }
        for (AuthorizedClients.Client each : wanted.values()) {
            var peer = new PacketPeer(each.key().toString(), this, PacketCaller.NONE);
            peer.usePrefixes(each.tun());
            if (know(peer, each.key())) {
                peer.settle(each.key(), false);
                join(peer);
            }
        }
    }

    /// Ends all with all.
    void close(CloseCode why) {
        List.copyOf(peers).forEach(each -> leave(each, why));
    }

    /// The key of a peer is settled.
    ///
    /// @return false if it is another's already
    boolean know(PacketPeer peer, NodeKey key) {
        if (key.equals(config.own())) {
            complain("%s is this node itself".formatted(peer));
            return false;
        }
        PacketPeer other = byKey.putIfAbsent(key, peer);
        if (other != null && other != peer) {
            complain("%s and %s are one, with the key %s".formatted(other, peer, key));
        }
        return other == null || other == peer;
    }

    private void complain(String why) {
        String line = complaints.say(why, driver.nanoTime());
        if (!line.isEmpty()) {
            LOG.log(Level.WARNING, "{0}", line);
        }
    }

    // ---- for peers

    NodeKey own() {
        return config.own();
    }

    RandomGenerator random() {
        return random;
    }

    long nanoTime() {
        return driver.nanoTime();
    }

    /// Begins a session, which is up some time after its first candidates.
    SessionPumps.Link begin(PacketPeer peer, NodeKey key) {
        SessionPumps.Link link = port().callPackets(key, config.secret(), this);
        holdings.put(link.session(), new Holding(peer, peer.hold(link)));
        return link;
    }

    void hopeless(String why) {
        onHopeless.accept(why);
    }

    void changed(PacketPeer peer, SessionEvent event) {
        traffic.changed(peer, event);
    }

    String place(InetSocketAddress path, Session session) {
        return port().brokers().place(path, session.peer());
    }

    String moved(String name, Session session, InetSocketAddress from, InetSocketAddress to) {
        return PathText.moved(name, port().brokers(), session, from, to);
    }

    // ---- Packets

    @Override
    public Mode mode() {
        return config.mode();
    }

    @Override
    public Admission admission() {
        return this::admit;
    }

    private Admission.Answer admit(NodeKey caller, InetSocketAddress from) {
        Optional<Admission.Answer> said =
                config.doorkeeper().map(first -> first.admit(caller, from));
        if (said.isPresent() && said.get().refused().isPresent()) {
            return said.get();
        }
        if (byKey.containsKey(caller)) {
            return Admission.Answer.listedKey();
        }
        return Admission.Answer.refuse(
                said.isPresent() ? CloseCode.NO_PACKETS : CloseCode.UNKNOWN_KEY);
    }

    @Override
    public void handle(Session from, ByteBuffer packet, long nowNanos) {
        Holding holding = holdings.get(from);
        // A session may bring a packet with it, before anybody was told of it.
        PacketPeer peer = holding == null ? byKey.get(from.peer()) : holding.peer();
        if (peer == null || peer.hasLeft()) {
            strayPackets++;
            return;
        }
        peer.countReceived(packet.remaining());
        traffic.received(peer, packet, nowNanos);
    }

    // ---- SessionPumps.News

    @Override
    public void happened(SessionPumps.Link link, SessionEvent event) {
        Session session = link.session();
        Holding holding = holdings.get(session);
        if (holding == null) {
            holding = hold(link);
        }
        if (holding != null) {
            holding.held().happened(event, driver.nanoTime());
        }
        if (event instanceof SessionEvent.Closed) {
            holdings.remove(session);
        }
    }

    /// A peer has begun a session, maybe while it was being removed.
    private @Nullable Holding hold(SessionPumps.Link link) {
        Session session = link.session();
        PacketPeer peer = byKey.get(session.peer());
        if (session.closed().isPresent()) {
            return null;
        }
        if (peer == null) {
            session.close(CloseCode.REMOVED_KEY, driver.nanoTime());
            return null;
        }
        var holding = new Holding(peer, peer.hold(link));
        holdings.put(session, holding);
        return holding;
    }

    /// Sessions of packets have no streams.
    @Override
    public void opened(SessionPumps.Link link, Stream stream) {
        stream.reset(ResetCode.NO_SUCH_SERVICE, driver.nanoTime());
    }

    // ---- Brokers.Listener

    @Override
    public void registered(BrokerLink link) {
        hurry();
    }

    @Override
    public void carried(NodeKey key) {
        PacketPeer peer = byKey.get(key);
        if (peer != null) {
            peer.carried();
        }
    }

    /// The network is another than before.
    void hurry() {
        peers.forEach(PacketPeer::hurry);
    }

    // ---- the port

    /// A caller was told why it may not come in.
    void refused(Refusal refusal) {
        String line =
                complaints.say(
                        "refused %s from %s: %s"
                                .formatted(
                                        refusal.caller(),
                                        HostAndPort.format(refusal.from()),
                                        refusal.why() == CloseCode.UNKNOWN_KEY
                                                ? "it is no peer of this node's"
                                                : refusal.why().description()),
                        driver.nanoTime());
        if (!line.isEmpty()) {
            LOG.log(Level.INFO, "{0}", line);
        }
    }

    /// Goes on with what waits; returns the nanoseconds until the next call is of use.
    long serve(long nowNanos) {
        long wait = Engine.NEVER;
        for (PacketPeer each : peers) {
            wait = Math.min(wait, each.serve(nowNanos));
        }
        return Math.min(wait, traffic.serve(nowNanos));
    }

    List<Report> reports(long nowNanos) {
        var all = new ArrayList<Report>();
        peers.forEach(each -> all.add(each.report(nowNanos)));
        return all;
    }

    /// Packets of those who are no peers any more.
    long strayPackets() {
        return strayPackets;
    }
}
