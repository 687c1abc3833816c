package natt.rendezvous.proto;

import org.jspecify.annotations.Nullable;

/// Channels in the order of their last use, which all may be idle for the same time.
final class IdleList {
    private final long mostNanos;
    private @Nullable Channel first;
    private @Nullable Channel last;

    IdleList(long mostNanos) {
        this.mostNanos = mostNanos;
    }

    /// The channel is used now; it comes from another list, this one, or none.
    void use(Channel channel, long nowNanos) {
        channel.usedAt = nowNanos;
        if (last == channel) {
            return;
        }
        remove(channel);
        channel.list = this;
        channel.before = last;
        if (last == null) {
            first = channel;
        } else {
            last.after = channel;
        }
        last = channel;
    }

    /// Takes a channel out of the list in which it is.
    static void remove(Channel channel) {
        IdleList list = channel.list;
        if (list == null) {
            return;
        }
        Channel before = channel.before;
        Channel after = channel.after;
        if (before == null) {
            list.first = after;
        } else {
            before.after = after;
        }
        if (after == null) {
            list.last = before;
        } else {
            after.before = before;
        }
        channel.list = null;
        channel.before = null;
        channel.after = null;
    }

    /// The channel that has been idle for too long, or null.
    @Nullable Channel expired(long nowNanos) {
        return nanosUntilExpiry(nowNanos) <= 0 ? first : null;
    }

    long nanosUntilExpiry(long nowNanos) {
        return first == null ? Long.MAX_VALUE : first.usedAt + mostNanos - nowNanos;
    }
}
