package natt.transport.kcp;

import natt.core.ResetCode;
import natt.transport.kcp.proto.Segment;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// Conversations that have ended, remembered for a few seconds, so that what still arrives for
/// them opens nothing, and is answered where that helps: by the acknowledgement of a last FIN,
/// or by a RESET. Answers have no header of error correction: 24 bytes, the least datagram that
/// there is, so no answer is larger than its question.
final class Graves {
    private static final int MOST = 64;
    private static final long SECOND = 1_000_000_000;
    private static final long KEPT = 5 * SECOND;

    /// A RESET is not acknowledged; it is sent again at these distances instead.
    private static final long[] RESETS = {SECOND / 4, SECOND / 2, SECOND};

    private enum Answer {
        NOTHING,
        ACK,
        RESET
    }

    /// One ended conversation.
    static final class Grave {
        private @Nullable InetSocketAddress address;
        private int conv;
        private long until;
        private Answer answer = Answer.NOTHING;
        private int command;
        private int una;
        private int sn;
        private int ts;
        private boolean due;
        private int resets;
        private long resetAt;

        private Grave() {}

        /// Acknowledges what has arrived, now and as the answer to what arrives again. Without the
        /// first, a peer whose own end came last would have to repeat it to learn that it did.
        void asFinished(int una) {
            answer = Answer.ACK;
            this.una = una;
            command = Segment.WINDOW_TELL;
            due = true;
        }

        /// Sends a RESET now, a few times, and as the answer to what arrives.
        void asReset(ResetCode code, long nowNanos) {
            answer = Answer.RESET;
            command = Segment.RESET;
            sn = code.code();
            due = true;
            resets = 0;
            resetAt = nowNanos + RESETS[0];
        }
    }

    private final Grave[] graves = new Grave[MOST];
    private int oldest;
    private int count;

    Graves() {
        for (int i = 0; i < MOST; i++) {
            graves[i] = new Grave();
        }
    }

    /// Remembers a conversation in place of the oldest, if there is no room.
    Grave dig(InetSocketAddress address, int conv, long nowNanos) {
        if (count == MOST) {
            oldest = (oldest + 1) % MOST;
            count--;
        }
        Grave grave = graves[(oldest + count++) % MOST];
        grave.address = address;
        grave.conv = conv;
        grave.until = nowNanos + KEPT;
        grave.answer = Answer.NOTHING;
        grave.due = false;
        grave.ts = 0;
        grave.sn = 0;
        grave.una = 0;
        grave.resets = RESETS.length;
        return grave;
    }

    private Grave at(int i) {
        return graves[(oldest + i) % MOST];
    }

    /// Whether a conversation with this address has just ended.
    boolean knows(InetSocketAddress address) {
        for (int i = 0; i < count; i++) {
            if (address.equals(at(i).address)) {
                return true;
            }
        }
        return false;
    }

    /// Takes a datagram, if it is for an ended conversation.
    boolean handle(InetSocketAddress from, Segment reader, ByteBuffer in, int at, int end) {
        for (int i = count - 1; i >= 0; i--) {
            Grave grave = at(i);
            if (reader.conv() == grave.conv && from.equals(grave.address)) {
                handle(grave, reader, in, at, end);
                return true;
            }
        }
        return false;
    }

    private static void handle(Grave grave, Segment reader, ByteBuffer in, int at, int end) {
        int next = at;
        while (next < end && reader.read(in, next, end)) {
            next = reader.dataAt() + reader.length();
            if (reader.command() == Segment.RESET) {
                grave.answer = Answer.NOTHING;
                grave.due = false;
                grave.resets = RESETS.length;
                return;
            }
            if (grave.answer == Answer.RESET) {
                grave.due = true;
            } else if (grave.answer == Answer.ACK
                    && (reader.command() == Segment.PUSH || reader.command() == Segment.FIN)) {
                grave.due = true;
                grave.command = Segment.ACK;
                grave.sn = reader.sn();
                grave.ts = reader.ts();
            }
        }
    }

    /// Writes the next answer that is due.
    ///
    /// @return where to send it, or null
    @Nullable InetSocketAddress poll(ByteBuffer into) {
        for (int i = 0; i < count; i++) {
            Grave grave = at(i);
            if (grave.due) {
                grave.due = false;
                Segment.write(
                        into,
                        grave.conv,
                        grave.command,
                        0,
                        KcpStream.UNPROVEN_WINDOW,
                        grave.ts,
                        grave.sn,
                        grave.una,
                        0);
                return grave.address;
            }
        }
        return null;
    }

    void handleTimeout(long nowNanos) {
        while (count > 0 && at(0).until - nowNanos <= 0) {
            at(0).address = null;
            oldest = (oldest + 1) % MOST;
            count--;
        }
        for (int i = 0; i < count; i++) {
            Grave grave = at(i);
            if (grave.resets < RESETS.length && grave.resetAt - nowNanos <= 0) {
                sendReset(grave, nowNanos);
            }
        }
    }

    private static void sendReset(Grave grave, long nowNanos) {
        grave.due = true;
        grave.resets++;
        if (grave.resets < RESETS.length) {
            grave.resetAt = nowNanos + RESETS[grave.resets];
        }
    }

    long nanosUntilTimeout(long nowNanos) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < count; i++) {
            Grave grave = at(i);
            least = Math.min(least, grave.until - nowNanos);
            if (grave.resets < RESETS.length) {
                least = Math.min(least, grave.resetAt - nowNanos);
            }
        }
        return least;
    }
}
