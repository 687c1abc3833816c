package natt.core.node;

import natt.core.forward.StreamPump;
import natt.core.io.Port;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;
import natt.core.spi.Transport.Stream;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/// Moves the streams of all sessions of one port, and passes on what happens to these.
final class SessionPumps implements Port.Owner {
    /// Is told, on the driver's thread.
    interface News {
        void happened(Link link, SessionEvent event);

        /// The peer has opened a stream.
        void opened(Link link, Stream stream);
    }

    /// Says who is told of a session that a peer has begun.
    interface Callers {
        News of(Session session);
    }

    /// A session and the splices of its streams.
    final class Link {
        private final Session session;
        private final News news;
        private final StreamPump<Stream> pump;
        private boolean queued;

        private Link(Session session, News news) {
            this.session = session;
            this.news = news;
            pump =
                    new StreamPump<>(
                            session.streams(), stream -> news.opened(this, stream), this::touch);
        }

        Session session() {
            return session;
        }

        StreamPump<Stream> pump() {
            return pump;
        }

        private void touch() {
            if (!queued) {
                queued = true;
                touched.add(this);
            }
        }

        private void serve(long nowNanos) {
            queued = false;
            for (SessionEvent event; (event = session.pollEvent()) != null; ) {
                news.happened(this, event);
                if (event instanceof SessionEvent.Closed) {
                    links.remove(session);
                    pump.wakeAll();
                }
            }
            if (pump.afterInput(nowNanos) <= 0) {
                touch();
            }
        }
    }

    private final SessionEngine engine;
    private final Callers callers;
    private final Map<Session, Link> links = new HashMap<>();
    private ArrayDeque<Link> touched = new ArrayDeque<>();
    private ArrayDeque<Link> serving = new ArrayDeque<>();

    /// @param callers of sessions that peers begin
    SessionPumps(SessionEngine engine, Callers callers) {
        this.engine = engine;
        this.callers = callers;
    }

    /// Takes a session that this node begins into care.
    ///
    /// @param news is told of it
    Link add(Session session, News news) {
        var link = new Link(session, news);
        links.put(session, link);
        link.touch();
        return link;
    }

    /// Of the sessions with peers, not those with brokers.
    Collection<Link> links() {
        return links.values().stream().filter(each -> !each.session.isRendezvous()).toList();
    }

    @Override
    public long afterInput(long nowNanos) {
        for (Session begun; (begun = engine.accept()) != null; ) {
            add(begun, callers.of(begun));
        }
        for (Session changed; (changed = engine.pollReady()) != null; ) {
            Link link = links.get(changed);
            if (link != null) {
                link.touch();
            }
        }
        var now = touched;
        touched = serving;
        serving = now;
        for (Link link; (link = serving.poll()) != null; ) {
            link.serve(nowNanos);
        }
        return touched.isEmpty() ? Engine.NEVER : 0;
    }
}
