package natt.core.node;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.ResetCode;
import natt.core.Route;
import natt.core.Text;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.keys.KnownHosts;
import natt.core.rendezvous.BrokerAddress;
import natt.core.rendezvous.Message;
import natt.core.rendezvous.Message.ClosedCode;
import natt.core.rendezvous.Message.NameCode;
import natt.core.rendezvous.Message.OpenCode;
import natt.core.session.KeyQuestion;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;
import natt.core.spi.Transport.Stream;
import natt.core.status.Report;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Keeps this node registered at one broker: a session with it, and after that the next. Lives on
/// the driver's thread; names are looked up and files read on virtual threads.
final class BrokerLink implements SessionPumps.News, BrokerTalk.Listener {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How soon a broker is called again that has gone, at random, since all its nodes do so.
    private static final int SOONEST_MILLIS = 200;

    private static final int SOON_MILLIS = 2_000;
    private static final int LATEST_MILLIS = 10_000;

    /// How much earlier than over TLS a broker is tried over UDP.
    private static final Duration UDP_HEAD_START = Duration.ofMillis(500);

    /// How often UDP is tried while TLS is in use, and for how long.
    private static final Duration UDP_AGAIN = Duration.ofSeconds(30);

    private static final Duration UDP_PATIENCE = Duration.ofSeconds(2);

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

    private record Located(
            List<InetSocketAddress> addresses, Optional<NodeKey> key, String failure) {}

    private final BrokerSettings config;
    private final Driver driver;
    private final Port port;
    private final SessionEngine engine;
    private final SessionPumps pumps;
    private final RandomGenerator random;
    private final Owner owner;
    private final BrokerTalk talk;
    private final Map<NodeKey, InetSocketAddress> routes = new HashMap<>();
    private final Map<NodeKey, String> refusals = new HashMap<>();
    private BrokerAddress address;
    private List<InetSocketAddress> places = List.of();
    private @Nullable KeyQuestion question;
    private @Nullable Session session;
    private @Nullable Session overUdp;
    private @Nullable InetSocketAddress tls;
    private Optional<Message.Registered> answer = Optional.empty();
    private boolean unproven;
    private boolean closed;
    private int failures;
    private String problem = "";
    private long callingSince;

    BrokerLink(
            BrokerSettings config,
            BrokerAddress address,
            Driver driver,
            Port port,
            SessionEngine engine,
            SessionPumps pumps,
            RandomGenerator random,
            Owner owner) {
        this.config = config;
        this.address = address;
        this.driver = driver;
        this.port = port;
        this.engine = engine;
        this.pumps = pumps;
        this.random = random;
        this.owner = owner;
        talk = new BrokerTalk(config.names(), this);
    }

    void start() {
        callingSince = driver.nanoTime();
        locate();
    }

    /// Where the broker is, with its key once that is known.
    BrokerAddress address() {
        return address;
    }

    boolean isWith(Session other) {
        return other.equals(session);
    }

    /// What the broker says of this node; empty unless it is registered now.
    Optional<Message.Registered> answer() {
        return talk.isRegistered() ? answer : Optional.empty();
    }

    /// The addresses at which the broker answers as a STUN server: those of its port, and the
    /// second port and address that it tells of.
    List<InetSocketAddress> stunServers() {
        var servers = new ArrayList<>(places);
        Optional<InetSocketAddress> path = session == null ? Optional.empty() : session.path();
        if (path.isPresent() && !Route.isRoute(path.get())) {
            InetAddress main = path.get().getAddress();
            answer().ifPresent(
                            said -> {
                                if (said.stunPort() != 0) {
                                    servers.add(new InetSocketAddress(main, said.stunPort()));
                                }
                                said.stunAddress()
                                        .ifPresent(
                                                ip ->
                                                        servers.add(
                                                                new InetSocketAddress(
                                                                        ip, path.get().getPort())));
                            });
        }
        return servers;
    }

    // ---- the way to the broker

    private void locate() {
        if (!closed) {
            Thread.startVirtualThread(
                    () -> {
                        Located located = lookUp();
                        driver.execute(() -> located(located));
                    });
        }
    }

    private Located lookUp() {
        var found = new ArrayList<InetSocketAddress>();
        try {
            for (InetAddress each : InetAddress.getAllByName(address.place().host())) {
                found.add(new InetSocketAddress(each, address.place().port()));
            }
            return new Located(HostSearch.order(found), address.key().or(this::known), "");
        } catch (UnknownHostException unknown) {
            return new Located(
                    List.of(), Optional.empty(), "its name has no address that can be found");
        } catch (IllegalStateException unreadable) {
            return new Located(List.of(), Optional.empty(), Client.reason(unreadable.getCause()));
        } catch (RuntimeException fault) {
            return new Located(List.of(), Optional.empty(), Client.reason(fault));
        }
    }

