package natt.core.node;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.NodeKey;
import natt.core.Route;
import natt.core.Text;
import natt.core.keys.AddressPrefix;
import natt.core.session.Session;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;
import natt.core.status.Report;

import org.jspecify.annotations.Nullable;

import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A peer with which packets are exchanged, whether or not there is a path to it now. All but
/// [#name] is for the driver's thread.
public final class PacketPeer {
    private static final System.Logger LOG = System.getLogger("natt");

    /// A session that has lived for so long was not one in vain.
    private static final Duration LASTING = Duration.ofSeconds(5);

    /// One of the sessions with the peer.
    private record Line(SessionPumps.Link link) implements PeerSessions.Line {
        Session session() {
            return link.session();
        }

        @Override
        public boolean begunHere() {
            return session().initiator();
        }

        @Override
        public Session.State state() {
            return session().state();
        }

        @Override
        public long silent(long nowNanos) {
            return session().silence(nowNanos).toNanos();
        }

        @Override
        public void close(CloseCode why, long nowNanos) {
            session().close(why, nowNanos);
        }
    }

    private final String name;
    private final PacketService service;
    private final PacketCaller caller;
    private List<AddressPrefix> prefixes = List.of();
    private @Nullable NodeKey key;
    private @Nullable PeerSessions<Line> sessions;
    private boolean left;

    /// Why the last session ended, until one has lasted: calls in vain are not told again and
    /// again.
    private String said = "";

    /// Whether the peer ended it: then one that is up may be ended at once.
    private boolean refused;

    private long received;
    private long receivedBytes;
    private long sent;
    private long sentBytes;
    private long unsent;

    PacketPeer(String name, PacketService service, PacketCaller caller) {
        this.name = name;
        this.service = service;
        this.caller = caller;
    }

    /// As the user calls it: by a name, or by its key.
    public String name() {
        return name;
    }

    /// The peer's public key; empty while only its name is known.
    public Optional<NodeKey> key() {
        return Optional.ofNullable(key);
    }

    /// The inner addresses that the list of clients gives it; of others than a server's clients
    /// none.
    public List<AddressPrefix> prefixes() {
        return prefixes;
    }

    void usePrefixes(List<AddressPrefix> theirs) {
        prefixes = List.copyOf(theirs);
    }

    // ---- packets

    private @Nullable Session serving() {
        Line line = sessions == null ? null : sessions.serving();
        return line == null ? null : line.session();
    }

    /// Whether there is a path.
    public boolean isUp() {
        return serving() != null;
    }

    /// Where the peer is; empty without a path. A [Route] if it is by a relay.
    public Optional<InetSocketAddress> path() {
        Session session = serving();
        return session == null ? Optional.empty() : session.path();
    }

    /// The longest packet that goes whole now, in bytes; without a path the least that any path
    /// carries.
    public int packetSize() {
        Session session = serving();
        return session == null ? PacketService.LEAST_PACKET : session.packetSize();
    }

    /// Whether it is known, for now, that no longer packet goes whole.
    public boolean packetSizeIsFinal() {
        Session session = serving();
        return session != null && session.packetSizeIsFinal();
    }

    /// Sends a packet, which may get lost on its way.
    ///
    /// @return false if it is lost already: there is no path or no room, or it is too long
    public boolean send(ByteBuffer packet, long nowNanos) {
        Session session = serving();
        int length = packet.remaining();
        if (session == null || !session.send(packet, nowNanos)) {
            unsent++;
            return false;
        }
        sent++;
        sentBytes += length;
        return true;
    }

    void countReceived(int length) {
        received++;
        receivedBytes += length;
    }

    // ---- sessions

    void start(boolean calls) {
        caller.start(
                new PacketCaller.Owner() {
                    @Override
                    public void keyFound(NodeKey found) {
                        if (!left && service.know(PacketPeer.this, found)) {
                            settle(found, calls);
                        }
                    }

                    @Override
                    public boolean searching() {
                        return !left && !isUp();
                    }

                    @Override
                    public Optional<Session> begun() {
                        return PacketPeer.this.begun();
                    }

                    @Override
                    public void hurry() {
                        PacketPeer.this.hurry();
                    }

                    @Override
                    public void hopeless(String why) {
                        service.hopeless(why);
                    }
                });
    }

    void settle(NodeKey found, boolean calls) {
        key = found;
        sessions =
                new PeerSessions<>(
                        service.own().compareTo(found) < 0,
                        calls,
                        service.random(),
                        service.nanoTime());
    }

    private Optional<Session> begun() {
        return sessions == null
                ? Optional.empty()
                : sessions.lines().stream()
                        .map(Line::session)
                        .filter(Session::initiator)
                        .findFirst();
    }

    boolean hasLeft() {
        return left;
    }

    /// The broker carries to the peer. Unless that is what this node has asked for, the peer has.
    void carried() {
        if (begun().isEmpty()) {
            hurry();
        }
    }

