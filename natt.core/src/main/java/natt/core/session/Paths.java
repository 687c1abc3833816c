package natt.core.session;

import natt.core.Route;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/// The ways to the peer: the one in use, the one back from it, and those that may be better.
///
/// A path changes when a challenge to another is answered, never because of a datagram alone.
/// From a direct path that works nothing leads back to a relay, and among the pairs of a search
/// it is the initiator who chooses: so the two sides come to the same path, whichever of them
/// knows it first and whatever is still on its way elsewhere.
final class Paths {
    private final boolean initiator;
    private final Liveness liveness;
    private final Roaming roaming;
    private final Search search;
    private @Nullable InetSocketAddress current;
    private @Nullable InetSocketAddress relay;
    private @Nullable PathMtu mtu;
    private long relayRoundTrip;
    private long heardAt;

    Paths(
            boolean initiator,
            Liveness.Pace pace,
            RandomGenerator random,
            CheckLimits limits,
            Consumer<SessionEvent> events,
            long nowNanos) {
        this.initiator = initiator;
        liveness = new Liveness(initiator, pace, nowNanos);
        roaming = new Roaming(random);
        search = new Search(initiator, random, limits, events, nowNanos);
        heardAt = nowNanos;
    }

    /// Of the path in use.
    Liveness liveness() {
        return liveness;
    }

    Roaming roaming() {
        return roaming;
    }

    Search search() {
        return search;
    }

    /// The path now, or last; null before the first.
    @Nullable InetSocketAddress current() {
        return current;
    }

    /// What is known of the size of datagrams on the path.
    @Nullable PathMtu mtu() {
        return mtu;
    }

    void useRelay(@Nullable InetSocketAddress route) {
        relay = route;
    }

    /// When the peer was heard last, wherever.
    long heardAt() {
        return heardAt;
    }

    long relayRoundTrip() {
        return relayRoundTrip;
    }

    void measured(InetSocketAddress by, long roundTrip) {
        if (!Route.isDirect(by)) {
            relayRoundTrip = roundTrip;
        }
    }

    /// What [#take] has changed.
    enum Change {
        NONE,
        /// Another port of the same NAT is the same path through the network.
        PORT,
        HOST
    }

    /// Takes a path that has been proven, or the way back.
    ///
    /// @param peerTakes the longest datagram that the peer takes
    Change take(InetSocketAddress to, int peerTakes, long nowNanos) {
        InetSocketAddress from = current;
        current = to;
        roaming.forget();
        liveness.begin(nowNanos);
        boolean sameHost = from != null && isSameHost(from, to);
        if (mtu == null || !sameHost) {
            mtu = new PathMtu(to, peerTakes);
        }
        if (to.equals(from)) {
            return Change.NONE;
        }
        return sameHost ? Change.PORT : Change.HOST;
    }

    private static boolean isSameHost(InetSocketAddress one, InetSocketAddress other) {
        return Route.remote(one).getAddress().equals(Route.remote(other).getAddress());
    }

    /// Notes that the peer was heard; what it says is authentic.
    ///
    /// @param up whether there is a path
    /// @param newest whether nothing that was sent later has been heard before
    /// @param check whether it is a path challenge or the answer to one
    /// @return whether a challenge begins, so that the path is to be asked as well
    boolean heard(
            InetSocketAddress from, boolean up, boolean newest, boolean check, long nowNanos) {
        heardAt = nowNanos;
        if (!Route.isDirect(from)) {
            relay = from;
        }
        InetSocketAddress path = current;
        if (from.equals(path)) {
            liveness.heard(nowNanos);
            return false;
        }
        liveness.heardElsewhere();
        boolean follows;
        if (works(up)) {
            // What is on its way by a relay, or checks another pair, does not say where the
            // peer is.
            follows = !check && Route.isDirect(from) && !isChosenByUs(from);
        } else {
            follows = !search.heardFrom(from, nowNanos);
        }
        return newest && follows && roaming.heardFrom(from, nowNanos);
    }

    private boolean isChosenByUs(InetSocketAddress from) {
        InetSocketAddress path = current;
        boolean crooked = path != null && search.isCrooked(path);
        return initiator && (crooked || search.knows(from));
    }

    /// Whether there is a direct path, and no doubt about it.
    private boolean works(boolean up) {
        InetSocketAddress path = current;
        return up && path != null && Route.isDirect(path) && !liveness.isDoubtful();
    }

    /// Takes the answer to a challenge; returns the path that is to be taken by that, or null.
    @Nullable InetSocketAddress answered(
            long token, InetSocketAddress from, boolean up, long nowNanos) {
        InetSocketAddress proven = roaming.answered(token);
        if (proven != null) {
            return proven.equals(current) && up ? null : proven;
        }
        Checklist.Pair pair = search.answered(token, from, nowNanos);
        return pair == null || works(up) ? null : pair.address();
    }

    /// The relay, if there is one and the path is direct.
    @Nullable InetSocketAddress wayBack() {
        InetSocketAddress path = current;
        return path != null && Route.isDirect(path) ? relay : null;
    }

    /// The session has ended.
    void forget() {
        roaming.forget();
        search.end();
    }
}
