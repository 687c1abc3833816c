package natt.core.session;

import natt.core.noise.Aead;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Numbers of natt's own messages. Integers are big-endian.
///
/// ```text
///  0    1    2         4                 8                12
///  +----+----+---------+-----------------+----------------+
///  |0x90|  1 | flags   | sender index    | e 32 ...       |  INIT
///  +----+----+---------+-----------------+----------------+
///  |0x91|  1 | flags   | sender index    | receiver index |  RESPONSE
///  +----+----+---------+-----------------+----------------+
///  |0x92| zero         | receiver index  | nonce 24 ...   |  COOKIE
///  +----+---------+----+------------+----+----------------+
///  |0x93| zero    | receiver index  | counter 8 ...       |  DATA
///  +----+---------+-----------------+---------------------+
///  0    1         3                 7                     15
///  +----+--------------+------------------------+
///  |0x94| zero         | token 16               |  WAKE
///  +----+----+---------+------------------------+
///  |0x95|  1 | zero    | nonce 16               |  KEY QUESTION, zeros up to 64
///  +----+----+---------+------------------------+--------+
///  |0x96|  1 | zero    | nonce 16               | key 32 |  KEY ANSWER
///  +----+----+---------+------------------------+--------+
///  0    1    2         4                        20       52
/// ```
final class Wire {
    static final int INIT = 0x90;
    static final int RESPONSE = 0x91;
    static final int COOKIE = 0x92;
    static final int DATA = 0x93;
    static final int WAKE = 0x94;
    static final int KEY_QUESTION = 0x95;
    static final int KEY_ANSWER = 0x96;

    /// The first bytes that are natt's.
    private static final int FIRST = 0x90;

    private static final int LAST = 0x97;

    static final int VERSION = 1;

    /// The largest UDP payload, in bytes: a 1500-byte packet of IPv4.
    static final int MOST_DATAGRAM = 1472;

    /// Whole messages, in bytes.
    static final int INIT_LENGTH = 192;

    static final int RESPONSE_LENGTH = 108;
    static final int COOKIE_LENGTH = 64;
    static final int WAKE_LENGTH = 20;

    /// As long as the answer or longer, so that nobody gets more than was sent in its name.
    static final int KEY_QUESTION_LENGTH = 64;

    static final int KEY_ANSWER_LENGTH = 52;

    /// The associated data of DATA, in bytes.
    static final int DATA_HEADER = 15;

    /// What DATA adds to its content: header, kind, tag.
    static final int DATA_OVERHEAD = DATA_HEADER + 1 + Aead.TAG;

    /// The largest datagram of a transport.
    static final int MOST_TRANSPORT_DATAGRAM = MOST_DATAGRAM - DATA_OVERHEAD;

    /// The shortest datagram of WireGuard: a keepalive.
    private static final int WIREGUARD_LENGTH = 32;

    /// Where INIT has its parts.
    static final int INIT_FLAGS = 2;

    static final int INIT_SENDER = 4;

    static final int INIT_NOISE = 8;
    static final int INIT_MAC1 = 160;
    static final int INIT_MAC2 = 176;

    /// Where RESPONSE has its parts.
    static final int RESPONSE_SENDER = 4;

    static final int RESPONSE_RECEIVER = 8;
    static final int RESPONSE_NOISE = 12;
    static final int RESPONSE_MAC1 = 92;

    /// Where COOKIE has its parts.
    static final int COOKIE_RECEIVER = 4;

    static final int COOKIE_NONCE = 8;
    static final int COOKIE_SEALED = 32;

    /// Where WAKE has its token; where question and answer have their nonce and key.
    static final int WAKE_TOKEN = 4;

    static final int KEY_NONCE = 4;
    static final int KEY_AT = 20;

    /// Where DATA has its parts.
    static final int DATA_RECEIVER = 3;

    static final int DATA_COUNTER = 7;

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private Wire() {}

    static int getInt(byte[] from, int at) {
        return (int) INT.get(from, at);
    }

    static void putInt(byte[] to, int at, int value) {
        INT.set(to, at, value);
    }

    static long getLong(byte[] from, int at) {
        return (long) LONG.get(from, at);
    }

    static void putLong(byte[] to, int at, long value) {
        LONG.set(to, at, value);
    }

    static int getShort(byte[] from, int at) {
        return (from[at] & 0xff) << 8 | from[at + 1] & 0xff;
    }

    static void putShort(byte[] to, int at, int value) {
        to[at] = (byte) (value >>> 8);
        to[at + 1] = (byte) value;
    }

    static boolean isNatt(byte first) {
        int type = first & 0xff;
        return type >= FIRST && type <= LAST;
    }

    /// Whether a datagram begins as all of WireGuard's do: a type of 1 to 4, then three zeros.
    static boolean isWireGuard(ByteBuffer datagram) {
        int at = datagram.position();
        return datagram.remaining() >= WIREGUARD_LENGTH
                && datagram.get(at) >= 1
                && datagram.get(at) <= 4
                && datagram.get(at + 1) == 0
                && datagram.get(at + 2) == 0
                && datagram.get(at + 3) == 0;
    }

    /// Whether one of these carries data: those of its handshake tell nothing of a peer's life.
    static boolean isWireGuardData(ByteBuffer datagram) {
        return datagram.get(datagram.position()) == 4;
    }

    /// Whether a message begins with this type and this version.
    static boolean begins(byte[] message, int type) {
        return (message[0] & 0xff) == type && message[1] == VERSION;
    }
}
