package natt.core.session;

import natt.core.Route;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.random.RandomGenerator;

/// The pairs of one search and their checks (RFC 8445, section 6.1.2): when to send which, and
/// which was answered. A pair is a socket of this port and an address of the peer, both in one
/// address with a route.
final class Checklist {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;

    // What DESIGN fixes, for addresses of which nobody but the peer says that they are its own: so
    // many at once, and so often one more. A search that begins anew does not begin this anew.
    private static final int MOST_UNATTESTED = 50;
    private static final long PACE_UNATTESTED = SECOND / 10;
    private static final long ONE_MORE_UNATTESTED = 120 * SECOND / MOST_UNATTESTED;

    // What natt chooses.
    /// The most checks of one search to addresses that are attested, but for many ports.
    private static final int MOST_ATTESTED = 250;

    /// How many more to an attested address while one more to others is earned: 20 a second.
    private static final long MORE_ATTESTED = 20 * ONE_MORE_UNATTESTED / SECOND;

    static final long PACE = 20 * MILLI;

    /// When a check is repeated.
    private static final long[] AGAIN = {
        200 * MILLI, 200 * MILLI, 400 * MILLI, 400 * MILLI, 800 * MILLI
    };

    static final int TRIES = AGAIN.length + 1;

    /// The lowest bits of a token say which try it is.
    private static final int TRY_BITS = 3;

    /// A datagram that was heard draws no second check so soon after the one before.
    private static final long TRIGGER_INTERVAL = 50 * MILLI;

    private static final int MOST_PAIRS = 1200;

    /// The most pairs of one round that come from datagrams heard: where both NATs choose another
    /// port for each peer but let everybody in, each check that is answered makes one more.
    private static final int MOST_HEARD = 32;

    /// So many checks of a pair that are answered from elsewhere make it valid.
    private static final int CROOKED = 3;

    /// A check to be sent now.
    record Due(InetSocketAddress address, long token) {}

    /// One pair.
    static final class Pair {
        private final InetSocketAddress address;
        private final Lane lane;
        private final long token;
        private final long[] sentAt = new long[1 << TRY_BITS];
        private int tries;
        private int mostTries;
        private long dueAt;
        private long order;
        private boolean heard;
        private boolean valid;
        private int crooked;
        private long roundTrip = Long.MAX_VALUE;

        private Pair(InetSocketAddress address, Lane lane, long token, int mostTries) {
            this.address = address;
            this.lane = lane;
            this.token = token;
            this.mostTries = mostTries;
        }

        InetSocketAddress address() {
            return address;
        }

        /// Whether the peer's datagrams come from another address than its own go to.
        boolean isCrooked() {
            return crooked >= CROOKED;
        }

        /// The shortest that was seen, in nanoseconds.
        long roundTrip() {
            return roundTrip;
        }
    }

    /// What shares one pace.
    private static final class Lane {
        private final PriorityQueue<Pair> waiting = new PriorityQueue<>(Lane::soonerFirst);
        private long pace;
        private long freeAt;
        private int left;

        private Lane(long pace, int left) {
            this.pace = pace;
            this.left = left;
        }

        /// Not composed by [Comparator], whose parts no ahead-of-time cache holds.
        private static int soonerFirst(Pair one, Pair other) {
            int due = Long.compare(one.dueAt, other.dueAt);
            return due == 0 ? Long.compare(one.order, other.order) : due;
        }

        private long nanosUntilDue(long began, long nowNanos) {
            Pair next = waiting.peek();
            return next == null || left <= 0
                    ? Long.MAX_VALUE
                    : Math.max(next.dueAt, freeAt) - (nowNanos - began);
        }
    }

    private final RandomGenerator random;
    private final CheckPolicy policy;
    private final CheckLimits limits;
    private final Map<InetSocketAddress, Pair> pairs = new HashMap<>();
    private final Map<Long, Pair> byToken = new HashMap<>();
    private final Lane attested = new Lane(PACE, MOST_ATTESTED);
    private final Lane unattested = new Lane(PACE_UNATTESTED, MOST_UNATTESTED);

    /// The addresses that are the peer's, since it was heard from there.
    private final Set<InetSocketAddress> known = new HashSet<>();

    /// From when times are counted, so that they can be compared although the clock wraps.
    private final long began;

    private int heard;
    private long order;
    private long refilledAt;
    private long sent;

    Checklist(RandomGenerator random, CheckPolicy policy, CheckLimits limits, long nowNanos) {
        this.random = random;
        this.policy = policy;
        this.limits = limits;
        began = nowNanos;
    }

    /// Begins a search: what addresses were spared meanwhile may be sent.
    void begin(long nowNanos) {
        clear();
        known.clear();
        refill(nowNanos);
    }

    private void refill(long nowNanos) {
        long more = (nowNanos - began - refilledAt) / ONE_MORE_UNATTESTED;
        unattested.left = (int) Math.min(MOST_UNATTESTED, unattested.left + more);
        attested.left = (int) Math.min(MOST_ATTESTED, attested.left + more * MORE_ATTESTED);
        refilledAt += more * ONE_MORE_UNATTESTED;
    }

    /// This node's own network has changed: the peer had no part in that.
    void forgive() {
        unattested.left = MOST_UNATTESTED;
        attested.left = MOST_ATTESTED;
    }

