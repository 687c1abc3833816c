package natt.core.session;

import natt.core.NodeKey;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/// Asks for the public key of a broker of which only addresses are known.
public final class KeyQuestion {
    private static final long MILLI = 1_000_000;
    private static final long[] AGAIN = {250 * MILLI, 750 * MILLI, 1000 * MILLI, 1000 * MILLI};

    private final List<InetSocketAddress> addresses;
    private final byte[] nonce;
    private Optional<NodeKey> answer = Optional.empty();
    private int asked;
    private int turn;
    private long nextAt;

    KeyQuestion(List<InetSocketAddress> addresses, byte[] nonce, long nowNanos) {
        this.addresses = List.copyOf(addresses);
        this.nonce = nonce;
        nextAt = nowNanos;
    }

    /// The key, once somebody has told it.
    public Optional<NodeKey> answer() {
        return answer;
    }

    /// Whether the answer is there, or none will come.
    public boolean isOver(long nowNanos) {
        return answer.isPresent() || asked == AGAIN.length && nextAt - nowNanos <= 0;
    }

    List<InetSocketAddress> addresses() {
        return addresses;
    }

    byte[] nonce() {
        return nonce;
    }

    void answered(NodeKey key) {
        answer = Optional.of(key);
    }

    /// The address that is to be asked now, or null.
    @Nullable InetSocketAddress poll(long nowNanos) {
        if (answer.isPresent() || asked == AGAIN.length || nextAt - nowNanos > 0) {
            return null;
        }
        InetSocketAddress to = addresses.get(turn++);
        if (turn == addresses.size()) {
            turn = 0;
            nextAt = nowNanos + AGAIN[asked++];
        }
        return to;
    }

    long nanosUntilTimeout(long nowNanos) {
        return answer.isPresent() ? Long.MAX_VALUE : nextAt - nowNanos;
    }
}
