package natt.core.session;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/// The sessions without streams, of which a broker has thousands: only those with something to do
/// are looked at.
final class Quiet {
    /// How many datagrams one session sends before the next one's turn.
    private static final int DATAGRAMS_PER_TURN = 16;

    private final Deadlines deadlines = new Deadlines();
    private final ArrayDeque<Session> sending = new ArrayDeque<>();
    private int sentInTurn;

    /// A session may have something to send, or another deadline.
    void changed(Session session) {
        if (!session.sending) {
            session.sending = true;
            sending.add(session);
        }
    }

    void forget(Session session) {
        deadlines.remove(session);
        session.forgotten = true;
    }

    void handleTimeout(long nowNanos) {
        for (Session due; (due = deadlines.first()) != null && due.dueAt - nowNanos <= 0; ) {
            // Its next deadline is asked for when it has nothing to send any more.
            deadlines.remove(due);
            due.handleTimeout(nowNanos);
            changed(due);
        }
    }

    @Nullable InetSocketAddress poll(ByteBuffer into, long nowNanos) {
        for (Session next; (next = sending.peek()) != null; ) {
            InetSocketAddress to = next.forgotten ? null : next.poll(into, nowNanos);
            if (to == null) {
                sentInTurn = 0;
                sending.remove();
                next.sending = false;
                if (!next.forgotten) {
                    deadlines.put(next, next.nanosUntilTimeout(nowNanos), nowNanos);
                }
                continue;
            }
            if (++sentInTurn >= DATAGRAMS_PER_TURN) {
                sentInTurn = 0;
                sending.add(sending.remove());
            }
            return to;
        }
        return null;
    }

    long nanosUntilTimeout(long nowNanos) {
        Session first = deadlines.first();
        return first == null ? Long.MAX_VALUE : first.dueAt - nowNanos;
    }
}
