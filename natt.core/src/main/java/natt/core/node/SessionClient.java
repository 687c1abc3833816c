package natt.core.node;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.ResetCode;
import natt.core.Text;
import natt.core.io.Driver;
import natt.core.rendezvous.BrokerAddress;
import natt.core.session.Session;
import natt.core.session.SessionEvent;
import natt.core.spi.Transport.Stream;
import natt.core.status.Report;

import org.jspecify.annotations.Nullable;

import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/// One session with one host, from the search for it to its end.
final class SessionClient implements HostSearch.Seeker, SessionPumps.News, Brokers.Listener {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How long the host is tried.
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    /// How much earlier than by relay the host is tried at its own addresses.
    private static final Duration HEAD_START = Duration.ofMillis(300);

    /// Is told, on the driver's thread.
    interface Owner {
        /// Streams can be dialed, which are opened with the session.
        void called(SessionClient client);

        /// There will be no session.
        ///
        /// @param why one line for the user
        void failed(SessionClient client, String why);

        /// The session has ended, and with it its streams.
        void ended(SessionClient client);
    }

    private final ClientConfig.Sessions config;
    private final Driver driver;
    private final Owner owner;
    private final SessionPort port;
    private final Brokers brokers;
    private final HostSearch search;
    private SessionPumps.@Nullable Link link;
    private boolean over;
    private String nothingFound = "";

    /// @param port from which the host is called
    SessionClient(ClientConfig.Sessions config, Driver driver, SessionPort port, Owner owner) {
        this.config = config;
        this.driver = driver;
        this.port = port;
        brokers = port.brokers();
        this.owner = owner;
        search = new HostSearch(config, driver, this);
    }

    void start() {
        driver.schedule(PATIENCE, this::giveUp);
        search.start();
    }

    private void giveUp() {
        if (!over && (link == null || state() == Session.State.CONNECTING)) {
            fail(failure(PATIENCE));
        }
    }

    boolean called() {
        return link != null;
    }

    /// What is known of the host.
    Report hostReport() {
        return search.report();
    }

    SessionPumps.Link link() {
        if (link == null) {
            throw new IllegalStateException("there is no session yet");
        }
        return link;
    }

    private Session.State state() {
        return link().session().state();
    }

    /// Says why the host has not answered, in one line.
    String failure(Duration waited) {
        String direct = nothingFound.isEmpty() ? search.failure(waited) : nothingFound;
        return link == null || brokers.isEmpty()
                ? direct
                : direct + "; " + brokers.why(link.session().peer());
    }

    @Override
    public void keyFound(NodeKey key) {
        if (over) {
            return;
        }
        link = port.call(key, config.secret(), this);
        brokers.listen(this);
        driver.schedule(HEAD_START, () -> brokers.use(link().session()));
        owner.called(this);
    }

    @Override
    public void addressesFound(List<InetSocketAddress> addresses) {
        if (!over) {
            nothingFound = "";
            LOG.log(
                    Level.DEBUG,
                    "{0} may be at {1}",
                    config.name(),
                    addresses.stream().map(HostAndPort::format).toList());
            link().session().addCandidates(addresses, driver.nanoTime());
        }
    }

    @Override
    public void nothingFound(String why) {
        nothingFound = why;
        failed();
    }

    @Override
    public void brokerFound(String broker) {
        try {
            port.addBroker(BrokerAddress.parse(broker));
        } catch (IllegalArgumentException malformed) {
            LOG.log(Level.DEBUG, "{0}", String.valueOf(malformed.getMessage()));
        }
    }

    /// There is nothing to wait for when there is neither an address nor a broker that helps.
    @Override
    public void failed() {
        boolean waiting = !over && (link == null || state() == Session.State.CONNECTING);
        if (waiting && !nothingFound.isEmpty()) {
            if (link == null || brokers.isHopeless(link.session().peer())) {
                fail(failure(Duration.ZERO));
            }
        }
    }

    @Override
    public boolean searching() {
        return !over && (link == null || state() != Session.State.UP);
    }

    private void fail(String why) {
        owner.failed(this, why);
        close(CloseCode.UNSPECIFIED);
    }

    @Override
    public void happened(SessionPumps.Link session, SessionEvent event) {
        String name = config.name();
        if (event instanceof SessionEvent.Established(var path)) {
            // Not in the switch: it would hold up the first bytes.
            LOG.log(Level.INFO, "session with {0} {1}", name, place(path));
            search.remember(path);
            return;
        }
        switch (event) {
            case SessionEvent.Established _ -> {}
            case SessionEvent.Moved(var from, var to) -> {
                LOG.log(
                        Level.INFO,
                        "{0}",
                        PathText.moved(name, brokers, session.session(), from, to));
                search.remember(to);
            }
            case SessionEvent.Doubtful(var silence) -> {
                LOG.log(Level.DEBUG, "{0} has been silent for {1} s", name, silence.toSeconds());
                search.lookAgain();
            }
            case SessionEvent.Suspended(var silence) -> {
                LOG.log(
                        Level.INFO,
                        "{0} has been silent for {1} s: connections wait",
                        name,
                        silence.toSeconds());
                search.keepLooking();
            }
            case SessionEvent.Resumed(var path) -> {
                LOG.log(Level.INFO, "{0} is back, {1}", name, place(path));
                search.remember(path);
            }
            case SessionEvent.OfSearch _ -> {
                // No candidates are offered.
            }
            case SessionEvent.Closed(var reason) -> {
                LOG.log(
                        Level.INFO,
                        "session with {0} ends: {1}",
                        name,
                        Text.escape(reason.describe()));
                if (!over) {
                    end();
                    if (reason instanceof CloseReason.NoAnswer) {
                        owner.failed(this, failure(PATIENCE));
                    } else {
                        owner.ended(this);
                    }
                }
            }
        }
    }

    private String place(InetSocketAddress path) {
        return brokers.place(path, link().session().peer());
    }

    private void end() {
        over = true;
        brokers.ignore(this);
    }

    /// A host opens no streams to its clients.
    @Override
    public void opened(SessionPumps.Link session, Stream stream) {
        stream.reset(ResetCode.NO_SUCH_SERVICE, driver.nanoTime());
    }

    /// Ends the session.
    void close(CloseCode code) {
        if (!over) {
            end();
            if (link != null) {
                link.session().close(code, driver.nanoTime());
            }
        }
    }
}
