package natt.core.session;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.random.RandomGenerator;

/// Addresses from which the peer has been heard and that have not shown yet that it is there: a
/// datagram can be caught and sent again from anywhere.
final class Roaming {
    // What DESIGN fixes.
    private static final long MILLI = 1_000_000;
    private static final int MOST_CHALLENGES = 3;
    private static final long CHALLENGE_INTERVAL = 500 * MILLI;

    /// To addresses that do not answer. A peer that forges where it is could have them sent to
    /// somebody else for as long as it likes.
    private static final int MOST_UNANSWERED = 50;

    // What natt chooses.
    private static final long CHALLENGE_LIFE = 3000 * MILLI;
    private static final long FIRST_AGAIN = 250 * MILLI;

    private static final class Challenge {
        private final InetSocketAddress address;
        private final long token;
        private final long since;
        private long sendAt;
        private long wait = FIRST_AGAIN;

        Challenge(InetSocketAddress address, long token, long nowNanos) {
            this.address = address;
            this.token = token;
            since = nowNanos;
            sendAt = nowNanos;
        }
    }

    private final RandomGenerator random;
    private final List<Challenge> challenges = new ArrayList<>();
    private boolean any;
    private long lastAt;
    private int unanswered;

    Roaming(RandomGenerator random) {
        this.random = random;
    }

    /// The peer's newest datagram came from an address that is not the path.
    ///
    /// @return whether a challenge begins
    boolean heardFrom(InetSocketAddress address, long nowNanos) {
        boolean tooSoon = any && nowNanos - lastAt < CHALLENGE_INTERVAL;
        if (tooSoon || unanswered >= MOST_UNANSWERED) {
            return false;
        }
        for (Challenge each : challenges) {
            if (each.address.equals(address)) {
                return false;
            }
        }
        any = true;
        lastAt = nowNanos;
        if (challenges.size() == MOST_CHALLENGES) {
            challenges.removeFirst();
        }
        challenges.add(new Challenge(address, random.nextLong(), nowNanos));
        return true;
    }

    Checklist.@Nullable Due poll(long nowNanos) {
        // Asked for every datagram: without an iterator.
        for (int i = 0; i < challenges.size(); i++) {
            Challenge each = challenges.get(i);
            if (unanswered < MOST_UNANSWERED && each.sendAt - nowNanos <= 0) {
                unanswered++;
                each.sendAt = nowNanos + each.wait;
                each.wait *= 2;
                return new Checklist.Due(each.address, each.token);
            }
        }
        return null;
    }

    /// Takes an answer; returns the address that it proves, or null.
    @Nullable InetSocketAddress answered(long token) {
        for (Challenge each : challenges) {
            if (each.token == token) {
                challenges.clear();
                unanswered = 0;
                return each.address;
            }
        }
        return null;
    }

    void forget() {
        challenges.clear();
    }

    /// A handshake has shown that the peer is there.
    void forgive() {
        unanswered = 0;
    }

    void handleTimeout(long nowNanos) {
        for (Iterator<Challenge> each = challenges.iterator(); each.hasNext(); ) {
            if (nowNanos - each.next().since >= CHALLENGE_LIFE) {
                each.remove();
            }
        }
    }

    long nanosUntilTimeout(long nowNanos) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < challenges.size(); i++) {
            Challenge each = challenges.get(i);
            least = Math.min(least, each.since + CHALLENGE_LIFE - nowNanos);
            if (unanswered < MOST_UNANSWERED) {
                least = Math.min(least, each.sendAt - nowNanos);
            }
        }
        return least;
    }
}