    /// Drops all pairs.
    void clear() {
        pairs.clear();
        byToken.clear();
        attested.waiting.clear();
        unattested.waiting.clear();
        attested.pace = PACE;
        heard = 0;
    }

    /// Lets checks go to so many ports of an attested address.
    void allow(int more, long pace) {
        attested.left += more;
        attested.pace = pace;
    }

    /// Adds a pair unless it is known, to be checked from some time on.
    ///
    /// @param mostTries how often, if it is not answered
    void add(InetSocketAddress address, int mostTries, long atNanos) {
        if (pairs.size() < MOST_PAIRS && !pairs.containsKey(address)) {
            schedule(make(address, mostTries), atNanos - began);
        }
    }

    private Pair make(InetSocketAddress address, int mostTries) {
        long token = random.nextLong() & -1L << TRY_BITS;
        Lane lane = policy.isAttested(address) ? attested : unattested;
        var pair = new Pair(address, lane, token, mostTries);
        pairs.put(address, pair);
        byToken.put(token, pair);
        return pair;
    }

    private void schedule(Pair pair, long dueAt) {
        pair.lane.waiting.remove(pair);
        pair.dueAt = dueAt;
        pair.order = order++;
        pair.lane.waiting.add(pair);
    }

    /// The peer was heard from an address: the pair is checked at once (RFC 8445, section
    /// 7.3.1.4), whether it was known or not.
    void heardFrom(InetSocketAddress address, long nowNanos) {
        Pair pair = pairs.get(address);
        if (pair == null) {
            if (heard >= MOST_HEARD) {
                return;
            }
            heard++;
            pair = make(address, TRIES);
        } else if (pair.valid || pair.heard && isRecent(pair, nowNanos)) {
            return;
        }
        pair.mostTries = TRIES;
        pair.heard = true;
        known.add(address);
        if (pair.tries < TRIES) {
            schedule(pair, nowNanos - began - SECOND);
        }
    }

    private boolean isRecent(Pair pair, long nowNanos) {
        return pair.tries == 0 || nowNanos - began - pair.sentAt[pair.tries - 1] < TRIGGER_INTERVAL;
    }

    /// The check that is due, or null.
    @Nullable Due poll(long nowNanos) {
        Due due = poll(attested, nowNanos);
        return due == null ? poll(unattested, nowNanos) : due;
    }

    private @Nullable Due poll(Lane lane, long nowNanos) {
        if (lane.nanosUntilDue(began, nowNanos) > 0) {
            return null;
        }
        long now = nowNanos - began;
        if (!limits.mayCheck(nowNanos)) {
            lane.freeAt = now + CheckLimits.PAUSE;
            return null;
        }
        Pair pair = lane.waiting.remove();
        lane.left--;
        lane.freeAt = now + lane.pace;
        long token = pair.token | pair.tries;
        pair.sentAt[pair.tries++] = now;
        if (pair.tries < pair.mostTries) {
            schedule(pair, now + AGAIN[pair.tries - 1]);
        }
        sent++;
        return new Due(pair.address, token);
    }

    /// Takes the answer to a check; returns the pair if it is valid by that.
    ///
    /// @param from where the answer comes from. RFC 8445, section 7.2.5.2.1, wants it to be where
    ///     the check went; where both NATs choose another port for each peer and let everybody in,
    ///     it never is, and yet datagrams arrive. So elsewhere on the same host is good enough
    ///     if it stays so.
    @Nullable Pair answered(long token, InetSocketAddress from, long nowNanos) {
        Pair pair = byToken.get(token & -1L << TRY_BITS);
        int number = (int) (token & (1 << TRY_BITS) - 1);
        if (pair == null || number >= pair.tries || !isFrom(pair, from)) {
            return null;
        }
        pair.valid = true;
        known.add(from);
        pair.roundTrip = Math.min(pair.roundTrip, nowNanos - began - pair.sentAt[number]);
        return pair;
    }

    private static boolean isFrom(Pair pair, InetSocketAddress from) {
        if (pair.address.equals(from)) {
            pair.crooked = 0;
            return true;
        }
        boolean sameHost =
                Route.isDirect(from)
                        && Route.remote(from)
                                .getAddress()
                                .equals(Route.remote(pair.address).getAddress());
        return sameHost && !pair.valid && ++pair.crooked >= CROOKED;
    }

    /// The valid pair with the shortest round trip, or null.
    @Nullable Pair best() {
        return pairs.values().stream()
                .filter(each -> each.valid)
                .min(Comparator.comparingLong(Pair::roundTrip))
                .orElse(null);
    }

    @Nullable Pair find(InetSocketAddress address) {
        return pairs.get(address);
    }

    /// There is a path: guessed ports are checked no more.
    void narrow() {
        List<Pair> guessed = new ArrayList<>();
        for (Pair each : pairs.values()) {
            if (each.mostTries == 1 && !each.valid) {
                guessed.add(each);
            }
        }
        for (Pair each : guessed) {
            each.lane.waiting.remove(each);
            pairs.remove(each.address);
            byToken.remove(each.token);
        }
    }

    /// Whether the peer was heard from an address in this search.
    boolean knows(InetSocketAddress address) {
        return known.contains(address);
    }

    /// How many checks have been sent.
    long sent() {
        return sent;
    }

    long nanosUntilDue(long nowNanos) {
        return Math.min(
                attested.nanosUntilDue(began, nowNanos), unattested.nanosUntilDue(began, nowNanos));
    }
}
