package natt.transport.kcp.proto;

import java.nio.ByteBuffer;

/// The header of one KCP segment, 24 bytes, little-endian, before its data. One object is reused
/// for segment after segment, so that reading allocates nothing.
///
/// ```text
/// 0      4     5     6     8     12    16    20    24
/// | conv | cmd | frg | wnd | ts  | sn  | una | len | data
/// ```
///
/// Buffers given to this class are in little-endian order.
public final class Segment {
    public static final int HEADER_LENGTH = 24;

    // What KCP fixes.
    /// Data.
    public static final int PUSH = 81;

    /// Acknowledges `sn` and echoes the `ts` of the PUSH.
    public static final int ACK = 82;

    /// Asks for the receiver's window.
    public static final int WINDOW_ASK = 83;

    /// Tells the receiver's window.
    public static final int WINDOW_TELL = 84;

    // What natt adds; a peer that is not natt never gets these.
    /// The end of one direction: takes an `sn` and is acknowledged like a PUSH without data.
    public static final int FIN = 85;

    /// The end of both directions; `sn` is a [natt.core.ResetCode].
    public static final int RESET = 86;

    /// Acknowledges runs of segments, inside sessions only: its data are runs of 10 bytes (first
    /// `sn` 4, first transmission 4, count 2), each of segments that arrived in one row, with
    /// transmission numbers in one row too.
    public static final int ACK_RUNS = 87;

    private final int lastCommand;

    int conv;
    int command;
    int frg;
    int window;
    int ts;
    int sn;
    int una;
    int length;
    int dataAt;

    public Segment() {
        this(RESET);
    }

    /// @param lastCommand the greatest command that is known
    public Segment(int lastCommand) {
        this.lastCommand = lastCommand;
    }

    public int conv() {
        return conv;
    }

    public int command() {
        return command;
    }

    public int frg() {
        return frg;
    }

    public int window() {
        return window;
    }

    public int una() {
        return una;
    }

    public int ts() {
        return ts;
    }

    public int sn() {
        return sn;
    }

    public int length() {
        return length;
    }

    /// The index of the first byte of data in the buffer that the header was read from.
    public int dataAt() {
        return dataAt;
    }

    /// Reads the header at an index, if it and its data lie before `end` and its command is
    /// known.
    ///
    /// @return whether that was so; if not, the fields mean nothing
    public boolean read(ByteBuffer in, int at, int end) {
        if (end - at < HEADER_LENGTH) {
            return false;
        }
        conv = in.getInt(at);
        command = Byte.toUnsignedInt(in.get(at + 4));
        frg = Byte.toUnsignedInt(in.get(at + 5));
        window = Short.toUnsignedInt(in.getShort(at + 6));
        ts = in.getInt(at + 8);
        sn = in.getInt(at + 12);
        una = in.getInt(at + 16);
        length = in.getInt(at + 20);
        dataAt = at + HEADER_LENGTH;
        return command >= PUSH && command <= lastCommand && length >= 0 && length <= end - dataAt;
    }

    /// Whether the bytes from `at` to `end` are one or more whole segments of one conversation.
    /// Anyone can send these bytes: a datagram is taken as a whole or not at all.
    public boolean wellFormed(ByteBuffer in, int at, int end) {
        if (!read(in, at, end)) {
            return false;
        }
        int first = conv;
        int next = dataAt + length;
        while (next < end) {
            if (!read(in, next, end) || conv != first) {
                return false;
            }
            next = dataAt + length;
        }
        return true;
    }

    /// Whether the bytes from `at` to `end` are one or more whole segments of any conversations.
    public boolean whole(ByteBuffer in, int at, int end) {
        int next = at;
        do {
            if (!read(in, next, end)) {
                return false;
            }
            next = dataAt + length;
        } while (next < end);
        return true;
    }

    /// Writes a header at the buffer's position.
    public static void write(
            ByteBuffer out,
            int conv,
            int command,
            int frg,
            int window,
            int ts,
            int sn,
            int una,
            int length) {
        out.putInt(conv);
        out.put((byte) command);
        out.put((byte) frg);
        out.putShort((short) window);
        out.putInt(ts);
        out.putInt(sn);
        out.putInt(una);
        out.putInt(length);
    }
}
