package natt.rendezvous.proto;

import natt.core.NodeKey;
import natt.core.rendezvous.Message;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/// A node that has a session with the broker, and its channels.
final class Node {
    /// The most channels of one node.
    static final int MOST_CHANNELS = 64;

    private static final int SLOT_BITS = 6;
    private static final int FEW_CHANNELS = 2;

    /// So many channels later a number comes again; 0 is none.
    private static final int MOST_MADE = (1 << Integer.SIZE - SLOT_BITS) - 1;

    private static final Channel.@Nullable End[] NONE = {};

    // What a node may ask.
    private static final int OPENS_PER_SECOND = 20;
    private static final int MOST_OPENS_AT_ONCE = 50;
    private static final int RESOLVES_PER_SECOND = 20;
    private static final int REGISTERS_PER_SECOND = 5;
    private static final int OTHERS_PER_SECOND = 100;

    /// What may be introduced for a node, in bytes: two channels' worth a second, so that opening
    /// channels again and again is no way to be relayed.
    private static final int INTRODUCED_PER_SECOND = 16 << 10;

    private static final int MOST_INTRODUCED_AT_ONCE = 512 << 10;

    final Line line;
    final NodeKey key;
    final TokenBucket opens;
    final TokenBucket resolves;
    final TokenBucket registers;
    final TokenBucket others;
    final TokenBucket introductions;

    /// What it can be woken with after the broker has lost its sessions; null until the node has
    /// registered.
    byte @Nullable [] wakeToken;

    /// Whether it has registered with a name.
    boolean named;

    /// Another session of the same key, which has registered before this one.
    @Nullable Node older;

    private Channel.@Nullable End[] ends = NONE;
    private int channels;
    private int made;

    Node(Line line, long nowNanos) {
        this.line = line;
        key = line.peer();
        opens = new TokenBucket(OPENS_PER_SECOND, MOST_OPENS_AT_ONCE, nowNanos);
        resolves = new TokenBucket(RESOLVES_PER_SECOND, RESOLVES_PER_SECOND, nowNanos);
        registers = new TokenBucket(REGISTERS_PER_SECOND, REGISTERS_PER_SECOND, nowNanos);
        others = new TokenBucket(OTHERS_PER_SECOND, OTHERS_PER_SECOND, nowNanos);
        introductions = new TokenBucket(INTRODUCED_PER_SECOND, MOST_INTRODUCED_AT_ONCE, nowNanos);
    }

    boolean isRegistered() {
        return wakeToken != null;
    }

    /// Sends a message, if there is a way.
    boolean say(Message message, long nowNanos) {
        return line.isUp() && line.say(message.encode(), nowNanos);
    }

    /// The end of a channel that this node calls so, or null.
    Channel.@Nullable End end(int number) {
        int slot = number & MOST_CHANNELS - 1;
        Channel.End end = slot < ends.length ? ends[slot] : null;
        return end != null && end.number == number ? end : null;
    }

    /// This node's end of a channel to another, or null.
    Channel.@Nullable End endTo(Node other) {
        for (Channel.End each : ends) {
            if (each != null && each.other().node == other) {
                return each;
            }
        }
        return null;
    }

    boolean isFull() {
        return channels >= MOST_CHANNELS;
    }

    /// The channel that was opened to this node and not admitted by it for longest, or null.
    @Nullable Channel oldestUnwanted() {
        Channel oldest = null;
        for (Channel.End each : ends) {
            if (each == null || each == each.channel.first || each.granted) {
                continue;
            }
            if (oldest == null || each.channel.usedAt - oldest.usedAt < 0) {
                oldest = each.channel;
            }
        }
        return oldest;
    }

    /// Gives an end a number, which no earlier one of this node has had for a long time.
    void add(Channel.End end) {
        int slot = 0;
        while (slot < ends.length && ends[slot] != null) {
            slot++;
        }
        if (slot == ends.length) {
            ends = Arrays.copyOf(ends, Math.max(FEW_CHANNELS, 2 * ends.length));
        }
        made = made % MOST_MADE + 1;
        end.number = made << SLOT_BITS | slot;
        ends[slot] = end;
        channels++;
    }

    void remove(Channel.End end) {
        if (end(end.number) == end) {
            ends[end.number & MOST_CHANNELS - 1] = null;
            channels--;
            if (channels == 0) {
                ends = NONE;
            }
        }
    }

    /// Its ends of channels, as they are now.
    List<Channel.End> ends() {
        return Arrays.stream(ends).filter(Objects::nonNull).toList();
    }
}
