package natt.core.node;

import natt.core.CloseCode;
import natt.core.NodeKey;
import natt.core.session.Session;
import natt.core.session.SessionEvent;

import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Which session with a peer serves and which go, without the driver and the port of a real node.
public final class PacketRules {
    private record Line(Session session) implements PeerSessions.Line {
        @Override
        public boolean begunHere() {
            return session.initiator();
        }

        @Override
        public Session.State state() {
            return session.state();
        }

        @Override
        public long silent(long nowNanos) {
            return session.silence(nowNanos).toNanos();
        }

        @Override
        public void close(CloseCode why, long nowNanos) {
            session.close(why, nowNanos);
        }
    }

    private final PeerSessions<Line> sessions;

    public PacketRules(NodeKey own, NodeKey peer, RandomGenerator random, long nowNanos) {
        sessions = new PeerSessions<>(own.compareTo(peer) < 0, true, random, nowNanos);
    }

    public void add(Session session) {
        sessions.add(new Line(session));
    }

    public void happened(Session session, SessionEvent event, long nowNanos) {
        for (Line each : sessions.lines()) {
            if (each.session.equals(session)) {
                sessions.happened(each, event, nowNanos);
            }
        }
    }

    public void hurry(long nowNanos) {
        sessions.hurry(nowNanos);
    }

    /// Whether a session is to be begun now.
    public boolean serve(long nowNanos) {
        sessions.review(nowNanos);
        return sessions.isCallDue(nowNanos);
    }

    public long nanosUntilCall(long nowNanos) {
        return sessions.nanosUntilCall(nowNanos);
    }

    public Optional<Session> serving() {
        return Optional.ofNullable(sessions.serving()).map(Line::session);
    }

    public List<Session> sessions() {
        return sessions.lines().stream().map(Line::session).toList();
    }
}
