package natt.core.node;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.NodeKey;
import natt.core.ResetCode;
import natt.core.Text;
import natt.core.forward.LocalEnd;
import natt.core.forward.PeerEnd;
import natt.core.forward.Splice;
import natt.core.io.Driver;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.core.spi.Transport.Stream;
import natt.core.status.Report;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/// Carries connections to the targets of one peer: by a session that is begun when it is needed,
/// kept, and begun anew when it has ended; by more when there are more connections than one may
/// have. Lives on the driver's thread.
final class PeerCarrier implements SessionPumps.News {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How long a peer may take to answer, and a target to be connected.
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private static final Duration HUNG_UP = Duration.ofSeconds(1);

    /// How long a further session is kept without connections.
    private static final Duration IDLE = Duration.ofSeconds(60);

    /// Of one session: fewer than it may have, since the peer may still be ending some.
    private static final int MOST_STREAMS = SessionEngine.MOST_STREAMS - 8;

    private final Peer peer;
    private final Driver driver;
    private final NodeKey own;
    private final PeerFinder finder;
    private final PeerPins pins;
    private final Set<Connection> connections = new LinkedHashSet<>();
    private final List<SessionPumps.Link> links = new ArrayList<>();
    private @Nullable NodeKey key;
    private boolean finding;
    private boolean pinned;

    /// @param own this node's key
    PeerCarrier(Peer peer, Driver driver, NodeKey own, PeerFinder finder, PeerPins pins) {
        this.peer = peer;
        this.driver = driver;
        this.own = own;
        this.finder = finder;
        this.pins = pins;
        key = peer.key().orElse(null);
    }

    int connections() {
        return connections.size();
    }

    /// Whether nothing is lost by forgetting it.
    boolean isIdle() {
        return connections.isEmpty() && links.isEmpty() && !finding;
    }

    /// Takes a connection into care.
    ///
    /// @param ended completed when it has ended
    /// @return ends it, on the driver's thread, as if this node stopped
    Runnable carry(LocalCall call, Target target, CompletableFuture<Ending> ended) {
        var connection = new Connection(call, target, ended);
        connections.add(connection);
        driver.schedule(PATIENCE, connection::giveUp);
        if (key != null) {
            connection.dial(linkFor(key));
        } else if (!finding) {
            finding = true;
            pins.find(peer, finder, this::found);
        }
        return connection::stop;
    }

    private void found(PeerFinder.Found found) {
        finding = false;
        if (found.key().isEmpty()) {
            waiting().forEach(each -> each.fail(found.why()));
            return;
        }
        key = found.key().get();
        for (Connection each : waiting()) {
            each.dial(linkFor(key));
        }
    }

    private List<Connection> waiting() {
        return connections.stream().filter(each -> each.link == null).toList();
    }

    private List<Connection> connectionsOf(SessionPumps.Link link) {
        return connections.stream().filter(each -> each.link == link).toList();
    }

    private SessionPumps.Link linkFor(NodeKey called) {
        for (SessionPumps.Link each : links) {
            boolean suspended = each.session().state() == Session.State.SUSPENDED;
            if (!suspended && each.session().streams().openStreams() < MOST_STREAMS) {
                return each;
            }
        }
        SessionPumps.Link link = finder.call(called, this);
        links.add(link);
        driver.schedule(PATIENCE, () -> giveUp(link));
        if (finder.isHopeless(called)) {
            driver.execute(this::unreachable);
        }
        return link;
    }

    private void giveUp(SessionPumps.Link link) {
        if (link.session().state() == Session.State.CONNECTING) {
            String known = finder.why(link.session().peer());
            fail(
                    link,
                    "no connection to %s for %d s%s"
                            .formatted(
                                    peer,
                                    PATIENCE.toSeconds(),
                                    known.isEmpty() ? "" : ": " + known));
        }
    }

