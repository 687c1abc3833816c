package natt.tests.sim;

import static natt.testkit.SimNat.Dependence.ADDRESS_AND_PORT_DEPENDENT;
import static natt.testkit.SimNat.Dependence.ENDPOINT_INDEPENDENT;

import natt.core.PreSharedKey;
import natt.core.session.Session;
import natt.core.session.SessionEvent;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.AddressDiscovery.Finding;
import natt.core.spi.Transport;
import natt.discovery.stun.StunDiscovery;
import natt.testkit.FakeStunServer;
import natt.testkit.SimLink.Shape;
import natt.testkit.SimNat.Behavior;
import natt.testkit.SimNetwork;
import natt.testkit.SimRealm;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A host and its callers, each behind a NAT: the session engine over the KCP transport, and
/// STUN beside them on the host's port. What the host learns by STUN is what DNS says.
///
/// The host's NAT maps and filters independent of endpoints, the callers' filter by address and
/// port, unless a test wants others. All delay and all faults are on the links before a caller's
/// NAT.
final class SessionWorld {
    /// The round trip of [#near].
    static final Duration ROUND_TRIP = Duration.ofMillis(50);

    /// How long an answer from DNS takes, and how often a caller without a path asks.
    private static final Duration LOOKUP = Duration.ofSeconds(1);

    private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);

    private static final Duration REFRESH = Duration.ofSeconds(15);
    private static final int HOST_PORT = 30_000;
    private static final int CALLER_PORT = 40_000;

    final SimNetwork network;
    final SimRealm homeNet;
    final SessionNode home;
    private final FakeStunServer stun;
    private Optional<InetSocketAddress> published = Optional.empty();
    private int callers;

    SessionWorld(SimNetwork network) {
        this.network = network;
        SimRealm internet = network.internet();
        stun = new FakeStunServer(internet.addHost("stun", "198.51.100.1"), 3478);
        homeNet =
                internet.addNat(
                        "home",
                        "203.0.113.1",
                        Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT));
        home = new SessionNode(network, homeNet.addHost("pc", "192.168.2.2"), HOST_PORT, true);
        startHome();
    }

    /// Starts the host's process, as the first time or after it was killed.
    void startHome() {
        long now = network.nanoTime();
        AddressDiscovery.Discovery discovery =
                new StunDiscovery()
                        .open(
                                new AddressDiscovery.Context(
                                        REFRESH, now, network.random("discovery " + now)));
        discovery.useServers(List.of(stun.address()), 1, now);
        home.start(discovery);
        home.afterwards(
                () -> {
                    if (discovery.pollFinding() instanceof Finding.Mapped(var address)) {
                        published = Optional.of(address);
                    }
                });
        network.runUntil(() -> published.isPresent(), Duration.ofSeconds(5));
    }

    /// Where DNS says that the host is.
    InetSocketAddress address() {
        return published.orElseThrow();
    }

    /// The host's NAT gets another address.
    void renumberHome(String address) {
        homeNet.nat().renumber(InetAddress.ofLiteral(address));
    }

    /// Half of [#ROUND_TRIP], no fault and no limit of the rate. Three other links have
    /// a millisecond each.
    static Shape near() {
        return Shape.clean().withDelay(ROUND_TRIP.dividedBy(2).minusMillis(3));
    }

    Caller caller(Shape shape) {
        return caller(shape, Behavior.of(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT));
    }

    Caller caller(Shape shape, Behavior behavior) {
        return new Caller(shape, behavior, ++callers);
    }

    /// A caller that plays nattc's part: it asks DNS when the path is in doubt.
    final class Caller {
        final SimRealm net;
        final SessionNode node;
        private final List<Session> called = new ArrayList<>();
        private boolean looking;
        private int dialed;

        private Caller(Shape shape, Behavior behavior, int number) {
            net =
                    network.internet()
                            .addNat("away" + number, "203.0.113." + (100 + number), behavior);
            shape(shape);
            var host = net.addHost("laptop" + number, "192.168.1.2");
            node = new SessionNode(network, host, CALLER_PORT, false);
            node.onNews(this::follow);
            node.start();
        }

        /// Changes the link, both ways.
        void shape(Shape shape) {
            net.up().shape(shape);
            net.down().shape(shape);
        }

        /// The caller's NAT gets another address.
        void renumber(String address) {
            net.nat().renumber(InetAddress.ofLiteral(address));
        }

        /// Takes the caller's network down or up.
        void unplug(boolean down) {
            node.host().up().outage(down);
            node.host().down().outage(down);
        }

        Session call() {
            Session session =
                    node.engine().call(home.key(), PreSharedKey.NONE, node.transport(), node.now());
            session.addCandidates(List.of(address()), node.now());
            called.add(session);
            return session;
        }

        /// Calls and waits until the session is up.
        Session connect() {
            Session session = call();
            network.runUntil(() -> session.state() == Session.State.UP, Duration.ofSeconds(15));
            return session;
        }

        /// The session called last.
        Session session() {
            return called.getLast();
        }

        private void follow(SessionEvent event) {
            if (event instanceof SessionEvent.Doubtful || event instanceof SessionEvent.Suspended) {
                look();
            }
        }

        private void look() {
            if (looking) {
                return;
            }
            looking = true;
            network.after(
                    LOOKUP,
                    () -> {
                        looking = false;
                        session().addCandidates(List.of(address()), node.now());
                        if (session().state() == Session.State.SUSPENDED) {
                            network.after(LOOK_AGAIN.minus(LOOKUP), this::look);
                        }
                    });
        }

        // ---- streams

        Transport.Stream dial(String service) {
            return session().streams().dial(service, node.now());
        }

        /// Begins to send and to receive bytes.
        Exchange exchange(long up, long down) {
            return exchange(up, down, true);
        }

        /// @param waits as in [Exchange#service]
        Exchange exchange(long up, long down, boolean waits) {
            long seed = network.seed() * 1000 + dialed++;
            Transport.Stream stream = dial(Exchange.service(seed, up, down, waits));
            return node.add(Exchange.calling(stream, seed, up, down, node.now()));
        }

        /// Sends bytes to a service that never reads.
        void sendToNobody(long bytes) {
            node.add(Exchange.calling(dial("nobody"), 0, bytes, 0, node.now()));
        }

        /// Sends and receives bytes.
        ///
        /// @return the seconds it took
        double exchangeSeconds(long up, long down, Duration limit) {
            Exchange exchange = exchange(up, down);
            return seconds(network.runUntil(exchange::complete, limit));
        }

        Echoes echoes() {
            return node.add(new Echoes(dial(EchoService.SERVICE), network.seed() + dialed++));
        }

        /// Sends a message and waits for it to come back.
        ///
        /// @return the seconds it took
        double echoSeconds(Echoes echoes, int length, Duration limit) {
            echoes.send(length, node.now());
            return seconds(network.runUntil(echoes::idle, limit));
        }

        /// The host's end of the session.
        Session atHome() {
            return home.accepted().stream()
                    .filter(each -> each.peer().equals(node.key()))
                    .reduce((first, second) -> second)
                    .orElseThrow();
        }
    }

    static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