    private Optional<NodeKey> known() {
        try {
            return config.knownHosts()
                    .find(KnownHosts.broker(address.place()))
                    .map(KnownHosts.Entry::key);
        } catch (IOException unreadable) {
            // To ask again would trust whatever key comes.
            throw new IllegalStateException(unreadable);
        }
    }

    private void located(Located located) {
        if (closed) {
            return;
        }
        places = located.addresses();
        if (session != null) {
            session.addCandidates(places, driver.nanoTime());
        } else if (!located.failure().isEmpty()) {
            failed(located.failure());
        } else if (located.key().isPresent()) {
            call(located.key().get());
        } else if (config.strict()) {
            problem =
                    "its key is not in %s, and --strict is given; give it as KEY@HOST"
                            .formatted(config.knownHosts().path());
            LOG.log(Level.WARNING, "the broker {0} is not used: {1}", address.place(), problem);
            owner.failed(this);
        } else {
            var all = new ArrayList<>(places);
            tls().ifPresent(all::add);
            question = engine.askKey(all, driver.nanoTime());
        }
    }

    private void answered(KeyQuestion asked) {
        question = null;
        if (asked.answer().isEmpty()) {
            failed(silent());
            return;
        }
        NodeKey key = asked.answer().get();
        LOG.log(
                Level.WARNING,
                "the key of the broker {0} is {1}, it says; it is remembered once the broker has"
                        + " proven it",
                address.place(),
                key);
        unproven = true;
        call(key);
    }

    private void call(NodeKey key) {
        address = address.with(key);
        long now = driver.nanoTime();
        Session called = engine.callBroker(key, PreSharedKey.NONE, now);
        session = called;
        pumps.add(called, this);
        called.addCandidates(places, now);
        driver.schedule(UDP_HEAD_START, () -> tryTls(called));
    }

    /// The way to the broker over TLS, if that may be used.
    private Optional<InetSocketAddress> tls() {
        if (tls == null && config.tlsPort().isPresent()) {
            int at = config.tlsPort().getAsInt();
            tls = port.connectLater(new HostAndPort(address.place().host(), at));
        }
        return Optional.ofNullable(tls);
    }

    private void tryTls(Session called) {
        if (called.state() == Session.State.CONNECTING) {
            tls().ifPresent(way -> called.addCandidates(List.of(way), driver.nanoTime()));
        }
    }

    private boolean isOverTls() {
        return session != null
                && session.path().filter(path -> Route.connection(path).isPresent()).isPresent();
    }

    /// Looks whether UDP gets through by now, while TLS is in use.
    private void tryUdp() {
        if (closed || !isOverTls() || overUdp != null) {
            return;
        }
        long now = driver.nanoTime();
        Session called = engine.callBroker(address.key().orElseThrow(), PreSharedKey.NONE, now);
        overUdp = called;
        pumps.add(called, this);
        called.addCandidates(places, now);
        driver.schedule(
                UDP_PATIENCE,
                () -> {
                    if (called.equals(overUdp)) {
                        overUdp = null;
                        called.close(CloseCode.UNSPECIFIED, driver.nanoTime());
                    }
                });
        driver.schedule(UDP_AGAIN, this::tryUdp);
    }

    /// The broker answers over UDP: the session over TLS is of no use any more.
    private void moveTo(Session better, long nowNanos) {
        LOG.log(Level.INFO, "the broker {0} is reached over UDP again", address.place());
        Session before = session;
        session = better;
        overUdp = null;
        talk.begin(better.wakeToken(), nowNanos);
        if (before != null) {
            before.close(CloseCode.UNSPECIFIED, nowNanos);
        }
    }

    private void failed(String why) {
        if (!why.equals(problem)) {
            LOG.log(Level.WARNING, "the broker {0} is not reached: {1}", address.place(), why);
        }
        problem = why;
        owner.failed(this);
        callAgain();
    }

    private void callAgain() {
        if (!closed) {
            int longest = Math.min(SOON_MILLIS << Math.min(failures, 8), LATEST_MILLIS);
            int pause = random.nextInt(failures == 0 ? SOONEST_MILLIS : longest / 2, longest);
            failures++;
            driver.schedule(Duration.ofMillis(pause), this::locate);
        }
    }

