package natt.core.node;

import natt.core.NodeKey;
import natt.core.io.Driver;
import natt.core.rendezvous.BrokerAddress;
import natt.core.session.Session;
import natt.core.session.SessionEvent;

import org.jspecify.annotations.Nullable;

import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Finds a peer as a client finds a host: by its name in DNS, or by a ticket.
final class HostCaller implements PacketCaller, HostSearch.Seeker {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How much earlier than by relay the peer is tried at its own addresses.
    private static final Duration HEAD_START = Duration.ofMillis(300);

    /// How soon to look again where nothing was found.
    private static final Duration PAUSE = Duration.ofSeconds(5);

    private final ClientConfig.Sessions config;
    private final Driver driver;
    private final SessionPort port;
    private final HostSearch search;
    private @Nullable Owner owner;
    private boolean known;
    private boolean called;
    private boolean looking;
    private boolean stopped;
    private String said = "";

    HostCaller(ClientConfig.Sessions config, Driver driver, SessionPort port) {
        this.config = config;
        this.driver = driver;
        this.port = port;
        search = new HostSearch(config, driver, this);
    }

    // ---- PacketCaller

    @Override
    public void start(Owner wants) {
        owner = wants;
        if (config.expires().filter(at -> !Instant.now().isBefore(at)).isPresent()) {
            wants.hopeless("the ticket for %s has expired".formatted(config.name()));
            return;
        }
        config.ticketBroker().ifPresent(port::addBroker);
        search.start();
    }

    @Override
    public void called(Session session) {
        session.addCandidates(search.found(), driver.nanoTime());
        driver.schedule(HEAD_START, () -> port.brokers().use(session));
        if (called) {
            search.lookAgain();
        }
        called = true;
    }

    @Override
    public void hurry() {
        if (searching()) {
            search.lookAgain();
        }
    }

    @Override
    public void happened(Session session, SessionEvent event) {
        switch (event) {
            case SessionEvent.Established(var path) -> search.remember(path);
            case SessionEvent.Moved(var _, var to) -> search.remember(to);
            case SessionEvent.Resumed(var path) -> search.remember(path);
            case SessionEvent.Doubtful _ -> search.lookAgain();
            case SessionEvent.Suspended _ -> search.keepLooking();
            case SessionEvent.OfSearch _, SessionEvent.Closed _ -> {}
        }
    }

    @Override
    public void stop() {
        stopped = true;
    }

    // ---- HostSearch.Seeker

    @Override
    public void keyFound(NodeKey key) {
        if (!stopped && owner != null) {
            known = true;
            owner.keyFound(key);
        }
    }

    @Override
    public void addressesFound(List<InetSocketAddress> addresses) {
        Optional<Session> begun = owner == null ? Optional.empty() : owner.begun();
        if (!stopped && begun.isPresent()) {
            begun.get().addCandidates(addresses, driver.nanoTime());
        }
    }

    @Override
    public void brokerFound(String broker) {
        try {
            port.addBroker(BrokerAddress.parse(broker));
        } catch (IllegalArgumentException malformed) {
            LOG.log(Level.DEBUG, "{0}", String.valueOf(malformed.getMessage()));
        }
    }

    @Override
    public void nothingFound(String why) {
        if (stopped || owner == null) {
            return;
        }
        if (!known && config.strict()) {
            owner.hopeless(why);
            return;
        }
        if (!why.equals(said)) {
            said = why;
            LOG.log(Level.WARNING, "{0}", why);
        }
        if (!looking) {
            looking = true;
            driver.schedule(PAUSE, search::keepLooking);
        }
    }

    @Override
    public boolean searching() {
        return !stopped && owner != null && owner.searching();
    }
}
