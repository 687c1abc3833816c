package natt.tests.sim;

import natt.core.Dependence;
import natt.core.Identity;
import natt.core.NatBehavior;
import natt.core.PortAllocation;
import natt.core.PreSharedKey;
import natt.core.Route;
import natt.core.node.PathSearch;
import natt.core.session.Admission;
import natt.core.session.Candidate;
import natt.core.session.LocalCandidates;
import natt.core.session.Rendezvous;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.core.spi.AddressDiscovery.Observation;
import natt.core.spi.AddressDiscovery.SampleContext;
import natt.core.spi.Transport;
import natt.discovery.stun.StunDiscovery;
import natt.testkit.FakeStunServer;
import natt.testkit.NatType;
import natt.testkit.SimHost;
import natt.testkit.SimLink.Shape;
import natt.testkit.SimNat;
import natt.testkit.SimNetwork;
import natt.testkit.SimPort;
import natt.transport.kcp.KcpTransport;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/// Two nodes behind NATs with a session by a relay, and two servers that tell what they see.
final class SearchWorld {
    private static final Admission ANYBODY = (key, from) -> Admission.Answer.anybody();
    private static final int CHANNEL = 7;
    private static final Duration FIRST = Duration.ofSeconds(3);

    final SimNetwork network;
    final Peer a;
    final Peer b;
    private final List<InetSocketAddress> servers = new ArrayList<>();
    private final Identity brokersKey;
    private final SessionEngine broker;
    private final InetSocketAddress brokersAddress;
    private final List<Session> brokers = new ArrayList<>();

    SearchWorld(SimNetwork network, NatType typeA, NatType typeB) {
        this.network = network;
        for (int i = 1; i <= 2; i++) {
            SimHost host = network.internet().addHost("stun" + i, "198.51.100." + i);
            servers.add(new FakeStunServer(host, 3478).address());
        }
        brokersKey = Identity.generate(network.random("broker's key"));
        SimHost pub = network.internet().addHost("pub", "198.51.100.10");
        broker = engine(brokersKey, Optional.of(ANYBODY), this::relay, true, List.of());
        SimPort port = pub.bind(443, broker);
        port.application(this::serveBroker);
        brokersAddress = port.local();
        a = new Peer("a", typeA, "203.0.113.11", "192.168.1.2");
        b = new Peer("b", typeB, "203.0.113.12", "192.168.2.2");
    }

    private SessionEngine engine(
            Identity identity,
            Optional<Admission> admission,
            Rendezvous rendezvous,
            boolean isBroker,
            List<Transport> transports) {
        return new SessionEngine(
                new SessionEngine.Config(
                        identity,
                        PreSharedKey.NONE,
                        transports,
                        admission,
                        network.random("engine " + identity.publicKey()),
                        Optional.of(rendezvous),
                        isBroker,
                        SessionEngine.Limits.NODE),
                network.nanoTime());
    }

    private void relay(Session from, java.nio.ByteBuffer message, long nowNanos) {
        for (Session each : brokers) {
            if (each != from && message.get(message.position()) == Rendezvous.RELAY) {
                each.say(message, nowNanos);
                return;
            }
        }
    }

    private void serveBroker(long nowNanos) {
        for (Session session; (session = broker.accept()) != null; ) {
            brokers.add(session);
        }
        while (broker.pollReady() != null) {}
    }

    /// Begins the session and the search.
    ///
    /// @param attested whether each side has the other's IP address from the broker
    void connect(boolean attested) {
        a.callBroker();
        b.callBroker();
        network.runFor(FIRST);
        a.observe();
        b.observe();
        network.runFor(FIRST);
        InetSocketAddress toB = a.engine.addRelay(a.rendezvous(), CHANNEL);
        b.engine.addRelay(b.rendezvous(), CHANNEL);
        a.session = a.engine.call(b.key(), PreSharedKey.NONE, a.transport, network.nanoTime());
        a.there().addCandidates(List.of(toB), network.nanoTime());
        network.runUntil(() -> b.session != null, FIRST);
        if (attested) {
            a.there().attested(b.outside().getAddress(), network.nanoTime());
            b.there().attested(a.outside().getAddress(), network.nanoTime());
        }
        a.offer();
        b.offer();
    }

    /// The seconds until both sides have a direct path, at most so many; empty if there is none.
    OptionalDouble secondsUntilDirect(int most) {
        double start = SessionWorld.seconds(network.elapsed());
        try {
            network.runUntil(() -> a.isDirect() && b.isDirect(), Duration.ofSeconds(most));
        } catch (AssertionError tooLong) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(SessionWorld.seconds(network.elapsed()) - start);
    }

