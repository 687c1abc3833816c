package natt.core.node;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.session.Session;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// Of the sessions of packets with one peer: which serves, which go, and when to begin one. Without
/// clock, thread and socket.
///
/// Two nodes that call each other make two sessions; both come to keep the one begun by the smaller
/// public key, and of several begun by one side the newest. A peer that was restarted knows nothing
/// of the session that should stay: so a new session serves at once, until the peer has been heard
/// on the other since the new one came up. None is closed before the one that serves has been heard
/// for a while, so that what is on its way in it still arrives.
///
/// @param <L> what the owner knows of a session
final class PeerSessions<L extends PeerSessions.Line> {
    private static final long SECOND = 1_000_000_000;

    /// How long the one that serves is to be heard before others are closed: what was sent in these
    /// has arrived by then.
    static final long HANDOVER = 2 * SECOND;

    /// The pause after the first call in vain, then twice as long each time.
    private static final long PAUSE = SECOND;

    private static final long LONGEST_PAUSE = 15 * SECOND;

    /// A session that ends so soon was a call in vain.
    private static final long SHORT_LIFE = 5 * SECOND;

    /// A session.
    interface Line {
        /// Whether this side began it.
        boolean begunHere();

        Session.State state();

        /// For how many nanoseconds the peer has not been heard in it.
        long silent(long nowNanos);

        void close(CloseCode why, long nowNanos);
    }

    private static final class Entry<L> {
        private final L line;
        private boolean up;
        private long upAt;
        private boolean doubted;
        private long doubtedAt;

        Entry(L line) {
            this.line = line;
        }
    }

    private final boolean smaller;
    private final boolean calls;
    private final RandomGenerator random;

    /// In the order in which they began.
    private final List<Entry<L>> entries = new ArrayList<>(2);

    private @Nullable Entry<L> serving;
    private long servingSince;
    private int failures;
    private long callAt;

    /// @param smaller whether this node's public key is the smaller one
    /// @param calls whether this node calls the peer
    PeerSessions(boolean smaller, boolean calls, RandomGenerator random, long nowNanos) {
        this.smaller = smaller;
        this.calls = calls;
        this.random = random;
        callAt = nowNanos;
    }

    /// The one that packets are sent in; null if there is no path to the peer.
    @Nullable L serving() {
        return serving == null ? null : serving.line;
    }

    /// All that there are.
    List<L> lines() {
        return entries.stream().map(each -> each.line).toList();
    }

    /// Adds a session that this node begins, or that the peer has begun.
    void add(L line) {
        entries.add(new Entry<>(line));
    }

    /// Takes news of a session, which may be one that is not known any more.
    void happened(L line, SessionEvent event, long nowNanos) {
        Entry<L> entry = find(line);
        if (entry == null) {
            return;
        }
        switch (event) {
            case SessionEvent.Established _, SessionEvent.Resumed _ -> {
                entry.up = true;
                entry.upAt = nowNanos;
                entry.doubted = false;
            }
            case SessionEvent.Doubtful _ -> {
                entry.doubted = true;
                entry.doubtedAt = nowNanos;
            }
            case SessionEvent.Closed(var reason) -> {
                entries.remove(entry);
                ended(entry, reason, nowNanos);
            }
            case SessionEvent.Moved _, SessionEvent.Suspended _, SessionEvent.OfSearch _ -> {}
        }
        review(nowNanos);
    }

    private @Nullable Entry<L> find(L line) {
        for (Entry<L> each : entries) {
            if (each.line == line) {
                return each;
            }
        }
        return null;
    }

    /// Decides when to call again: at once if the peer has forgotten a session that was of use.
    private void ended(Entry<L> entry, CloseReason reason, long nowNanos) {
        boolean told = reason instanceof CloseReason.SessionClosed;
        if (entry.up && nowNanos - entry.upAt >= SHORT_LIFE) {
            failures = 0;
            callAt = nowNanos + (told ? pause() : 0);
        } else if (entry.line.begunHere() || told) {
            callAt = nowNanos + pause();
        }
    }

    private long pause() {
        long longest = Math.min(PAUSE << Math.min(failures++, 10), LONGEST_PAUSE);
        return longest - random.nextLong(longest / 4);
    }

