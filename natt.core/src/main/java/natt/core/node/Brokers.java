package natt.core.node;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.Route;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.rendezvous.BrokerAddress;
import natt.core.rendezvous.Message;
import natt.core.session.Rendezvous;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.Engine;
import natt.core.status.Report;

import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/// The brokers of a port: which of them carry to which peers, as further paths of the sessions with
/// these.
final class Brokers implements Rendezvous, BrokerLink.Owner {
    /// The most brokers of one port: those of the user, and those that records name.
    private static final int MOST = 8;

    /// Is told of what the brokers say.
    interface Listener {
        /// A broker has answered to this node's registration.
        default void registered(BrokerLink link) {}

        /// There is a relay to the peer of a session.
        default void relayed(Session session, InetSocketAddress route) {}

        /// @param address of a peer, as a broker sees it
        default void granted(Session session, InetSocketAddress address) {}

        /// A broker carries to a peer, at this node's wish or at the peer's.
        default void carried(NodeKey peer) {}

        /// No broker carries to some peer now, and why is known.
        default void failed() {}

        /// @param key empty if the broker does not know the name
        default void resolved(BrokerLink link, String name, Optional<NodeKey> key) {}
    }

    private static final class Peer {
        private final List<Session> sessions = new ArrayList<>();
        private final Set<Session> ready = new LinkedHashSet<>();
    }

    private final Optional<BrokerSettings> config;
    private final Driver driver;
    private final RandomGenerator random;
    private final Level trouble;
    private final List<BrokerLink> links = new ArrayList<>();
    private final Map<NodeKey, Peer> peers = new HashMap<>();
    private final List<Listener> listeners = new ArrayList<>();

    /// @param config empty if the port has nothing to do with brokers
    Brokers(Optional<BrokerSettings> config, Driver driver, RandomGenerator random) {
        this(config, driver, random, Level.WARNING);
    }

    /// @param trouble how loudly to say that a broker is not reached
    Brokers(Optional<BrokerSettings> config, Driver driver, RandomGenerator random, Level trouble) {
        this.trouble = trouble;
        this.config = config;
        this.driver = driver;
        this.random = random;
    }

    /// Asks brokers what they see of this node's NATs; empty if no direct path is searched for.
    Optional<AddressDiscovery> discovery() {
        return config.flatMap(BrokerSettings::discovery);
    }

    /// Those that the user has named.
    List<BrokerAddress> configured() {
        return config.map(BrokerSettings::brokers).orElse(List.of());
    }

    void listen(Listener listener) {
        listeners.add(listener);
    }

    void ignore(Listener listener) {
        listeners.remove(listener);
    }

    /// Registers at a broker from now on, unless it is known already.
    void add(BrokerAddress broker, Port port, SessionEngine engine, SessionPumps pumps) {
        boolean known =
                links.stream()
                        .anyMatch(
                                each ->
                                        each.address().place().equals(broker.place())
                                                && (broker.key().isEmpty()
                                                        || each.address()
                                                                .key()
                                                                .equals(broker.key())));
        if (config.isEmpty() || known || links.size() == MOST) {
            return;
        }
        var link =
                new BrokerLink(
                        config.get(), broker, driver, port, engine, pumps, random, trouble, this);
        links.add(link);
        peers.keySet().forEach(link::want);
        link.start();
    }

    List<BrokerLink> links() {
        return List.copyOf(links);
    }

    boolean isEmpty() {
        return links.isEmpty();
    }

    // ---- sessions with peers

    /// This node begins a session: brokers are asked to carry to the peer.
    void called(Session session) {
        peer(session.peer()).sessions.add(session);
        links.forEach(link -> link.want(session.peer()));
    }

    /// Lets a session that this node begins use the relays from now on.
    void use(Session session) {
        Peer peer = peers.get(session.peer());
        if (peer != null && peer.sessions.contains(session) && peer.ready.add(session)) {
            session.addCandidates(routes(session.peer()), driver.nanoTime());
        }
    }

    /// A relay to a peer, if there is one.
    Optional<InetSocketAddress> route(NodeKey peer) {
        return routes(peer).stream().findFirst();
    }

    private List<InetSocketAddress> routes(NodeKey peer) {
        return links.stream().flatMap(link -> link.route(peer).stream()).toList();
    }

