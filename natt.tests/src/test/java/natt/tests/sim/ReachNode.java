package natt.tests.sim;

import natt.core.Identity;
import natt.core.NatBehavior;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.Route;
import natt.core.node.BrokerVoice;
import natt.core.node.PathSearch;
import natt.core.rendezvous.Message;
import natt.core.session.Admission;
import natt.core.session.Candidate;
import natt.core.session.Candidate.Type;
import natt.core.session.LocalCandidates;
import natt.core.session.Rendezvous;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.core.spi.AddressDiscovery.BehaviorContext;
import natt.core.spi.AddressDiscovery.BehaviorDiscovery;
import natt.core.spi.AddressDiscovery.LocalSocket;
import natt.core.spi.AddressDiscovery.Sample;
import natt.core.spi.AddressDiscovery.SampleContext;
import natt.core.spi.Engine;
import natt.core.spi.Transport;
import natt.discovery.stun.StunDiscovery;
import natt.testkit.SimHost;
import natt.testkit.SimNetwork;
import natt.testkit.SimPort;
import natt.transport.kcp.KcpTransport;

import org.jspecify.annotations.Nullable;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// A node of a broker: the engines that a real one has, and in place of its rim, which needs a
/// driver and sockets, the same decisions in virtual time: it registers, keeps a channel to each
/// peer, tells candidates, finds out how its NAT behaves, and takes TLS where UDP is silent.
final class ReachNode implements PathSearch.Ground, BrokerVoice.Hearer {
    private static final Admission EVERYBODY = (key, from) -> Admission.Answer.listedKey();
    private static final Duration UDP_HEAD_START = Duration.ofMillis(500);
    private static final int SOONEST_MILLIS = 200;
    private static final int SOON_MILLIS = 2000;
    private static final int BEHAVIOR_SOCKETS = 5;

    final SimHost host;
    final List<String> told = new ArrayList<>();
    final List<SessionNode.News> news = new ArrayList<>();

    private final SimNetwork network;
    private final ReachBroker broker;
    private final boolean waits;
    private final RandomGenerator random;
    private final Identity identity;
    private final KcpTransport transport = new KcpTransport();
    private final SessionEngine engine;
    private final SimPort port;
    private final PathSearch search;
    private final BrokerVoice voice = new BrokerVoice(this);
    private final Map<NodeKey, InetSocketAddress> routes = new HashMap<>();
    private final Map<NodeKey, List<Session>> sessions = new HashMap<>();
    private final Optional<PacketRoom> packets;
    private final Map<Transport.Stream, Pump> pumps = new IdentityHashMap<>();
    private final List<Exchange> exchanges = new ArrayList<>();
    private final List<InetSocketAddress> seen = new ArrayList<>();
    private final List<Engine> asking = new ArrayList<>();
    private final List<Integer> behaviorSockets = new ArrayList<>();
    private @Nullable Session withBroker;
    private @Nullable Sample sample;
    private @Nullable BehaviorDiscovery behaviorDiscovery;
    private Optional<Message.Registered> answer = Optional.empty();
    private NatBehavior behavior = NatBehavior.UNKNOWN;
    private LocalCandidates last = new LocalCandidates(NatBehavior.UNKNOWN, List.of());
    private boolean known;
    private boolean overTls;
    private long voiceDueAt;
    private boolean voiceWaits;

    /// @param waits whether it waits for callers, so that it learns all in advance
    ReachNode(SimNetwork network, ReachBroker broker, SimHost host, int number, boolean waits) {
        this(network, broker, host, number, waits, 0, Optional.empty());
    }

    /// @param life counts the processes of one node, which has one key all the time
    /// @param packets what it does with packets; empty if it has streams
    ReachNode(
            SimNetwork network,
            ReachBroker broker,
            SimHost host,
            int number,
            boolean waits,
            int life,
            Optional<PacketRoom> packets) {
        this.network = network;
        this.broker = broker;
        this.host = host;
        this.waits = waits;
        this.packets = packets;
        String name = "%s:%d".formatted(host.name(), number);
        random = network.random(name + (life == 0 ? "" : " life " + life) + " node");
        identity = Identity.generate(network.random(name + " key"));
        search = new PathSearch(this, new StunDiscovery(), random);
        engine =
                new SessionEngine(
                        new SessionEngine.Config(
                                identity,
                                PreSharedKey.NONE,
                                List.of(transport),
                                Optional.of(EVERYBODY),
                                random,
                                Optional.<Rendezvous>of(
                                        (from, message, now) -> voice.handle(message, now)),
                                false,
                                SessionEngine.Limits.NODE,
                                packets.map(each -> each),
                                false,
                                false),
                        network.nanoTime());
        port = host.bindAny(number, new Questions(), engine);
        port.application(this::serve);
        callBroker();
    }