    /// There is no way to the peer, which may be news.
    void unreachable() {
        for (SessionPumps.Link each : List.copyOf(links)) {
            NodeKey called = each.session().peer();
            if (each.session().state() == Session.State.CONNECTING && finder.isHopeless(called)) {
                fail(each, "no connection to %s: %s".formatted(peer, finder.why(called)));
            }
        }
    }

    private void fail(SessionPumps.Link link, String why) {
        links.remove(link);
        connectionsOf(link).forEach(each -> each.fail(why));
        link.session().close(CloseCode.UNSPECIFIED, driver.nanoTime());
        forget();
    }

    /// The name may have another key by the next time.
    private void forget() {
        if (links.isEmpty() && peer.key().isEmpty()) {
            key = null;
        }
    }

    @Override
    public void happened(SessionPumps.Link link, SessionEvent event) {
        NodeKey called = link.session().peer();
        switch (event) {
            case SessionEvent.Established(var path) -> {
                LOG.log(Level.INFO, "session with {0} {1}", peer, finder.place(path, called));
                if (!pinned) {
                    pinned = true;
                    pins.remember(peer, called);
                }
            }
            case SessionEvent.Moved(var _, var to) ->
                    LOG.log(Level.INFO, "{0} is {1} now", peer, finder.place(to, called));
            case SessionEvent.Suspended(var silence) ->
                    LOG.log(
                            Level.INFO,
                            "{0} has been silent for {1} s: connections wait",
                            peer,
                            silence.toSeconds());
            case SessionEvent.Resumed(var path) ->
                    LOG.log(Level.INFO, "{0} is back, {1}", peer, finder.place(path, called));
            case SessionEvent.Closed(var reason) -> {
                LOG.log(
                        Level.INFO,
                        "session with {0} ends: {1}",
                        peer,
                        Text.escape(reason.describe()));
                links.remove(link);
                forget();
            }
            default -> {}
        }
    }

    /// A peer that is called has no targets of this node's; it calls itself for these.
    @Override
    public void opened(SessionPumps.Link link, Stream stream) {
        stream.reset(ResetCode.NO_SUCH_SERVICE, driver.nanoTime());
    }

    private void idle(SessionPumps.Link link) {
        driver.schedule(
                IDLE,
                () -> {
                    if (links.size() > 1 && connectionsOf(link).isEmpty() && links.remove(link)) {
                        link.session().close(CloseCode.IDLE, driver.nanoTime());
                    }
                });
    }

    List<Report> connectionReports(long nowNanos) {
        return connections.stream().map(each -> each.report(nowNanos)).toList();
    }

    /// Ends all, telling the peer.
    void close() {
        List.copyOf(connections).forEach(Connection::stop);
    }

    /// One local connection and the stream that carries it.
    private final class Connection {
        private final LocalCall call;
        private final Target target;
        private final CompletableFuture<Ending> ended;
        private final long since = driver.nanoTime();
        private SessionPumps.@Nullable Link link;
        private @Nullable PeerEnd local;
        private @Nullable Splice splice;
        private String failure = "";

        Connection(LocalCall call, Target target, CompletableFuture<Ending> ended) {
            this.call = call;
            this.target = target;
            this.ended = ended;
        }

        Report report(long nowNanos) {
            return Report.builder()
                    .text("peer", peer.text())
                    .text("target", target.toString())
                    .text("from", call.origin())
                    .text("state", isConnected() ? "open" : "waiting")
                    .seconds("age", Duration.ofNanos(nowNanos - since))
                    .build();
        }

        private boolean isConnected() {
            return local != null && local.connected();
        }

