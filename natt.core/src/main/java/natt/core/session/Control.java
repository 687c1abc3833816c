package natt.core.session;

import natt.core.CloseCode;

import java.util.Arrays;

/// What two sessions say to each other about themselves, in a DATA of kind 1:
///
/// ```text
///  0               1               2               3
/// +---------------+---------------+---------------+---------------+
/// | message       | zero          | close code                    |
/// +---------------+---------------+---------------+---------------+
/// | zero                                                          |
/// +---------------+---------------+---------------+---------------+
/// | token                                                         |
/// |                                                               |
/// +---------------+---------------+---------------+---------------+
/// ```
///
/// 16 bytes; an MTU probe has zeros after them, an [Offer] has a layout of its own. An answer
// carries the token of its question.
final class Control {
    static final int LENGTH = 16;

    static final int PING = 0;
    static final int PONG = 1;
    static final int CHALLENGE = 2;
    static final int CHALLENGE_ANSWER = 3;
    static final int CANDIDATES = 4;
    static final int CLOSE = 5;
    static final int MTU_PROBE = 6;
    static final int MTU_ANSWER = 7;
    static final int CANDIDATES_TAKEN = 8;

    private static final int CODE_AT = 2;
    private static final int TOKEN_AT = 8;

    private Control() {}

    /// Writes a message and, for an MTU probe, zeros up to a length.
    static void write(byte[] out, int at, int message, int code, long token, int length) {
        Arrays.fill(out, at, at + length, (byte) 0);
        out[at] = (byte) message;
        Wire.putShort(out, at + CODE_AT, code);
        Wire.putLong(out, at + TOKEN_AT, token);
    }

    static int message(byte[] in, int at) {
        return Byte.toUnsignedInt(in[at]);
    }

    static CloseCode code(byte[] in, int at) {
        return CloseCode.of(Wire.getShort(in, at + CODE_AT));
    }

    static long token(byte[] in, int at) {
        return Wire.getLong(in, at + TOKEN_AT);
    }

    /// Whether the content of a DATA is some control message.
    static boolean is(int message, byte[] plain, int length) {
        return plain[0] == Outbox.CONTROL && length > LENGTH && message(plain, 1) == message;
    }

    /// Whether the content of a DATA is a path challenge or the answer to one.
    static boolean isCheck(byte[] plain, int length) {
        return is(CHALLENGE, plain, length) || is(CHALLENGE_ANSWER, plain, length);
    }
}