    // ---- what it has

    NodeKey key() {
        return identity.publicKey();
    }

    SimPort port() {
        return port;
    }

    NatBehavior behavior() {
        return behavior;
    }

    boolean isRegistered() {
        return voice.isRegistered();
    }

    /// Whether it knows all that it wants to know before anybody calls.
    boolean isReady() {
        return isRegistered() && sample == null && behaviorDiscovery == null;
    }

    boolean isOverTls() {
        return overTls;
    }

    Session session(ReachNode peer) {
        return session(peer.key())
                .orElseThrow(() -> new IllegalStateException("there is no session"));
    }

    /// The one that is used; of streams there is only one.
    private Optional<Session> session(NodeKey peer) {
        return packets.isPresent()
                ? packets.get().serving(peer)
                : sessions(peer).stream().findFirst();
    }

    private List<Session> sessions(NodeKey peer) {
        return sessions.getOrDefault(peer, List.of());
    }

    private List<Session> all() {
        return sessions.values().stream().flatMap(List::stream).toList();
    }

    Optional<InetSocketAddress> path(ReachNode peer) {
        return session(peer.key())
                .filter(each -> each.state() == Session.State.UP)
                .flatMap(Session::path);
    }

    boolean isDirect(ReachNode peer) {
        return path(peer).filter(Route::isDirect).isPresent();
    }

    List<Exchange> exchanges() {
        return exchanges;
    }

    // ---- what a person does

    /// Begins a session.
    void call(ReachNode peer) {
        begun(engine.call(peer.key(), PreSharedKey.NONE, transport, network.nanoTime()));
        serve(network.nanoTime());
    }

    /// Begins a session of packets.
    Session callPackets(NodeKey peer) {
        Session session = engine.callPackets(peer, PreSharedKey.NONE, network.nanoTime());
        begun(session);
        return session;
    }

    private void begun(Session session) {
        NodeKey peer = session.peer();
        sessions.computeIfAbsent(peer, _ -> new ArrayList<>()).add(session);
        voice.want(peer, network.nanoTime());
        route(peer).ifPresent(by -> relayed(session, by));
    }

    /// Ends the process without a word.
    void kill() {
        port.close();
    }

    <P extends Pump> P add(P pump) {
        pumps.put(pump.stream(), pump);
        pump.serve(network.nanoTime());
        return pump;
    }

    Echoes echoes(ReachNode peer) {
        Transport.Stream stream =
                session(peer).streams().dial(EchoService.SERVICE, network.nanoTime());
        return add(new Echoes(stream, network.seed()));
    }

    Exchange exchange(ReachNode peer, long seed, long up, long down) {
        String service = Exchange.service(seed, up, down, true);
        Transport.Stream stream = session(peer).streams().dial(service, network.nanoTime());
        return add(Exchange.calling(stream, seed, up, down, network.nanoTime()));
    }

    // ---- the way to the broker, as natt.core.node.BrokerCalls has it

    private void callBroker() {
        long now = network.nanoTime();
        Session called = engine.callBroker(broker.key(), PreSharedKey.NONE, now);
        withBroker = called;
        overTls = false;
        called.addCandidates(places(), now);
        network.after(UDP_HEAD_START, () -> tryTls(called));
    }

    private List<InetSocketAddress> places() {
        return broker.places().stream().filter(each -> speaks(each.getAddress())).toList();
    }

    private boolean speaks(InetAddress address) {
        boolean ipv4 = address instanceof Inet4Address;
        return host.addresses().stream().anyMatch(each -> each instanceof Inet4Address == ipv4);
    }

    private void tryTls(Session called) {
        if (called.state() == Session.State.CONNECTING) {
            int connection = port.connect(broker.tls());
            called.addCandidates(List.of(Route.connected(connection)), network.nanoTime());
        }
    }

    private void brokers(Session session, SessionEvent event, long nowNanos) {
        if (!session.equals(withBroker)) {
            return;
        }
        switch (event) {
            case SessionEvent.Established(var path) -> {
                overTls = Route.connection(path).isPresent();
                voice.begin(session, nowNanos);
            }
            case SessionEvent.Moved _, SessionEvent.Resumed _ -> voice.register(nowNanos);
            case SessionEvent.Closed _ -> {
                withBroker = null;
                voice.end();
                int pause = random.nextInt(SOONEST_MILLIS, SOON_MILLIS);
                network.after(Duration.ofMillis(pause), this::callBroker);
            }
            default -> {}
        }
    }