    private Peer peer(NodeKey key) {
        return peers.computeIfAbsent(key, _ -> new Peer());
    }

    /// Something has happened to a session with a peer.
    void happened(Session session, SessionEvent event) {
        NodeKey key = session.peer();
        if (event instanceof SessionEvent.Established) {
            // Not in the switch: it would hold up the first bytes.
            established(session, key);
            return;
        }
        switch (event) {
            case SessionEvent.Doubtful _, SessionEvent.Suspended _ -> {
                if (session.initiator()) {
                    links.forEach(link -> link.want(key));
                }
            }
            case SessionEvent.Closed _ -> {
                Peer peer = peers.get(key);
                if (peer != null) {
                    peer.sessions.remove(session);
                    peer.ready.remove(session);
                    if (peer.sessions.isEmpty()) {
                        peers.remove(key);
                        links.forEach(link -> link.release(key));
                    }
                }
            }
            default -> {}
        }
    }

    private void established(Session session, NodeKey key) {
        Peer peer = peer(key);
        if (!peer.sessions.contains(session)) {
            peer.sessions.add(session);
        }
        links.stream().filter(link -> link.route(key).isPresent()).forEach(link -> keep(link, key));
    }

    private static void keep(BrokerLink link, NodeKey peer) {
        link.want(peer);
        link.grant(peer);
    }

    // ---- BrokerLink.Owner

    @Override
    public void registered(BrokerLink link, Message.Registered answer) {
        List.copyOf(listeners).forEach(each -> each.registered(link));
    }

    @Override
    public void opened(BrokerLink link, NodeKey peer, InetSocketAddress route) {
        Peer known = peers.get(peer);
        if (known != null) {
            keep(link, peer);
            known.ready.forEach(each -> each.addCandidates(List.of(route), driver.nanoTime()));
            for (Session session : known.sessions) {
                listeners.forEach(each -> each.relayed(session, route));
            }
        }
        List.copyOf(listeners).forEach(each -> each.carried(peer));
    }

    @Override
    public void refused(BrokerLink link, NodeKey peer) {
        failed(link);
    }

    @Override
    public void failed(BrokerLink link) {
        List.copyOf(listeners).forEach(Listener::failed);
    }

    @Override
    public void granted(NodeKey peer, InetSocketAddress address) {
        Peer known = peers.get(peer);
        if (known != null) {
            for (Session session : known.sessions) {
                listeners.forEach(each -> each.granted(session, address));
            }
        }
    }

    @Override
    public void resolved(BrokerLink link, String name, Optional<NodeKey> key) {
        List.copyOf(listeners).forEach(each -> each.resolved(link, name, key));
    }

    // ---- Rendezvous

    @Override
    public void handle(Session from, ByteBuffer message, long nowNanos) {
        for (BrokerLink link : links) {
            if (link.isWith(from)) {
                link.handle(message, nowNanos);
                return;
            }
        }
    }

    /// Says what is due; returns the nanoseconds until the next call is of use.
    long serve(long nowNanos) {
        long wait = Engine.NEVER;
        for (int i = 0; i < links.size(); i++) {
            wait = Math.min(wait, links.get(i).serve(nowNanos));
        }
        return wait;
    }

    // ---- for people

    /// Whether it is certain that no broker carries to a peer now.
    boolean isHopeless(NodeKey peer) {
        return links.stream().allMatch(link -> link.isHopeless(peer));
    }

    /// Why no broker carries to a peer; empty if there is no broker.
    String why(NodeKey peer) {
        long now = driver.nanoTime();
        return String.join("; ", links.stream().map(link -> link.why(peer, now)).toList());
    }

    /// Where a peer is, for the end of a sentence: `at 203.0.113.7:41233`.
    String place(InetSocketAddress path, NodeKey peer) {
        if (Route.channel(path).isEmpty()) {
            return "at " + HostAndPort.format(path);
        }
        Stream<BrokerLink> by =
                links.stream().filter(link -> link.route(peer).equals(Optional.of(path)));
        return by.findFirst()
                .map(link -> "by the relay of " + link.address().place())
                .orElse("by relay");
    }

    List<Report> reports() {
        return links.stream().map(BrokerLink::report).toList();
    }

    void close() {
        links.forEach(BrokerLink::close);
    }
}
