package natt.core.node;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.ResetCode;
import natt.core.Route;
import natt.core.Text;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.keys.KnownHosts;
import natt.core.rendezvous.BrokerAddress;
import natt.core.session.KeyQuestion;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.core.spi.Transport.Stream;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Keeps a session with one broker, over UDP or else over TLS: finds it, learns its key if need be,
/// calls it, and calls it again. Lives on the driver's thread; names are looked up and files read
/// on virtual threads.
final class BrokerCalls implements SessionPumps.News {
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
        /// There is a session, another than before.
        void up(Session session);

        /// The session has another path.
        void moved();

        /// The session is gone.
        ///
        /// @return whether it was of use
        boolean lost();

        /// The broker is not reached; see [#problem].
        void failed();
    }

    private record Located(
            List<InetSocketAddress> addresses, Optional<NodeKey> key, String failure) {}

    private final BrokerSettings config;
    private final Driver driver;
    private final Port port;
    private final SessionEngine engine;
    private final SessionPumps pumps;
    private final RandomGenerator random;
    private final Level trouble;
    private final Owner owner;
    private BrokerAddress address;
    private List<InetSocketAddress> places = List.of();
    private @Nullable KeyQuestion question;
    private @Nullable Session session;
    private @Nullable Session overUdp;
    private @Nullable InetSocketAddress tls;
    private boolean unproven;
    private boolean udpPlanned;
    private boolean closed;
    private int failures;
    private String problem = "";
    private long callingSince;

    BrokerCalls(
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
        this.address = address;
        this.driver = driver;
        this.port = port;
        this.engine = engine;
        this.pumps = pumps;
        this.random = random;
        this.trouble = trouble;
        this.owner = owner;
    }

    void start() {
        callingSince = driver.nanoTime();
        locate();
    }

    /// Where the broker is, with its key once that is known.
    BrokerAddress address() {
        return address;
    }

    /// The addresses of the broker's UDP port.
    List<InetSocketAddress> places() {
        return places;
    }

    @Nullable Session session() {
        return session;
    }

    /// Why there is no session; empty if there is one, or may be soon.
    String problem() {
        return problem;
    }

    /// Since when there has been no session.
    long callingSince() {
        return callingSince;
    }

    /// Takes the answer to what was asked, once it is there.
    void serve(long nowNanos) {
        if (question != null && question.isOver(nowNanos)) {
            answered(question);
        }
    }

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
        if (!located.addresses().isEmpty()) {
            // Without DNS the broker is still where it was.
            places = located.addresses();
        }
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
            LOG.log(trouble, "the broker {0} is not used: {1}", address.place(), problem);
            owner.failed();
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
        Session called = engine.callBroker(key, config.secret(), now);
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

    /// One try at a time is ahead, however often the session comes to be over TLS.
    private void planUdp() {
        if (isOverTls() && !udpPlanned) {
            udpPlanned = true;
            driver.schedule(UDP_AGAIN, this::tryUdp);
        }
    }

    /// Looks whether UDP gets through by now, while TLS is in use.
    private void tryUdp() {
        udpPlanned = false;
        if (closed || !isOverTls()) {
            return;
        }
        planUdp();
        if (overUdp != null) {
            return;
        }
        long now = driver.nanoTime();
        Session called = engine.callBroker(address.key().orElseThrow(), config.secret(), now);
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
    }

    /// The broker answers over UDP: the session over TLS is of no use any more.
    private void moveTo(Session better) {
        LOG.log(Level.INFO, "the broker {0} is reached over UDP again", address.place());
        Session before = session;
        session = better;
        overUdp = null;
        owner.up(better);
        if (before != null) {
            before.close(CloseCode.UNSPECIFIED, driver.nanoTime());
        }
    }

    private void failed(String why) {
        if (!why.equals(problem)) {
            LOG.log(trouble, "the broker {0} is not reached: {1}", address.place(), why);
        }
        problem = why;
        owner.failed();
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
            moveTo(link.session());
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
                    planUdp();
                }
                owner.up(link.session());
            }
            case SessionEvent.Moved _, SessionEvent.Resumed _ -> {
                planUdp();
                owner.moved();
            }
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
                if (owner.lost()) {
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

    void close() {
        closed = true;
        if (tls != null) {
            port.disconnect(tls);
        }
    }
}