    // ---- relays, as natt.core.node.BrokerLink and Brokers have them

    private Optional<InetSocketAddress> route(NodeKey peer) {
        return Optional.ofNullable(routes.get(peer));
    }

    @Override
    public void opened(NodeKey peer, int channel) {
        if (withBroker == null) {
            return;
        }
        InetSocketAddress route = routes.get(peer);
        if (route == null) {
            route = engine.addRelay(withBroker, channel);
            routes.put(peer, route);
        } else {
            engine.moveRelay(route, withBroker, channel);
        }
        for (Session session : sessions(peer)) {
            keep(peer);
            relayed(session, route);
        }
        packets.ifPresent(each -> each.carried(peer));
    }

    private void keep(NodeKey peer) {
        voice.want(peer, network.nanoTime());
        voice.grant(peer, network.nanoTime());
    }

    @Override
    public void granted(NodeKey peer, InetSocketAddress address) {
        for (Session session : sessions(peer)) {
            session.attested(address.getAddress(), network.nanoTime());
        }
    }

    @Override
    public void closed(NodeKey peer) {
        InetSocketAddress route = routes.get(peer);
        if (route != null) {
            engine.removeRelay(route);
            if (!voice.wants(peer)) {
                routes.remove(peer);
            }
        }
    }

    // ---- candidates, as natt.core.node.Offers has them

    private void peers(Session session, SessionEvent event, long nowNanos) {
        switch (event) {
            case SessionEvent.OfSearch needs -> {
                if (needs instanceof SessionEvent.SearchTells(var what)) {
                    told.add(what);
                }
                search.handle(session, needs, nowNanos);
            }
            case SessionEvent.Established _, SessionEvent.Resumed _ -> {
                List<Session> known =
                        sessions.computeIfAbsent(session.peer(), _ -> new ArrayList<>());
                if (!known.contains(session)) {
                    known.add(session);
                }
                route(session.peer())
                        .ifPresent(
                                by -> {
                                    keep(session.peer());
                                    relayed(session, by);
                                });
            }
            case SessionEvent.Doubtful _, SessionEvent.Suspended _ -> {
                if (session.initiator()) {
                    voice.want(session.peer(), nowNanos);
                }
            }
            case SessionEvent.Closed _ when packets.isPresent() ->
                    sessions(session.peer()).remove(session);
            default -> {}
        }
    }

    private void relayed(Session session, InetSocketAddress route) {
        long now = network.nanoTime();
        session.addCandidates(List.of(route), now);
        if (session.state() == Session.State.UP) {
            session.useRelay(route, now);
            session.offer(candidates(), now);
            if (isRelayed()) {
                askBehavior();
            }
        }
    }

    private boolean isRelayed() {
        return all().stream()
                .flatMap(each -> each.path().stream())
                .anyMatch(path -> !Route.isDirect(path));
    }

    @Override
    public void registered(Message.Registered said) {
        answer = Optional.of(said);
        packets.ifPresent(PacketRoom::hurry);
        search.useServers(servers());
        asking.remove(sample);
        sample =
                new StunDiscovery()
                        .openSample(new SampleContext(servers(), network.nanoTime(), random))
                        .orElseThrow();
        asking.add(sample);
        known = false;
        changed();
    }

    private List<InetSocketAddress> servers() {
        Optional<InetSocketAddress> path =
                withBroker == null ? Optional.empty() : withBroker.path();
        var servers = new ArrayList<>(places());
        if (path.isPresent() && !Route.isRoute(path.get())) {
            answer.ifPresent(
                    said -> {
                        InetSocketAddress main = path.get();
                        servers.add(new InetSocketAddress(main.getAddress(), said.stunPort()));
                        said.stunAddress()
                                .filter(this::speaks)
                                .ifPresent(
                                        ip ->
                                                servers.add(
                                                        new InetSocketAddress(ip, main.getPort())));
                    });
        }
        return servers;
    }

    private void askBehavior() {
        List<InetSocketAddress> ipv4 =
                servers().stream()
                        .filter(each -> each.getAddress() instanceof Inet4Address)
                        .toList();
        if (known || sample != null || behaviorDiscovery != null || ipv4.isEmpty()) {
            return;
        }
        known = true;
        behaviorSockets.addAll(port.addSockets(BEHAVIOR_SOCKETS));
        List<LocalSocket> fresh =
                behaviorSockets.stream()
                        .map(each -> new LocalSocket(each, port.local(each)))
                        .toList();
        var context = new BehaviorContext(ipv4, fresh, Duration.ZERO, network.nanoTime(), random);
        BehaviorDiscovery discovery = new StunDiscovery().openBehavior(context).orElseThrow();
        behaviorDiscovery = discovery;
        asking.add(discovery);
    }

