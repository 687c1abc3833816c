package natt.rendezvous.proto;

import natt.core.session.Rendezvous;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;

/// Tells the nodes of a broker that was restarted that it has lost their sessions: three times
/// each, since datagrams get lost.
final class Waker {
    private static final long SECOND = 1_000_000_000;
    private static final long[] AT = {0, SECOND, 3 * SECOND};

    /// Each is followed by a handshake, of which a processor does some thousands a second.
    private static final long PER_SECOND = 4_000;

    private final List<Sleeper> sleepers;
    private final long startedAt;
    private int round;
    private int next;
    private long roundAt;

    Waker(List<Sleeper> sleepers, long nowNanos) {
        this.sleepers = List.copyOf(sleepers);
        startedAt = nowNanos;
        roundAt = nowNanos;
        round = sleepers.isEmpty() ? AT.length : 0;
    }

    @Nullable InetSocketAddress poll(ByteBuffer into, long nowNanos) {
        if (nanosUntilTimeout(nowNanos) > 0) {
            return null;
        }
        Sleeper sleeper = sleepers.get(next++);
        if (next == sleepers.size()) {
            next = 0;
            round++;
            if (round < AT.length) {
                long planned = startedAt + AT[round];
                roundAt = planned - nowNanos > 0 ? planned : nowNanos;
            }
        }
        Rendezvous.writeWake(sleeper.token(), into);
        return sleeper.address();
    }

    long nanosUntilTimeout(long nowNanos) {
        return round == AT.length
                ? Long.MAX_VALUE
                : roundAt + next * SECOND / PER_SECOND - nowNanos;
    }
}
