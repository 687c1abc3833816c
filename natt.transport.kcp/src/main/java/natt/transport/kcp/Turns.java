package natt.transport.kcp;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;

/// Whose turn it is to send: a round in which every stream has the same number of bytes. A stream
/// that has got something to send after it had nothing comes before the round, with what is left of
/// its bytes for this round, so that a keystroke does not wait behind bulk (the scheduler of
/// FQ-CoDel, RFC 8290, section 4.2).
final class Turns {
    /// The bytes of one turn: a few datagrams.
    private static final int QUANTUM = 4800;

    /// How many segments beyond the path's window streams before the round may have in flight,
    /// together.
    private static final int BEYOND_WINDOW = 8;

    enum Place {
        NONE,
        FIRST,
        ROUND
    }

    private final ArrayDeque<KcpSessionStream> first = new ArrayDeque<>();
    private final ArrayDeque<KcpSessionStream> round = new ArrayDeque<>();

    /// Counts rounds, so that a stream has its bytes once in each.
    private int rounds;

    /// What the streams of the round have sent in this one.
    private int sentInRound;

    Turns() {}

    /// Adds a stream that has something to send, unless it waits already.
    void add(KcpSessionStream stream) {
        if (stream.place != Place.NONE) {
            return;
        }
        if (round.isEmpty() || stream.creditOf != rounds) {
            stream.creditOf = rounds;
            stream.credit = QUANTUM;
        }
        if (stream.credit > 0) {
            stream.place = Place.FIRST;
            first.add(stream);
        } else {
            enterRound(stream);
        }
    }

    private void enterRound(KcpSessionStream stream) {
        stream.place = Place.ROUND;
        if (stream.credit <= 0) {
            stream.credit += QUANTUM;
        }
        round.add(stream);
    }

    /// Returns the stream that sends next, or null if none can.
    @Nullable KcpSessionStream next() {
        KcpSessionStream urgent = nextUrgent();
        return urgent == null ? nextOfRound() : urgent;
    }

    /// Returns the next of the streams that come before the round, or null. They may use more than
    /// the path's window.
    @Nullable KcpSessionStream nextUrgent() {
        for (KcpSessionStream stream; (stream = first.peek()) != null; ) {
            boolean wants = stream.channel.wantsToSend();
            if (wants && stream.credit > 0 && stream.channel.maySend(BEYOND_WINDOW)) {
                return stream;
            }
            first.remove();
            if (wants) {
                enterRound(stream);
            } else {
                stream.place = Place.NONE;
            }
        }
        return null;
    }

    private @Nullable KcpSessionStream nextOfRound() {
        int waiting = round.size();
        for (KcpSessionStream stream; (stream = round.peek()) != null; ) {
            boolean wants = stream.channel.wantsToSend();
            if (wants && stream.credit > 0) {
                if (stream.channel.maySend()) {
                    return stream;
                }
                if (--waiting < 0) {
                    return null;
                }
            }
            round.remove();
            if (wants) {
                enterRound(stream);
            } else {
                stream.place = Place.NONE;
            }
        }
        return null;
    }

    /// Counts what a stream has sent.
    void sent(KcpSessionStream stream, int bytes) {
        stream.credit -= bytes;
        if (stream.place == Place.ROUND) {
            sentInRound += bytes;
            if (sentInRound >= QUANTUM * round.size()) {
                sentInRound = 0;
                rounds++;
            }
        }
    }
}