    private LocalCandidates candidates() {
        var found = new LinkedHashSet<Candidate>();
        for (InetAddress each : host.addresses()) {
            var at = new InetSocketAddress(each, port.local().getPort());
            found.add(new Candidate(Type.HOST, at));
        }
        answer.flatMap(Message.Registered::observed)
                .ifPresent(each -> found.add(new Candidate(Type.SERVER_REFLEXIVE, each)));
        seen.forEach(each -> found.add(new Candidate(Type.SERVER_REFLEXIVE, each)));
        return new LocalCandidates(behavior, List.copyOf(found));
    }

    private void changed() {
        LocalCandidates now = candidates();
        if (!now.equals(last)) {
            last = now;
            for (Session each : all()) {
                boolean relayed = routes.containsKey(each.peer());
                if (relayed && each.state() != Session.State.CONNECTING) {
                    each.offer(now, network.nanoTime());
                }
            }
        }
    }

    private void takeAnswers() {
        if (sample != null && sample.isDone()) {
            seen.clear();
            sample.observations().stream().map(each -> each.mapped()).distinct().forEach(seen::add);
            asking.remove(sample);
            sample = null;
            changed();
            if (waits || isRelayed()) {
                askBehavior();
            }
        }
        NatBehavior found = behaviorDiscovery == null ? null : behaviorDiscovery.pollBehavior();
        if (found != null) {
            asking.remove(behaviorDiscovery);
            behaviorDiscovery = null;
            behaviorSockets.forEach(port::closeSocket);
            behaviorSockets.clear();
            behavior = found;
            changed();
        }
    }

    // ---- the port

    @Override
    public List<Integer> addSockets(int count) {
        return port.addSockets(count);
    }

    @Override
    public void closeSocket(int socket) {
        port.closeSocket(socket);
    }

    void serve() {
        serve(network.nanoTime());
    }

    private void serve(long nowNanos) {
        takeAnswers();
        while (engine.accept() != null) {
            // Its first event says so.
        }
        for (Session each; (each = engine.pollReady()) != null; ) {
            serve(each, nowNanos);
        }
        long wait = packets.isPresent() ? packets.get().serve(this, nowNanos) : Engine.NEVER;
        wait = Math.min(wait, voice.serve(nowNanos));
        voiceWaits = wait != Engine.NEVER;
        voiceDueAt = nowNanos + (voiceWaits ? wait : 0);
    }

    private void serve(Session session, long nowNanos) {
        for (SessionEvent event; (event = session.pollEvent()) != null; ) {
            if (session.isRendezvous()) {
                brokers(session, event, nowNanos);
            } else {
                news.add(new SessionNode.News(network.elapsed(), event));
                peers(session, event, nowNanos);
                if (packets.isPresent()) {
                    packets.get().happened(session, event, nowNanos);
                }
            }
        }
        if (session.isRendezvous()) {
            return;
        }
        for (Transport.Stream stream; (stream = session.streams().accept()) != null; ) {
            switch (stream.service().split(" ")[0]) {
                case EchoService.SERVICE -> add(new EchoService(stream));
                case Exchange.SERVICE -> exchanges.add(add(Exchange.called(stream, nowNanos)));
                default -> throw new AssertionError(stream.service());
            }
        }
        for (Transport.Stream stream; (stream = session.streams().pollReady()) != null; ) {
            if (stream.answered()) {
                session.noteUseful(nowNanos);
            }
            Pump pump = pumps.get(stream);
            if (pump != null) {
                pump.serve(nowNanos);
            }
        }
    }

    /// What is asked of STUN servers, and when the broker is to be told something.
    private final class Questions implements Engine {
        private List<Engine> all() {
            var all = new ArrayList<>(asking);
            all.add(search);
            return all;
        }

        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            for (Engine each : all()) {
                if (each.handleDatagram(from, datagram.duplicate(), nowNanos)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public void handleTimeout(long nowNanos) {
            all().forEach(each -> each.handleTimeout(nowNanos));
        }

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            for (Engine each : all()) {
                InetSocketAddress to = each.pollTransmit(into, nowNanos);
                if (to != null) {
                    return to;
                }
            }
            return null;
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            long least = voiceWaits ? voiceDueAt - nowNanos : NEVER;
            for (Engine each : all()) {
                least = Math.min(least, each.nanosUntilTimeout(nowNanos));
            }
            return least;
        }
    }
}
