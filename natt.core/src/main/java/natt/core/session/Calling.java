package natt.core.session;

import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.Route;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// The initiator's handshakes: an INIT to every address at which the peer may be, again and again,
/// each with an ephemeral key and an index of its own, until one is answered.
final class Calling {
    // What DESIGN fixes.
    private static final int MOST_ATTEMPTS = 8;

    /// RFC 8305, section 5: how long one address is ahead of the next.
    private static final long STAGGER = 250_000_000;

    // What natt chooses.
    private static final long SECOND = 1_000_000_000;
    private static final int MOST_CANDIDATES = 16;

    /// The distances between the first INITs to one address, and between the later ones: at 40 %
    /// loss each way all 13 of ten seconds are lost three times in a thousand.
    private static final long[] AGAIN = {SECOND / 4, SECOND / 2};

    private static final long LATER = 3 * SECOND / 4;

    /// While there is no path: often enough to be back three seconds after the network is.
    private static final long PATIENT = 2 * SECOND;

    /// Later, when the network has been away for so many tries, for hours perhaps.
    private static final int MANY_TRIES = 300;

    private static final long MORE_PATIENT = 10 * SECOND;

    /// How long a path that works is asked for new keys before other addresses are.
    private static final long ELSEWHERE = 10 * SECOND;

    /// For how long a cookie is good at the responder, at the least.
    private static final long COOKIE_LIFE = 115 * SECOND;

    /// One INIT that may still be answered.
    static final class Attempt implements Slots.Slot {
        private final Session session;
        private final InitiatorHandshake handshake;
        private final Candidate candidate;
        private final int index;
        private final long sentAt;
        private final long resume;

        Attempt(
                Session session,
                InitiatorHandshake handshake,
                Candidate candidate,
                int index,
                long resume,
                long nowNanos) {
            this.session = session;
            this.handshake = handshake;
            this.candidate = candidate;
            this.index = index;
            this.resume = resume;
            sentAt = nowNanos;
        }

        @Override
        public int index() {
            return index;
        }

        Session session() {
            return session;
        }

        InitiatorHandshake handshake() {
            return handshake;
        }

        InetSocketAddress address() {
            return candidate.address;
        }

        long sentAt() {
            return sentAt;
        }

        /// The session that the INIT asked for; 0 for a new one.
        long resume() {
            return resume;
        }
    }

    /// An address at which the peer may be.
    private static final class Candidate {
        private final InetSocketAddress address;
        private int tries;
        private long nextAt;
        private byte @Nullable [] cookie;
        private long cookieAt;

        Candidate(InetSocketAddress address, long nextAt) {
            this.address = address;
            this.nextAt = nextAt;
        }
    }

    private final Session session;
    private final SessionEngine engine;
    private final NodeKey host;
    private final PreSharedKey secret;
    private final Gate gate;
    private final List<Candidate> candidates = new ArrayList<>();
    private final ArrayDeque<Attempt> attempts = new ArrayDeque<>();
    private boolean calling;
    private boolean patient;
    private long lastScheduled;

    Calling(Session session, SessionEngine engine, NodeKey host, PreSharedKey secret) {
        this.session = session;
        this.engine = engine;
        this.host = host;
        this.secret = secret;
        gate = new Gate(secret, host);
    }

    /// Adds addresses that are not known yet. The oldest that has never answered gives way.
    void add(List<InetSocketAddress> addresses, long nowNanos) {
        for (InetSocketAddress address : addresses) {
            if (find(address) == null && !address.isUnresolved() && address.getPort() != 0) {
                if (candidates.size() == MOST_CANDIDATES) {
                    candidates.removeFirst();
                }
                // A relay needs no turn: its owner knows when direct addresses had theirs.
                long at = Route.isDirect(address) ? stagger(nowNanos) : nowNanos;
                candidates.add(new Candidate(address, at));
            }
        }
    }

    private long stagger(long nowNanos) {
        boolean waits = lastScheduled + STAGGER - nowNanos > 0 && calling && scheduledBefore();
        lastScheduled = waits ? lastScheduled + STAGGER : nowNanos;
        return lastScheduled;
    }

    private boolean scheduledBefore() {
        return !candidates.isEmpty();
    }

