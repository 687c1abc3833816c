package natt.core.node;

import natt.core.NodeKey;
import natt.core.Route;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.publish.SpecialPurpose;
import natt.core.rendezvous.BrokerAddress;
import natt.core.rendezvous.Message;
import natt.core.rendezvous.Message.ClosedCode;
import natt.core.rendezvous.Message.NameCode;
import natt.core.rendezvous.Message.OpenCode;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.spi.Engine;
import natt.core.status.Report;

import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Keeps this node registered at one broker, and knows to which peers it carries. Lives on the
/// driver's thread.
final class BrokerLink implements BrokerCalls.Owner, BrokerTalk.Listener {
    private static final System.Logger LOG = System.getLogger("natt");

    /// Is told on the driver's thread.
    interface Owner {
        void registered(BrokerLink link, Message.Registered answer);

        /// The broker carries to a peer, by this path.
        void opened(BrokerLink link, NodeKey peer, InetSocketAddress route);

        /// The broker is not reached, and why is known.
        void failed(BrokerLink link);

        /// The broker does not carry to a peer, now.
        void refused(BrokerLink link, NodeKey peer);

        /// @param address of a peer, as the broker sees it
        void granted(NodeKey peer, InetSocketAddress address);

        /// @param key empty if the broker does not know the name
        void resolved(BrokerLink link, String name, Optional<NodeKey> key);
    }

    private final BrokerSettings config;
    private final Driver driver;
    private final SessionEngine engine;
    private final Owner owner;
    private final BrokerTalk talk;
    private final BrokerCalls calls;
    private final Map<NodeKey, InetSocketAddress> routes = new HashMap<>();
    private final Map<NodeKey, String> refusals = new HashMap<>();
    private final Seldom exhausted = new Seldom(1);
    private Optional<Message.Registered> answer = Optional.empty();

    BrokerLink(
            BrokerSettings config,
            BrokerAddress address,
            Driver driver,
            Port port,
            SessionEngine engine,
            SessionPumps pumps,
            RandomGenerator random,
            Level trouble,
            Owner owner) {
        this.config = config;
        this.driver = driver;
        this.engine = engine;
        this.owner = owner;
        talk = new BrokerTalk(config.names(), this);
        calls =
                new BrokerCalls(
                        config, address, driver, port, engine, pumps, random, trouble, this);
    }

    void start() {
        calls.start();
    }

    /// Where the broker is, with its key once that is known.
    BrokerAddress address() {
        return calls.address();
    }

    boolean isWith(Session other) {
        return other.equals(calls.session());
    }

    /// What the broker says of this node; empty unless it is registered now.
    Optional<Message.Registered> answer() {
        return talk.isRegistered() ? answer : Optional.empty();
    }

    /// The addresses at which the broker answers as a STUN server: those of its port, and the
    /// second port and address that it tells of.
    List<InetSocketAddress> stunServers() {
        var servers = new ArrayList<>(calls.places());
        Session session = calls.session();
        Optional<InetSocketAddress> path = session == null ? Optional.empty() : session.path();
        if (path.isPresent() && !Route.isRoute(path.get())) {
            InetAddress main = path.get().getAddress();
            answer().ifPresent(
                            said -> {
                                if (said.stunPort() != 0) {
                                    servers.add(new InetSocketAddress(main, said.stunPort()));
                                }
                                said.stunAddress()
                                        .ifPresent(ip -> addStun(servers, path.get(), ip));
                            });
        }
        return servers;
    }

    private static void addStun(
            List<InetSocketAddress> servers, InetSocketAddress broker, InetAddress ip) {
        var stun = new InetSocketAddress(ip, broker.getPort());
        if (mayBeAsked(stun, broker.getAddress())) {
            servers.add(stun);
        }
    }

    /// Whether a broker may send this node's questions to an address: not to hosts that the broker
    /// itself might be unable to reach.
    static boolean mayBeAsked(InetSocketAddress stun, InetAddress broker) {
        InetAddress ip = stun.getAddress();
        return stun.getPort() != 0
                && !Route.isRoute(stun)
                && !ip.isMulticastAddress()
                && !ip.isAnyLocalAddress()
                && (!ip.isLoopbackAddress() || broker.isLoopbackAddress())
                && (!SpecialPurpose.includes(ip) || SpecialPurpose.includes(broker));
    }

    // ---- BrokerCalls.Owner

    @Override
    public void up(Session session) {
        talk.begin(session.wakeToken(), driver.nanoTime());
    }

    @Override
    public void moved() {
        talk.register(driver.nanoTime());
    }

    @Override
    public boolean lost() {
        boolean was = talk.isRegistered();
        talk.end();
        return was;
    }

    @Override
    public void failed() {
        owner.failed(this);
    }

    // ---- what is said

    void handle(ByteBuffer message, long nowNanos) {
        talk.handle(message, nowNanos);
    }

    /// Says what is due; returns the nanoseconds until the next call is of use.
    long serve(long nowNanos) {
        calls.serve(nowNanos);
        Session with = calls.session();
        if (with == null) {
            return Engine.NEVER;
        }
        for (Message message; (message = talk.poll(nowNanos)) != null; ) {
            with.say(message.encode(), nowNanos);
        }
        return talk.nanosUntilTimeout(nowNanos);
    }