    /// There is reason to try at once.
    void hurry() {
        if (sessions != null) {
            sessions.hurry(service.nanoTime());
        }
        caller.hurry();
    }

    /// Takes a session into care. What it is told with later tells which one it is.
    PacketService.Held hold(SessionPumps.Link link) {
        var line = new Line(link);
        if (sessions == null || left) {
            throw new AssertionError("only a peer whose key is known has sessions");
        }
        sessions.add(line);
        return (event, now) -> happened(line, event, now);
    }

    /// Begins a session if it is time to; returns the nanoseconds until that is so.
    long serve(long nowNanos) {
        if (sessions == null || key == null || left) {
            return Engine.NEVER;
        }
        sessions.review(nowNanos);
        sayLasting(nowNanos);
        if (sessions.isCallDue(nowNanos)) {
            caller.called(service.begin(this, key).session());
        }
        return sessions.nanosUntilCall(nowNanos);
    }

    private void happened(Line line, SessionEvent event, long nowNanos) {
        if (sessions == null) {
            return;
        }
        sessions.happened(line, event, nowNanos);
        log(line, event);
        if (!left && line.begunHere()) {
            caller.happened(line.session(), event);
        }
        if (!left) {
            service.changed(this, event);
        }
    }

    private void log(Line line, SessionEvent event) {
        // While another serves, this one's path is nothing to the user.
        Session serving = serving();
        Level ofPath = serving == null || serving == line.session() ? Level.INFO : Level.DEBUG;
        switch (event) {
            case SessionEvent.Established(var path) -> {
                LOG.log(
                        refused ? Level.DEBUG : Level.INFO,
                        "session with {0} {1}",
                        name,
                        service.place(path, line.session()));
                said = refused ? said : "";
            }
            case SessionEvent.Moved(var from, var to) ->
                    LOG.log(ofPath, "{0}", service.moved(name, line.session(), from, to));
            case SessionEvent.Doubtful(var silence) ->
                    LOG.log(
                            Level.DEBUG,
                            "{0} has been silent for {1} s",
                            name,
                            silence.toSeconds());
            case SessionEvent.Suspended(var silence) ->
                    LOG.log(
                            ofPath,
                            "{0} has been silent for {1} s: packets are lost",
                            name,
                            silence.toSeconds());
            case SessionEvent.Resumed(var path) ->
                    LOG.log(ofPath, "{0} is back, {1}", name, service.place(path, line.session()));
            case SessionEvent.OfSearch _ -> {}
            case SessionEvent.Closed(var reason) -> {
                String why = Text.escape(reason.describe());
                boolean news = !isUp() && !why.equals(said);
                LOG.log(news ? Level.INFO : Level.DEBUG, "session with {0} ends: {1}", name, why);
                if (!isUp()) {
                    said = why;
                    refused = reason instanceof CloseReason.SessionClosed;
                }
            }
        }
    }

    /// Says so once a session has lasted after others that did not.
    private void sayLasting(long nowNanos) {
        Session session = serving();
        if (!refused || session == null || session.age(nowNanos).compareTo(LASTING) < 0) {
            return;
        }
        said = "";
        refused = false;
        session.path()
                .ifPresent(
                        path ->
                                LOG.log(
                                        Level.INFO,
                                        "session with {0} {1}",
                                        name,
                                        service.place(path, session)));
    }

    /// Ends all with this peer.
    void leave(CloseCode why) {
        left = true;
        caller.stop();
        if (sessions != null) {
            sessions.close(why, service.nanoTime());
        }
    }

    // ---- for people

    /// How it is: name, key, state, path, packets and their lengths.
    public Report report(long nowNanos) {
        var report = Report.builder().text("peer", name);
        key().ifPresent(known -> report.key("key", known));
        Session session = serving();
        report.text("state", state(session)).address("path", path());
        if (session != null) {
            session.search().whyRelayed().ifPresent(why -> report.text("whyRelayed", why));
            report.count("packetBytes", session.packetSize());
        }
        return report.count("packetsReceived", received)
                .bytes("received", receivedBytes)
                .count("packetsSent", sent)
                .bytes("sent", sentBytes)
                .count("packetsLost", unsent)
                .reports("sessions", sessionReports(nowNanos))
                .build();
    }

    private String state(@Nullable Session serving) {
        if (serving != null) {
            return "up";
        }
        if (key == null) {
            return "searching";
        }
        return begun().isPresent() ? "calling" : "waiting";
    }

    private List<Report> sessionReports(long nowNanos) {
        var all = new ArrayList<Report>();
        if (sessions != null) {
            for (Line each : sessions.lines()) {
                all.add(SessionReport.of(each.link(), Optional.empty(), nowNanos));
            }
        }
        return all;
    }

    @Override
    public String toString() {
        return name;
    }
}
