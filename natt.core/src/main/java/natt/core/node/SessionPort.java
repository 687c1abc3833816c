package natt.core.node;

import natt.core.CloseCode;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.rendezvous.BrokerAddress;
import natt.core.session.Admission;
import natt.core.session.Candidate;
import natt.core.session.Candidate.Type;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEngine.Refusal;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;
import natt.core.spi.Transport;
import natt.core.spi.Transport.Stream;
import natt.core.unix.Processor;

import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// A port with sessions: those that peers begin and those that this node does. Also asks from it
/// for its public addresses. Lives on the driver's thread.
final class SessionPort {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How long what has ended may still tell the peers so.
    private static final Duration LINGER = Duration.ofSeconds(5);

    /// Answers peers that call, and is told of their sessions.
    interface Answering extends SessionPumps.News {
        Admission admission();

        /// A caller was told why it may not come in.
        void refused(Refusal refusal);

        /// Goes on with what waits; returns the nanoseconds until the next call is of use.
        long serve(long nowNanos);
    }

    /// @param identity this node's key pair
    /// @param secret what callers must know beside this node's key; [PreSharedKey#NONE] if nothing
    /// @param transport carries the streams; empty if there are only packets
    /// @param answering answers callers that want streams; empty if there may be none
    /// @param packets has the peers with which packets are exchanged; empty if there are none
    /// @param reachabilities ask for the public addresses, one for each family; may be none
    /// @param mapping of this port on the gateway
    /// @param brokers of this port only
    record Config(
            Identity identity,
            PreSharedKey secret,
            Optional<Transport> transport,
            Optional<? extends Answering> answering,
            Optional<PacketService> packets,
            List<Reachability> reachabilities,
            Optional<PortMapping> mapping,
            Brokers brokers,
            RandomGenerator random) {
        Config {
            reachabilities = List.copyOf(reachabilities);
        }
    }

    private final Driver driver;
    private final Port port;
    private final Config config;
    private final SessionEngine engine;
    private final SessionPumps pumps;
    private final Brokers brokers;
    private final Optional<Offers> offers;
    private boolean closed;

    SessionPort(Driver driver, Port port, Config config) {
        this.driver = driver;
        this.port = port;
        this.config = config;
        brokers = config.brokers();
        engine =
                new SessionEngine(
                        new SessionEngine.Config(
                                config.identity(),
                                config.secret(),
                                config.transport().stream().toList(),
                                config.answering().map(Answering::admission),
                                config.random(),
                                Optional.of(brokers),
                                false,
                                config.packets()
                                        .map(PacketService::limits)
                                        .orElse(SessionEngine.Limits.NODE),
                                config.packets().map(each -> each),
                                config.packets().map(PacketService::wireGuardKey).orElse(false),
                                Processor.hasAes()),
                        driver.nanoTime());
        pumps = new SessionPumps(engine, callers());
        offers =
                brokers.discovery()
                        .map(
                                by ->
                                        new Offers(
                                                driver,
                                                port,
                                                by,
                                                brokers,
                                                this::candidates,
                                                config.answering().isPresent()
                                                        || config.packets().isPresent(),
                                                config.packets().isEmpty(),
                                                config.random()));
        var engines = new ArrayList<Engine>();
        reachabilities().forEach(asking -> engines.add(asking.engine()));
        offers.ifPresent(engines::add);
        engines.add(engine);
        port.attach(List.copyOf(engines), this::afterInput);
        config.packets().ifPresent(each -> each.attach(this));
    }

    /// Who is told of the sessions that peers begin: the engine admits only those for which there
    /// is somebody.
    private SessionPumps.Callers callers() {
        Optional<SessionPumps.News> streams = config.answering().map(this::watched);
        Optional<SessionPumps.News> packets = config.packets().map(this::watched);
        return session -> (session.mode().isOfPackets() ? packets : streams).orElseThrow();
    }

    /// Registers at the brokers.
    void start() {
        brokers.configured().forEach(this::addBroker);
    }

    /// Registers at one more broker, unless it is known already.
    void addBroker(BrokerAddress broker) {
        brokers.add(broker, port, engine, pumps);
    }

    Brokers brokers() {
        return brokers;
    }

