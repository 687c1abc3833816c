package natt.transport.kcp;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;

/// Whose turn it is to send: a round in which every stream has the same number of bytes. A stream
/// that has just got something to send comes before the round, for one turn, so that a keystroke
/// does not wait behind bulk (the scheduler of FQ-CoDel, RFC 8290, section 4.2).
final class Turns {
    /// The bytes of one turn: a few datagrams.
    private static final int QUANTUM = 4800;

    enum Place {
        NONE,
        FIRST,
        ROUND
    }

    private final ArrayDeque<KcpSessionStream> first = new ArrayDeque<>();
    private final ArrayDeque<KcpSessionStream> round = new ArrayDeque<>();

    Turns() {}

    /// Adds a stream that has something to send, unless it waits already.
    void add(KcpSessionStream stream) {
        if (stream.place == Place.NONE) {
            stream.place = Place.FIRST;
            stream.credit = QUANTUM;
            first.add(stream);
        }
    }

    /// Returns the stream that sends next, or null if none can.
    @Nullable KcpSessionStream next() {
        int waiting = round.size();
        while (true) {
            boolean isFirst = !first.isEmpty();
            KcpSessionStream stream = isFirst ? first.peek() : round.peek();
            if (stream == null) {
                return null;
            }
            boolean wants = stream.channel.wantsToSend();
            if (wants && stream.credit > 0 && stream.channel.maySend()) {
                return stream;
            }
            if (!isFirst && wants && stream.credit > 0 && --waiting < 0) {
                return null;
            }
            move(stream, isFirst, wants);
        }
    }

    private void move(KcpSessionStream stream, boolean isFirst, boolean wants) {
        if (isFirst) {
            first.remove();
        } else {
            round.remove();
        }
        // Who had a turn before the round has the next one in it, even if it comes back at once.
        boolean stays = wants || isFirst && !round.isEmpty();
        if (stays) {
            stream.place = Place.ROUND;
            if (stream.credit <= 0) {
                stream.credit += QUANTUM;
            }
            round.add(stream);
        } else {
            stream.place = Place.NONE;
        }
    }
}