    private @Nullable Candidate find(InetSocketAddress address) {
        for (Candidate each : candidates) {
            if (each.address.equals(address)) {
                return each;
            }
        }
        return null;
    }

    /// Calls one address only, to make new keys on a path that works.
    void callAgain(InetSocketAddress path, long nowNanos) {
        start(path, false, nowNanos);
        for (int i = 1; i < candidates.size(); i++) {
            candidates.get(i).nextAt = nowNanos + ELSEWHERE;
        }
    }

    /// Begins to call, at an address that is known best first; from the beginning if it calls
    /// already.
    ///
    /// @param patiently whether this may go on for long
    void start(@Nullable InetSocketAddress best, boolean patiently, long nowNanos) {
        if (best != null) {
            Candidate known = find(best);
            Candidate first = known == null ? new Candidate(best, nowNanos) : known;
            candidates.remove(first);
            candidates.addFirst(first);
        }
        calling = true;
        patient = patiently;
        for (int i = 0; i < candidates.size(); i++) {
            candidates.get(i).tries = 0;
            candidates.get(i).nextAt = nowNanos + i * STAGGER;
        }
        lastScheduled = nowNanos + Math.max(0, candidates.size() - 1) * STAGGER;
    }

    boolean isCalling() {
        return calling;
    }

    /// Stops calling. What was sent may still be answered until [#forget].
    void stop() {
        calling = false;
    }

    /// Puts the next INITs off, because one was answered and is about to be confirmed.
    void putOff(long nanos, long nowNanos) {
        for (Candidate each : candidates) {
            if (each.nextAt - nowNanos < nanos) {
                each.nextAt = nowNanos + nanos;
            }
        }
    }

    /// Drops the attempts.
    void forget() {
        for (Attempt attempt; (attempt = attempts.poll()) != null; ) {
            engine.slots().remove(attempt);
        }
    }

    /// Takes the cookie with which the responder answered an attempt, and tries again at once.
    void takeCookie(Attempt attempt, byte[] cookie, long nowNanos) {
        Candidate candidate = attempt.candidate;
        if (candidate.cookie == null || nowNanos - candidate.cookieAt >= SECOND) {
            candidate.nextAt = nowNanos;
        }
        candidate.cookie = cookie;
        candidate.cookieAt = nowNanos;
    }

    /// Writes the INIT that is due, if one is.
    @Nullable InetSocketAddress poll(ByteBuffer into, long nowNanos) {
        if (!calling) {
            return null;
        }
        for (Candidate candidate : candidates) {
            if (candidate.nextAt - nowNanos <= 0 && send(candidate, into, nowNanos)) {
                return candidate.address;
            }
        }
        return null;
    }

    /// @return false if the host's key is one that nobody can have
    private boolean send(Candidate candidate, ByteBuffer into, long nowNanos) {
        if (candidate.cookie != null && nowNanos - candidate.cookieAt >= COOKIE_LIFE) {
            candidate.cookie = null;
        }
        candidate.nextAt = nowNanos + pause(candidate.tries++);
        int index = engine.slots().free();
        long resume = session.id();
        var handshake =
                InitiatorHandshake.write(
                        engine.identity(),
                        host,
                        secret,
                        gate,
                        engine.flags(),
                        index,
                        session.initPayload(),
                        candidate.cookie,
                        engine.random(),
                        into);
        if (handshake == null) {
            return false;
        }
        var attempt = new Attempt(session, handshake, candidate, index, resume, nowNanos);
        if (attempts.size() == MOST_ATTEMPTS) {
            engine.slots().remove(attempts.removeFirst());
        }
        attempts.add(attempt);
        engine.slots().put(attempt);
        return true;
    }

    private long pause(int tries) {
        if (tries < AGAIN.length) {
            return AGAIN[tries];
        }
        if (!patient) {
            return LATER;
        }
        return tries < MANY_TRIES ? PATIENT : MORE_PATIENT;
    }

    long nanosUntilTimeout(long nowNanos) {
        long least = Long.MAX_VALUE;
        if (calling) {
            for (Candidate each : candidates) {
                least = Math.min(least, each.nextAt - nowNanos);
            }
        }
        return least;
    }
}