    /// Keeps a channel to a peer from now on.
    void want(NodeKey peer) {
        talk.want(peer, driver.nanoTime());
    }

    /// Lets the peer know this node's address, and pays for what is relayed.
    void grant(NodeKey peer) {
        talk.grant(peer, driver.nanoTime());
    }

    /// The channel to a peer is wanted no longer.
    void release(NodeKey peer) {
        talk.release(peer);
        refusals.remove(peer);
        if (!talk.has(peer)) {
            routes.remove(peer);
        }
    }

    void resolve(String name) {
        talk.resolve(name, driver.nanoTime());
    }

    /// The path to a peer, if the broker carries to it.
    Optional<InetSocketAddress> route(NodeKey peer) {
        return Optional.ofNullable(routes.get(peer));
    }

    @Override
    public void registered(Message.Registered said) {
        Optional<Message.Registered> before = answer;
        answer = Optional.of(said);
        if (before.isEmpty() || !before.get().names().equals(said.names())) {
            sayNames(said);
        }
        LOG.log(Level.INFO, "registered at the broker {0}", address().place());
        owner.registered(this, said);
    }

    private void sayNames(Message.Registered said) {
        int count = Math.min(config.names().size(), said.names().size());
        for (int i = 0; i < count; i++) {
            String name = config.names().get(i);
            NameCode code = said.names().get(i);
            if (code == NameCode.OK) {
                LOG.log(Level.INFO, "known as {0} at the broker {1}", name, address().place());
            } else {
                LOG.log(
                        Level.WARNING,
                        "the broker {0} does not give the name {1}: {2}",
                        address().place(),
                        name,
                        describe(code));
            }
        }
    }

    static String describe(NameCode code) {
        return switch (code) {
            case OK -> "it does";
            case TAKEN -> "another node has it";
            case NOT_ALLOWED -> "this node's key is not on its list";
            case FULL -> "there are as many as there may be";
            case MALFORMED -> "it takes no such names";
        };
    }

    @Override
    public void resolved(String name, Optional<NodeKey> key) {
        owner.resolved(this, name, key);
    }

    @Override
    public void opened(NodeKey peer, int channel) {
        Session with = calls.session();
        if (with == null) {
            return;
        }
        refusals.remove(peer);
        InetSocketAddress route = routes.get(peer);
        if (route == null) {
            route = engine.addRelay(with, channel);
            routes.put(peer, route);
        } else {
            engine.moveRelay(route, with, channel);
        }
        owner.opened(this, peer, route);
    }

    @Override
    public void refused(NodeKey peer, OpenCode why) {
        refusals.put(
                peer,
                switch (why) {
                    case OK -> "it is";
                    case NOT_REGISTERED -> "it is not registered at ";
                    case FULL -> "there are too many channels at ";
                    case NOT_ALLOWED -> "this node is not let in at ";
                });
        owner.refused(this, peer);
    }

    @Override
    public void granted(NodeKey peer, InetSocketAddress at) {
        owner.granted(peer, at);
    }

    @Override
    public void closed(NodeKey peer, ClosedCode why) {
        if (why == ClosedCode.QUOTA) {
            refusals.put(peer, "no more may be relayed by ");
            String line =
                    exhausted.say(
                            "the broker %s relays no more to %s: the quota is used up"
                                    .formatted(address().place(), peer),
                            driver.nanoTime());
            if (!line.isEmpty()) {
                LOG.log(Level.WARNING, line);
            }
        }
        InetSocketAddress route = routes.get(peer);
        if (route != null) {
            engine.removeRelay(route);
            if (!talk.wants(peer)) {
                // Else sessions may name the path still, and get it back with the next channel.
                routes.remove(peer);
            }
        }
    }

    // ---- for people

    /// Whether it is certain that the broker does not carry to a peer now.
    boolean isHopeless(NodeKey peer) {
        return refusals.containsKey(peer) || calls.session() == null && !calls.problem().isEmpty();
    }

    /// Why the broker does not carry to a peer, for the end of a sentence about the peer.
    String why(NodeKey peer, long nowNanos) {
        String place = "the broker " + address().place();
        String refusal = refusals.get(peer);
        if (refusal != null) {
            return refusal + place;
        }
        if (!calls.problem().isEmpty()) {
            return "%s is not reached: %s".formatted(place, calls.problem());
        }
        if (answer().isEmpty()) {
            long seconds = Duration.ofNanos(nowNanos - calls.callingSince()).toSeconds();
            return "%s has not answered for %d s".formatted(place, seconds);
        }
        return "it does not answer by the relay of %s either".formatted(place);
    }

    Report report() {
        var report = Report.builder().text("broker", address().place().toString());
        address().key().ifPresent(key -> report.key("key", key));
        report.text("state", state()).count("channels", talk.channelCount());
        answer().flatMap(Message.Registered::observed)
                .ifPresent(seen -> report.address("observed", seen));
        if (!calls.problem().isEmpty()) {
            report.text("lastError", calls.problem());
        }
        return report.build();
    }

    private String state() {
        if (answer().isPresent()) {
            boolean tcp = answer().get().observed().isEmpty();
            return tcp ? "registered over TLS" : "registered";
        }
        return calls.session() == null ? "waiting" : "calling";
    }

    void close() {
        calls.close();
    }
}