    /// There is a reason to believe that the peer can be reached now.
    void hurry(long nowNanos) {
        failures = 0;
        callAt = nowNanos;
    }

    /// Whether to begin a session now.
    boolean isCallDue(long nowNanos) {
        return wantsCall() && callAt - nowNanos <= 0;
    }

    /// The peer that is being called, or that calls, is not called as well.
    private boolean wantsCall() {
        if (!calls || serving != null) {
            return false;
        }
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).line.begunHere()) {
                return false;
            }
        }
        return true;
    }

    long nanosUntilCall(long nowNanos) {
        return wantsCall() ? Math.max(0, callAt - nowNanos) : Engine.NEVER;
    }

    /// To be called after input.
    void review(long nowNanos) {
        if (entries.size() < 2 && isOnly(serving)) {
            return;
        }
        Entry<L> best = best(nowNanos);
        if (best != serving) {
            serving = best;
            servingSince = nowNanos;
        }
        if (best != null) {
            for (Entry<L> each : List.copyOf(entries)) {
                if (each != best && isOver(each, best, nowNanos)) {
                    entries.remove(each);
                    each.line.close(CloseCode.REPLACED, nowNanos);
                }
            }
        }
    }

    private boolean isOnly(@Nullable Entry<L> entry) {
        return entry == null
                ? entries.isEmpty()
                : isUp(entry) && !entries.isEmpty() && entries.getFirst() == entry;
    }

    private static boolean isUp(Entry<? extends Line> entry) {
        return entry.line.state() == Session.State.UP;
    }

    private boolean isBySmaller(Entry<L> entry) {
        return entry.line.begunHere() == smaller;
    }

    private @Nullable Entry<L> best(long nowNanos) {
        Entry<L> stays = newest(true);
        Entry<L> goes = newest(false);
        if (stays == null || goes == null) {
            return stays == null ? goes : stays;
        }
        boolean doubtful = isDoubtful(stays, nowNanos);
        if (doubtful != isDoubtful(goes, nowNanos)) {
            return doubtful ? goes : stays;
        }
        boolean known = stays.upAt - goes.upAt >= 0 || heardAfter(stays, goes.upAt, nowNanos);
        return known ? stays : goes;
    }

    private @Nullable Entry<L> newest(boolean bySmaller) {
        for (int i = entries.size() - 1; i >= 0; i--) {
            Entry<L> each = entries.get(i);
            if (isUp(each) && isBySmaller(each) == bySmaller) {
                return each;
            }
        }
        return null;
    }

    private static boolean heardAfter(Entry<? extends Line> entry, long nanos, long nowNanos) {
        return nowNanos - entry.line.silent(nowNanos) - nanos > 0;
    }

    private static boolean isDoubtful(Entry<? extends Line> entry, long nowNanos) {
        return entry.doubted && !heardAfter(entry, entry.doubtedAt, nowNanos);
    }

    /// Whether a session is of no use any more beside the one that serves.
    private boolean isOver(Entry<L> entry, Entry<L> best, long nowNanos) {
        return switch (entry.line.state()) {
            // What the larger key calls for is there.
            case CONNECTING -> !isBySmaller(entry) || isBySmaller(best);
            case SUSPENDED -> true;
            case CLOSED -> false;
            case UP ->
                    isDoubtful(entry, nowNanos)
                            ? !isDoubtful(best, nowNanos)
                            : mayGo(entry, best, nowNanos);
        };
    }

    /// One that should stay, but of which the peer seems to know nothing, goes once it is in doubt.
    private boolean mayGo(Entry<L> entry, Entry<L> best, long nowNanos) {
        boolean shouldStay = isBySmaller(entry) && !isBySmaller(best);
        long since = servingSince - entry.upAt > 0 ? servingSince : entry.upAt;
        return !shouldStay && heardAfter(best, since + HANDOVER, nowNanos);
    }

    /// Ends all.
    void close(CloseCode why, long nowNanos) {
        var all = lines();
        entries.clear();
        serving = null;
        all.forEach(each -> each.close(why, nowNanos));
    }
}
