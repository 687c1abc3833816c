package natt.core.session;

import natt.core.Route;

import java.net.Inet6Address;
import java.net.InetSocketAddress;

/// The largest datagram that the path carries, found by probing (RFC 8899), without a word from
/// routers: a report that a packet was too big can be forged, and often never comes.
///
/// Sizes are those of the UDP payload. Begins with what a 1280-byte packet holds and asks only
/// when large datagrams are in fact sent: first whether this size passes, then for larger ones.
/// While they flow, the size in use is asked for again every two seconds; once three such probes
/// stay unanswered although something was heard meanwhile, all smaller sizes are asked at once.
final class PathMtu {
    /// 1280 bytes of IPv6.
    static final int FIRST = 1232;

    /// A 1500-byte packet of IPv4, and of IPv6.
    private static final int MOST_IPV4 = 1472;

    private static final int MOST_IPV6 = 1452;

    /// From a 576-byte packet of IPv4 upwards.
    private static final int[] SIZES = {548, 768, 1000, FIRST, 1352, 1412, MOST_IPV6, MOST_IPV4};

    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;
    private static final long CONFIRM_INTERVAL = 2 * SECOND;
    private static final long RAISE_INTERVAL = 600 * SECOND;
    private static final long LEAST_WAIT = 300 * MILLI;
    private static final int TRIES = 3;

    /// What the probes under way are for.
    private enum Phase {
        REST,
        CONFIRM,
        RAISE,
        LOWER
    }

    private final int most;
    private int size = FIRST;
    private boolean confirmed;
    private long confirmedAt;
    private boolean raised;
    private long raisedAt;

    private Phase phase = Phase.REST;
    private int probing;
    private int tries;
    private long startedAt;
    private long probeAt;

    /// Index of the next size to ask for in [Phase#LOWER], from the smallest.
    private int lower;

    /// The largest answered in [Phase#LOWER], or 0.
    private int lowered;

    private boolean probeDue;

    PathMtu(InetSocketAddress path, int peerTakes) {
        int family =
                Route.remote(path).getAddress() instanceof Inet6Address ? MOST_IPV6 : MOST_IPV4;
        int wrapped = Route.isDirect(path) ? 0 : Relays.OVERHEAD;
        most = Math.clamp(peerTakes, SIZES[0], family - wrapped);
        size = Math.min(FIRST - wrapped, most);
    }

    /// The largest datagram that should be sent now.
    int size() {
        return size;
    }

    /// Whether it is known, for now, that nothing larger passes.
    boolean isSettled() {
        return confirmed && (raised || size == most);
    }

    /// Notes that a datagram was sent: if it is a large one, it matters whether it passes.
    void sent(int length, long nowNanos) {
        if (length >= SIZES[0] && phase == Phase.REST) {
            if (!confirmed || nowNanos - confirmedAt >= CONFIRM_INTERVAL) {
                begin(Phase.CONFIRM, size, nowNanos);
            } else if (size < most && (!raised || nowNanos - raisedAt >= RAISE_INTERVAL)) {
                begin(Phase.RAISE, most, nowNanos);
            }
        }
    }

    private void begin(Phase what, int length, long nowNanos) {
        phase = what;
        probing = length;
        tries = 0;
        startedAt = nowNanos;
        probeAt = nowNanos;
        probeDue = true;
    }

    /// The length of the probe that is due, or 0.
    int pollProbe(long roundTripNanos, long nowNanos) {
        if (!probeDue) {
            return 0;
        }
        if (phase == Phase.LOWER) {
            int length = SIZES[lower++];
            probeDue = lower < SIZES.length && SIZES[lower] < size;
            probeAt = nowNanos + patience(roundTripNanos);
            return length;
        }
        probeDue = false;
        tries++;
        probeAt = nowNanos + patience(roundTripNanos);
        return probing;
    }

    /// Whether the probe just polled repeats one that stayed unanswered: then it matters whether
    /// anything at all gets through.
    boolean retries() {
        return phase == Phase.CONFIRM && tries > 1;
    }

    private static long patience(long roundTripNanos) {
        return Math.max(LEAST_WAIT, 2 * roundTripNanos);
    }

    /// Takes the answer to a probe of a length.
    ///
    /// @return whether the size has changed
    boolean answered(int length, long nowNanos) {
        if (length < SIZES[0] || length > most) {
            // Never asked for: the peer answers what it likes.
            return false;
        }
        switch (phase) {
            case REST -> {}
            case CONFIRM -> {
                if (length == size) {
                    confirm(nowNanos);
                }
            }
            case RAISE -> {
                if (length > size) {
                    size = length;
                    raised = true;
                    raisedAt = nowNanos;
                    confirm(nowNanos);
                    return true;
                }
            }
            case LOWER -> lowered = Math.max(lowered, length);
        }
        return false;
    }

    private void confirm(long nowNanos) {
        phase = Phase.REST;
        confirmed = true;
        confirmedAt = nowNanos;
    }

    /// Does what is due.
    ///
    /// @param heardAt when something was last heard from the peer
    /// @return whether the size has changed
    boolean handleTimeout(long heardAt, long nowNanos) {
        if (phase == Phase.REST || probeDue || nowNanos - probeAt < 0) {
            return false;
        }
        if (phase == Phase.LOWER) {
            return endLower(nowNanos);
        }
        if (tries < TRIES) {
            probeDue = true;
            return false;
        }
        if (phase == Phase.RAISE) {
            raiseLess(nowNanos);
        } else if (heardAt - startedAt > 0 && size > SIZES[0]) {
            begin(Phase.LOWER, 0, nowNanos);
            lower = 0;
            lowered = 0;
        } else {
            // Nothing at all arrives: that says nothing about sizes.
            phase = Phase.REST;
        }
        return false;
    }

    private void raiseLess(long nowNanos) {
        for (int i = SIZES.length - 1; i >= 0; i--) {
            if (SIZES[i] < probing && SIZES[i] > size) {
                begin(Phase.RAISE, SIZES[i], nowNanos);
                return;
            }
        }
        phase = Phase.REST;
        raised = true;
        raisedAt = nowNanos;
    }

    private boolean endLower(long nowNanos) {
        if (lowered == 0) {
            phase = Phase.REST;
            return false;
        }
        size = lowered;
        // Where much is lost, what passed is not all that would have: larger ones are asked for
        // at the next chance.
        raised = false;
        confirm(nowNanos);
        return true;
    }

    long nanosUntilTimeout(long nowNanos) {
        if (phase == Phase.REST) {
            return Long.MAX_VALUE;
        }
        return probeDue ? 0 : probeAt - nowNanos;
    }
}