    Optional<PacketService> packets() {
        return config.packets();
    }

    /// What the gateway and the STUN servers say of where this port is.
    private List<Candidate> candidates() {
        var found = new ArrayList<Candidate>();
        mapping()
                .ifPresent(
                        by ->
                                by.addresses()
                                        .forEach(at -> found.add(new Candidate(Type.MAPPED, at))));
        for (Reachability each : reachabilities()) {
            InetSocketAddress address = each.address();
            if (address != null) {
                found.add(new Candidate(Type.SERVER_REFLEXIVE, address));
            }
        }
        return found;
    }

    private SessionPumps.News watched(SessionPumps.News news) {
        return new SessionPumps.News() {
            @Override
            public void happened(SessionPumps.Link link, SessionEvent event) {
                brokers.happened(link.session(), event);
                offers.ifPresent(each -> each.happened(link.session(), event));
                news.happened(link, event);
            }

            @Override
            public void opened(SessionPumps.Link link, Stream stream) {
                news.opened(link, stream);
            }
        };
    }

    InetSocketAddress local() {
        return port.local();
    }

    SessionEngine engine() {
        return engine;
    }

    SessionPumps pumps() {
        return pumps;
    }

    List<Reachability> reachabilities() {
        return config.reachabilities();
    }

    Optional<PortMapping> mapping() {
        return config.mapping();
    }

    /// Begins a session, which is up some time after its first candidates.
    ///
    /// @param secret what the host wants beside its key; [PreSharedKey#NONE] if nothing
    /// @param news is told of it
    SessionPumps.Link call(NodeKey host, PreSharedKey secret, SessionPumps.News news) {
        long now = driver.nanoTime();
        Session session = engine.call(host, secret, config.transport().orElseThrow(), now);
        brokers.called(session);
        return pumps.add(session, watched(news));
    }

    /// Begins a session of packets, which is up some time after its first candidates.
    ///
    /// @param secret what the peer wants beside its key; [PreSharedKey#NONE] if nothing
    /// @param news is told of it
    SessionPumps.Link callPackets(NodeKey peer, PreSharedKey secret, SessionPumps.News news) {
        Session session = engine.callPackets(peer, secret, driver.nanoTime());
        brokers.called(session);
        return pumps.add(session, watched(news));
    }

    private long afterInput(long nowNanos) {
        reachabilities().forEach(Reachability::poll);
        mapping().ifPresent(PortMapping::review);
        long wait = pumps.afterInput(nowNanos);
        wait = Math.min(wait, brokers.serve(nowNanos));
        for (Refusal refusal; (refusal = engine.pollRefusal()) != null; ) {
            sayRefused(refusal);
        }
        if (config.answering().isPresent()) {
            wait = Math.min(wait, config.answering().get().serve(nowNanos));
        }
        if (config.packets().isPresent()) {
            wait = Math.min(wait, config.packets().get().serve(nowNanos));
        }
        return wait;
    }

    private void sayRefused(Refusal refusal) {
        if (config.answering().isPresent()) {
            config.answering().get().refused(refusal);
        } else {
            config.packets().ifPresent(each -> each.refused(refusal));
        }
    }

    /// This machine has slept, or its clock was set: nothing is known of the paths.
    void clockJumped() {
        long now = driver.nanoTime();
        engine.clockJumped(now);
        reachabilities().forEach(asking -> asking.refresh(now));
        config.packets().ifPresent(PacketService::hurry);
    }

    /// Who may call has changed.
    void review() {
        engine.reviewAdmission(driver.nanoTime());
    }

    /// Closes the port once the peers of sessions that have ended may have been told, twice if need
    /// be.
    void closeLater() {
        driver.schedule(LINGER, this::close);
    }

    /// Ends every session, telling the peers, and closes the port.
    void close() {
        if (!closed) {
            closed = true;
            LOG.log(Level.DEBUG, "sessions: {0}", engine.counters());
            reachabilities()
                    .forEach(
                            asking ->
                                    LOG.log(
                                            Level.DEBUG,
                                            "discovery: {0}",
                                            asking.engine().counters()));
            engine.shutdown(CloseCode.SHUTTING_DOWN, driver.nanoTime());
            port.close();
            brokers.close();
        }
    }
}
