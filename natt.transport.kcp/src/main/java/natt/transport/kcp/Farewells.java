package natt.transport.kcp;

import natt.core.ResetCode;
import natt.transport.kcp.proto.Segment;

import java.nio.ByteBuffer;

/// What is still said about conversations of a session that have ended: that a last FIN has
/// arrived, or that the stream was reset. A RESET is repeated until the peer acknowledges it,
/// with an ACK, or a few times. What ended longest ago is forgotten first; a conversation that
/// nobody remembers is answered by a RESET without state, once for each datagram.
final class Farewells {
    private static final int MOST = 128;
    private static final int MOST_REPLIES = 64;
    private static final long MILLI = 1_000_000;
    private static final long KEPT = 60_000 * MILLI;
    private static final long FIRST_AGAIN = 250 * MILLI;
    private static final int RESETS = 9;

    private enum Answer {
        NOTHING,
        ACK,
        RESET
    }

    private static final class Farewell {
        private int conv;
        private long until;
        private Answer answer = Answer.NOTHING;
        private int number;
        private boolean due;
        private int resetsLeft;
        private long wait;
        private long againAt;
    }

    private final Farewell[] farewells = new Farewell[MOST];
    private int oldest;
    private int count;

    private final int[] replyConv = new int[MOST_REPLIES];
    private final int[] replyCommand = new int[MOST_REPLIES];
    private int replies;
    private boolean anyDue;

    Farewells() {}

    // ---- what is to be said

    /// Acknowledges all of a conversation, now and when something of it arrives again. Without
    /// the first, a peer whose own end came last would have to repeat it to learn that it did.
    void finished(int conv, int una, long nowNanos) {
        Farewell farewell = add(conv, Answer.ACK, una, nowNanos);
        farewell.due = true;
        anyDue = true;
    }

    /// Resets a conversation, now and again until the peer acknowledges that.
    void reset(int conv, ResetCode code, long nowNanos) {
        Farewell farewell = add(conv, Answer.RESET, code.code(), nowNanos);
        farewell.due = true;
        farewell.resetsLeft = RESETS;
        farewell.wait = FIRST_AGAIN;
        farewell.againAt = nowNanos + FIRST_AGAIN;
        anyDue = true;
    }

    /// Remembers that the peer has reset a conversation: what still arrives of it has overtaken
    /// nothing and is not answered.
    void resetByPeer(int conv, long nowNanos) {
        add(conv, Answer.NOTHING, 0, nowNanos);
    }

    private Farewell add(int conv, Answer answer, int number, long nowNanos) {
        if (count == MOST) {
            oldest = (oldest + 1) % MOST;
            count--;
        }
        int index = (oldest + count++) % MOST;
        Farewell farewell = farewells[index];
        if (farewell == null) {
            farewell = new Farewell();
            farewells[index] = farewell;
        }
        farewell.conv = conv;
        farewell.answer = answer;
        farewell.number = number;
        farewell.until = nowNanos + KEPT;
        farewell.due = false;
        farewell.resetsLeft = 0;
        return farewell;
    }

    private Farewell at(int i) {
        return farewells[(oldest + i) % MOST];
    }

    /// Takes a segment, but no RESET, of a conversation that has ended.
    ///
    /// @return whether it is remembered
    boolean handle(Segment segment) {
        for (int i = count - 1; i >= 0; i--) {
            Farewell farewell = at(i);
            if (farewell.conv == segment.conv()) {
                handle(farewell, segment.command());
                return true;
            }
        }
        return false;
    }

    private void handle(Farewell farewell, int command) {
        if (command == Segment.ACK) {
            if (farewell.answer == Answer.RESET) {
                farewell.resetsLeft = 0;
            }
            return;
        }
        boolean asks =
                command == Segment.PUSH
                        || command == Segment.FIN
                        || command == Segment.WINDOW_ASK
                        || farewell.answer == Answer.RESET;
        if (asks && farewell.answer != Answer.NOTHING) {
            farewell.due = true;
            anyDue = true;
        }
    }

    /// Answers a segment of a conversation that nothing is known of by a RESET, and a RESET by an
    /// ACK.
    void reply(int conv, int command) {
        for (int i = 0; i < replies; i++) {
            if (replyConv[i] == conv && replyCommand[i] == command) {
                return;
            }
        }
        if (replies < MOST_REPLIES) {
            replyConv[replies] = conv;
            replyCommand[replies++] = command;
        }
    }

    // ---- output

    /// Writes what is due, as much as fits.
    void emit(ByteBuffer out, int end) {
        while (replies > 0 && fits(out, end)) {
            replies--;
            write(out, replyConv[replies], replyCommand[replies], 0, 0);
        }
        if (!anyDue) {
            return;
        }
        for (int i = 0; i < count; i++) {
            Farewell farewell = at(i);
            if (!farewell.due) {
                continue;
            }
            if (!fits(out, end)) {
                return;
            }
            farewell.due = false;
            if (farewell.answer == Answer.RESET) {
                write(out, farewell.conv, Segment.RESET, farewell.number, 0);
            } else {
                write(out, farewell.conv, Segment.WINDOW_TELL, 0, farewell.number);
            }
        }
        anyDue = false;
    }

    private static boolean fits(ByteBuffer out, int end) {
        return end - out.position() >= Segment.HEADER_LENGTH;
    }

    private static void write(ByteBuffer out, int conv, int command, int sn, int una) {
        Segment.write(out, conv, command, 0, 0, 0, sn, una, 0);
    }

    // ---- time

    void handleTimeout(long nowNanos) {
        while (count > 0 && at(0).until - nowNanos <= 0) {
            oldest = (oldest + 1) % MOST;
            count--;
        }
        for (int i = 0; i < count; i++) {
            Farewell farewell = at(i);
            if (farewell.resetsLeft > 0 && farewell.againAt - nowNanos <= 0) {
                farewell.resetsLeft--;
                farewell.due = true;
                anyDue = true;
                farewell.wait += farewell.wait / 2;
                farewell.againAt = nowNanos + farewell.wait;
            }
        }
    }

    long nanosUntilTimeout(long nowNanos) {
        if (count == 0) {
            return Long.MAX_VALUE;
        }
        long least = at(0).until - nowNanos;
        for (int i = 0; i < count; i++) {
            Farewell farewell = at(i);
            if (farewell.resetsLeft > 0) {
                least = Math.min(least, farewell.againAt - nowNanos);
            }
        }
        return least;
    }

    /// Goes on after a time that does not count.
    void resume(long gapNanos) {
        for (int i = 0; i < count; i++) {
            at(i).until += gapNanos;
            at(i).againAt += gapNanos;
        }
    }
}