    /// How many mappings a node's NAT has.
    int mappings(Peer peer) {
        return peer.nat().mappings(network.nanoTime());
    }

    /// One of the two nodes.
    final class Peer implements PathSearch.Ground {
        final SimHost host;
        final SimPort port;
        final KcpTransport transport = new KcpTransport();
        final SessionEngine engine;
        final List<String> told = new ArrayList<>();
        final NatType type;
        private final Identity identity;
        private final PathSearch search;
        private final List<InetSocketAddress> seen = new ArrayList<>();
        private @Nullable Session rendezvous;
        @Nullable Session session;
        Consumer<SessionEvent> onNews = event -> {};

        Peer(String name, NatType type, String outside, String inside) {
            this.type = type;
            host = network.internet().addHostBehind(type.model(), name, outside, inside);
            // A home: the wire is short, the way to the Internet is not.
            host.realm().up().shape(Shape.clean().withDelay(Duration.ofMillis(10)));
            host.realm().down().shape(Shape.clean().withDelay(Duration.ofMillis(10)));
            identity = Identity.generate(network.random(name + " key"));
            search = new PathSearch(this, new StunDiscovery(), network.random(name + " search"));
            search.useServers(servers);
            engine =
                    engine(
                            identity,
                            Optional.of(ANYBODY),
                            (from, message, now) -> {},
                            false,
                            List.of(transport));
            port = host.bind(30_000, search, engine);
            port.application(this::serve);
        }

        natt.core.NodeKey key() {
            return identity.publicKey();
        }

        private void callBroker() {
            rendezvous =
                    engine.callBroker(
                            brokersKey.publicKey(), PreSharedKey.NONE, network.nanoTime());
            rendezvous.addCandidates(List.of(brokersAddress), network.nanoTime());
        }

        Session rendezvous() {
            return there(rendezvous);
        }

        Session there() {
            return there(session);
        }

        private Session there(@Nullable Session some) {
            if (some == null) {
                throw new IllegalStateException("there is no session yet");
            }
            return some;
        }

        /// Asks the servers what they see of the port's own socket.
        private void observe() {
            var context = new SampleContext(servers, network.nanoTime(), network.random("observe"));
            var sample = new StunDiscovery().openSample(context).orElseThrow();
            port.add(sample);
            network.runUntil(sample::isDone, FIRST);
            sample.observations().stream().map(Observation::mapped).forEach(seen::add);
        }

        InetSocketAddress outside() {
            return seen.getFirst();
        }

        private void offer() {
            var candidates = new ArrayList<Candidate>();
            seen.forEach(
                    each -> candidates.add(new Candidate(Candidate.Type.SERVER_REFLEXIVE, each)));
            candidates.add(new Candidate(Candidate.Type.HOST, port.local()));
            there().offer(new LocalCandidates(behavior(), candidates), network.nanoTime());
        }

        private NatBehavior behavior() {
            boolean one = seen.stream().distinct().count() == 1;
            return new NatBehavior(
                    one ? Dependence.ENDPOINT_INDEPENDENT : Dependence.ADDRESS_AND_PORT_DEPENDENT,
                    Dependence.UNKNOWN,
                    type == NatType.SYMMETRIC_SEQ
                            ? new PortAllocation.Sequential(1)
                            : new PortAllocation.Random(),
                    Optional.empty(),
                    Optional.of(type == NatType.LINUX),
                    Optional.empty());
        }

        boolean isDirect() {
            return session != null
                    && session.path().isPresent()
                    && Route.isDirect(session.path().get());
        }

        SimNat nat() {
            return host.realm().nat();
        }

        private void serve(long nowNanos) {
            for (Session begun; (begun = engine.accept()) != null; ) {
                session = begun;
            }
            for (Session each; (each = engine.pollReady()) != null; ) {
                for (SessionEvent event; (event = each.pollEvent()) != null; ) {
                    onNews.accept(event);
                    if (event instanceof SessionEvent.OfSearch ofSearch) {
                        search.handle(each, ofSearch, nowNanos);
                    }
                    if (event instanceof SessionEvent.SearchTells(var what)) {
                        told.add(what);
                    }
                }
            }
        }

        @Override
        public List<Integer> addSockets(int count) {
            return port.addSockets(count);
        }

        @Override
        public void closeSocket(int socket) {
            port.closeSocket(socket);
        }
    }
}
