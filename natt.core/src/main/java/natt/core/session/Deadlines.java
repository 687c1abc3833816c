package natt.core.session;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/// Sessions in the order in which they want to be called: a heap in which each knows its place.
/// Times wrap, so only differences count.
final class Deadlines {
    private final List<Session> heap = new ArrayList<>();

    /// The session that wants to be called first, or null.
    @Nullable Session first() {
        return heap.isEmpty() ? null : heap.getFirst();
    }

    int size() {
        return heap.size();
    }

    /// Puts a session at its place, whether it is here already or not.
    ///
    /// @param wait in how many nanoseconds it wants to be called, from now; [Long#MAX_VALUE] never
    void put(Session session, long wait, long nowNanos) {
        if (wait == Long.MAX_VALUE) {
            remove(session);
            return;
        }
        session.dueAt = nowNanos + Math.max(0, wait);
        if (session.heapAt < 0) {
            session.heapAt = heap.size();
            heap.add(session);
        }
        if (!rise(session)) {
            sink(session);
        }
    }

    void remove(Session session) {
        int at = session.heapAt;
        if (at < 0) {
            return;
        }
        session.heapAt = -1;
        Session last = heap.removeLast();
        if (last != session) {
            set(at, last);
            if (!rise(last)) {
                sink(last);
            }
        }
    }

    private boolean rise(Session session) {
        int start = session.heapAt;
        while (session.heapAt > 0) {
            Session above = heap.get((session.heapAt - 1) / 2);
            if (above.dueAt - session.dueAt <= 0) {
                break;
            }
            exchange(session, above);
        }
        return session.heapAt != start;
    }

    private void sink(Session session) {
        while (true) {
            int below = 2 * session.heapAt + 1;
            if (below >= heap.size()) {
                return;
            }
            Session least = heap.get(below);
            if (below + 1 < heap.size() && heap.get(below + 1).dueAt - least.dueAt < 0) {
                least = heap.get(below + 1);
            }
            if (session.dueAt - least.dueAt <= 0) {
                return;
            }
            exchange(session, least);
        }
    }

    private void exchange(Session a, Session b) {
        int at = a.heapAt;
        set(b.heapAt, a);
        set(at, b);
    }

    private void set(int at, Session session) {
        session.heapAt = at;
        heap.set(at, session);
    }
}