    @Override
    public void happened(SessionPumps.Link link, SessionEvent event) {
        long now = driver.nanoTime();
        if (link.session().equals(overUdp) && event instanceof SessionEvent.Established) {
            moveTo(link.session(), now);
            return;
        }
        if (!link.session().equals(session)) {
            return;
        }
        switch (event) {
            case SessionEvent.Established(var path) -> {
                failures = 0;
                problem = "";
                prove();
                if (Route.connection(path).isPresent()) {
                    LOG.log(
                            Level.INFO,
                            "the broker {0} is reached over TLS, not over UDP",
                            address.place());
                    driver.schedule(UDP_AGAIN, this::tryUdp);
                }
                talk.begin(link.session().wakeToken(), now);
            }
            case SessionEvent.Moved _, SessionEvent.Resumed _ -> talk.register(now);
            case SessionEvent.Doubtful _ -> {}
            case SessionEvent.Suspended(var silence) -> {
                LOG.log(
                        Level.INFO,
                        "the broker {0} has been silent for {1} s",
                        address.place(),
                        silence.toSeconds());
                locate();
                tls().ifPresent(way -> link.session().addCandidates(List.of(way), now));
            }
            case SessionEvent.Closed(var reason) -> {
                session = null;
                callingSince = now;
                boolean answered = answer().isPresent();
                talk.end();
                if (answered) {
                    LOG.log(
                            Level.INFO,
                            "the session with the broker {0} ends: {1}",
                            address.place(),
                            Text.escape(reason.describe()));
                    callAgain();
                } else {
                    failed(describe(reason));
                }
            }
            default -> {}
        }
    }

    private String describe(CloseReason reason) {
        return reason instanceof CloseReason.NoAnswer
                ? silent() + ", or its key is another"
                : Text.escape(reason.describe());
    }

    private String silent() {
        return config.tlsPort().isPresent()
                ? "it answers neither over UDP nor over TLS at port " + config.tlsPort().getAsInt()
                : "it does not answer over UDP";
    }

    private void prove() {
        NodeKey key = address.key().orElseThrow();
        if (unproven) {
            unproven = false;
            String name = KnownHosts.broker(address.place());
            Thread.startVirtualThread(
                    () -> {
                        var outcome = config.knownHosts().remember(name, key, List.of());
                        if (outcome instanceof KnownHosts.Outcome.NotKept(var why)) {
                            LOG.log(Level.WARNING, "{0}", why);
                        }
                    });
        }
    }

    @Override
    public void opened(SessionPumps.Link link, Stream stream) {
        stream.reset(ResetCode.NO_SUCH_SERVICE, driver.nanoTime());
    }

    // ---- what is said

    void handle(ByteBuffer message, long nowNanos) {
        talk.handle(message, nowNanos);
    }

    /// Says what is due; returns the nanoseconds until the next call is of use.
    long serve(long nowNanos) {
        if (question != null && question.isOver(nowNanos)) {
            answered(question);
        }
        Session with = session;
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
        LOG.log(Level.INFO, "registered at the broker {0}", address.place());
        owner.registered(this, said);
    }

    private void sayNames(Message.Registered said) {
        int count = Math.min(config.names().size(), said.names().size());
        for (int i = 0; i < count; i++) {
            String name = config.names().get(i);
            NameCode code = said.names().get(i);
            if (code == NameCode.OK) {
                LOG.log(Level.INFO, "known as {0} at the broker {1}", name, address.place());
            } else {
                LOG.log(
                        Level.WARNING,
                        "the broker {0} does not give the name {1}: {2}",
                        address.place(),
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
        Session with = session;
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
                    case NOT_REGISTERED -> "is not registered there";
                    case FULL -> "cannot be reached there: there are too many channels";
                    case NOT_ALLOWED -> "cannot be reached there: this node is not let in";
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
            refusals.put(peer, "cannot be reached there: what may be relayed is used up");
            LOG.log(
                    Level.WARNING,
                    "the broker {0} relays no more to {1}: the quota is used up",
                    address.place(),
                    peer);
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
        return refusals.containsKey(peer) || session == null && !problem.isEmpty();
    }

    /// Why the broker does not carry to a peer, for the end of a sentence about the peer.
    String why(NodeKey peer, long nowNanos) {
        String place = "the broker " + address.place();
        String refusal = refusals.get(peer);
        if (refusal != null) {
            return "at %s it %s".formatted(place, refusal);
        }
        if (!problem.isEmpty()) {
            return "%s is not reached: %s".formatted(place, problem);
        }
        if (answer().isEmpty()) {
            long seconds = Duration.ofNanos(nowNanos - callingSince).toSeconds();
            return "%s has not answered for %d s".formatted(place, seconds);
        }
        return "the relay of %s did not help".formatted(place);
    }

    Report report() {
        var report = Report.builder().text("broker", address.place().toString());
        address.key().ifPresent(key -> report.key("key", key));
        report.text("state", state()).count("channels", talk.channelCount());
        answer().flatMap(Message.Registered::observed)
                .ifPresent(seen -> report.address("observed", seen));
        if (!problem.isEmpty()) {
            report.text("lastError", problem);
        }
        return report.build();
    }

    private String state() {
        if (answer().isPresent()) {
            boolean tcp = answer().get().observed().isEmpty();
            return tcp ? "registered over TLS" : "registered";
        }
        return session == null ? "waiting" : "calling";
    }

    void close() {
        closed = true;
        if (tls != null) {
            port.disconnect(tls);
        }
    }
}