        void dial(SessionPumps.Link by) {
            link = by;
            Stream stream = by.session().streams().dial(target.service(), driver.nanoTime());
            try {
                LocalEnd inner = call.open(driver, this::wake);
                Optional<LocalEnd> error =
                        target instanceof Target.Command
                                ? Optional.of(call.openError(driver, this::wake))
                                : Optional.empty();
                local = new PeerEnd(inner, error, this::wake, call::connected);
                splice = new Splice(driver, stream, local, false, this::closed);
                by.pump().add(splice);
                if (call.endsWithTarget()) {
                    watch(local, -1);
                }
            } catch (IOException failed) {
                stream.reset(ResetCode.TARGET_RESET, driver.nanoTime());
                call.refuse();
                end("the local connection cannot be used: " + Client.reason(failed));
            }
        }

        /// A target that has hung up cannot be told from one that has only finished until it is
        /// written to: after a second without a word from here it counts as gone.
        private void watch(PeerEnd watched, long bytesBefore) {
            long bytes = watched.bytesRead();
            if (watched.isIdle() && bytes == bytesBefore) {
                watched.hangUp();
            } else if (connections.contains(this)) {
                driver.schedule(HUNG_UP, () -> watch(watched, watched.isIdle() ? bytes : -1));
            }
        }

        private void wake() {
            if (link != null && splice != null) {
                link.pump().wake(splice);
            }
        }

        void giveUp() {
            if (connections.contains(this) && !isConnected()) {
                fail(
                        "no connection to %s of %s for %d s"
                                .formatted(show(), peer, PATIENCE.toSeconds()));
            }
        }

        void fail(String why) {
            failure = why;
            if (splice == null) {
                call.refuse();
                end(why);
            } else {
                splice.abort(ResetCode.UNSPECIFIED, driver.nanoTime());
            }
        }

        void stop() {
            if (splice == null) {
                fail(Carrier.STOPPED);
            } else {
                splice.abort(ResetCode.SHUTTING_DOWN, driver.nanoTime());
            }
        }

        private void closed(CloseReason reason) {
            // It may have ended by its own clock; the pump drops it in its turn.
            wake();
            if (!failure.isEmpty()) {
                end(failure);
                return;
            }
            boolean silent =
                    local != null && target instanceof Target.Command && status().isEmpty();
            end(
                    switch (reason) {
                        case CloseReason.Finished() when silent ->
                                "%s has not said how %s ended".formatted(peer, show());
                        case CloseReason.Finished() -> "";
                        case CloseReason.Local() -> Carrier.LOCAL_BREAK;
                        default -> describe(reason);
                    });
        }

        private OptionalInt status() {
            return local == null ? OptionalInt.empty() : local.status();
        }

        private String show() {
            return Text.escape(target.toString());
        }

        private String describe(CloseReason reason) {
            return switch (reason) {
                case CloseReason.SessionClosed(var code) when code == CloseCode.UNKNOWN_KEY ->
                        "%s does not know this node's key %s: add it to authorized_clients there"
                                .formatted(peer, own);
                case CloseReason.Remote(var code) when code == ResetCode.NO_SUCH_SERVICE ->
                        "%s has no target %s".formatted(peer, show());
                case CloseReason.Remote(var code) when code == ResetCode.NOT_ALLOWED ->
                        "%s does not allow %s".formatted(peer, show());
                case CloseReason.Remote(var code) when code == ResetCode.TARGET_UNREACHABLE ->
                        target instanceof Target.Command
                                ? "%s cannot start %s".formatted(peer, show())
                                : "%s cannot reach %s".formatted(peer, show());
                case CloseReason.Remote(var code) when code == ResetCode.NOT_SSH ->
                        "%s serves strangers only with SSH, which %s does not speak"
                                .formatted(peer, show());
                default -> "%s: %s".formatted(peer, Text.escape(reason.describe()));
            };
        }

        private void end(String why) {
            if (connections.remove(this)) {
                LOG.log(Level.DEBUG, "a connection to {0} ends: {1}", show(), why);
                call.over(isConnected(), why);
                ended.complete(new Ending(why, status()));
                if (link != null) {
                    idle(link);
                }
            }
        }
    }
}
