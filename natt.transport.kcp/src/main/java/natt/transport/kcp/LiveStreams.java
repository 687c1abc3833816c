package natt.transport.kcp;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/// The streams of a session that live, and what is known of all together, so that they need not all
/// be asked for every datagram.
final class LiveStreams {
    private final List<KcpSessionStream> all = new ArrayList<>();

    /// Those that may have a deadline of their own.
    private final List<KcpSessionStream> timed = new ArrayList<>();

    /// How many have something that the peer has not acknowledged.
    private int unacknowledged;

    /// The stream whose segments came last: the next are likely its own, too.
    private @Nullable KcpSessionStream lastFound;

    LiveStreams() {}

    /// In the order in which they were opened; the list changes when they do.
    List<KcpSessionStream> all() {
        return all;
    }

    int size() {
        return all.size();
    }

    KcpSessionStream get(int i) {
        return all.get(i);
    }

    void add(KcpSessionStream stream) {
        all.add(stream);
    }

    void remove(KcpSessionStream stream) {
        all.remove(stream);
        lastFound = null;
        count(stream);
    }

    @Nullable KcpSessionStream find(int conv) {
        KcpSessionStream last = lastFound;
        if (last != null && last.conv() == conv) {
            return last;
        }
        for (int i = 0; i < all.size(); i++) {
            KcpSessionStream stream = all.get(i);
            if (stream.conv() == conv) {
                lastFound = stream;
                return stream;
            }
        }
        return null;
    }

    /// Notes that a stream has changed: it was written or read, or something has arrived for it.
    void changed(KcpSessionStream stream, long nowNanos) {
        count(stream);
        if (!stream.timed && stream.channel.nanosUntilTimeout(nowNanos) != Long.MAX_VALUE) {
            stream.timed = true;
            timed.add(stream);
        }
    }

    private void count(KcpSessionStream stream) {
        boolean waits = !stream.channel.allAcknowledged();
        if (waits != stream.unacknowledged) {
            stream.unacknowledged = waits;
            unacknowledged += waits ? 1 : -1;
        }
    }

    /// How many have something that the peer has not acknowledged.
    int unacknowledged() {
        return unacknowledged;
    }

    /// In how many nanoseconds the first of them wants to be called.
    long nanosUntilTimeout(long nowNanos) {
        long least = Long.MAX_VALUE;
        for (int i = timed.size() - 1; i >= 0; i--) {
            KcpSessionStream stream = timed.get(i);
            boolean lives = stream.closed().isEmpty();
            long wait = lives ? stream.channel.nanosUntilTimeout(nowNanos) : Long.MAX_VALUE;
            if (wait == Long.MAX_VALUE) {
                timed.remove(i);
                stream.timed = false;
            }
            least = Math.min(least, wait);
        }
        return least;
    }
}
