package natt.wireguard.natpunch;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.noise.Aead;
import natt.core.noise.Noise;
import natt.core.noise.NoiseHash;

import java.nio.charset.StandardCharsets;

/// What natpunch-go's clients and servers say to each other: the first byte is the type, numbers
/// are big-endian.
///
/// ```text
/// client  01 | index 4 | Noise message 1, with a timestamp of 8 bytes      109 bytes
/// server  02 | index 4 | Noise message 2, with nothing                      53
/// client  03 | index 4 | counter 8 | sealed: own key 32, wanted key 32      93
/// server  03 | counter 8 | sealed: IPv4 address 4, port 2; or nothing       31, 25
/// ```
///
/// The client proposes an index; that of the server's answer is the one that counts. A timestamp is
/// in nanoseconds since 1970. Nothing is authenticated beside what is sealed.
final class PunchWire {
    static final byte HELLO = 1;
    static final byte WELCOME = 2;
    static final byte QUESTION = 3;
    static final byte ANSWER = 3;

    /// Where the index is, in what has one.
    static final int INDEX = 1;

    /// Where Noise's messages begin.
    static final int NOISE = 5;

    static final int TIMESTAMP = Long.BYTES;
    static final int HELLO_LENGTH = 109;
    static final int WELCOME_LENGTH = 53;

    static final int QUESTION_COUNTER = 5;
    static final int QUESTION_SEALED = 13;
    static final int KEYS = 2 * NodeKey.LENGTH;
    static final int QUESTION_LENGTH = QUESTION_SEALED + KEYS + Aead.TAG;

    static final int ANSWER_COUNTER = 1;
    static final int ANSWER_SEALED = 9;
    static final int ENDPOINT = 6;
    static final int FOUND_LENGTH = ANSWER_SEALED + ENDPOINT + Aead.TAG;
    static final int UNKNOWN_LENGTH = ANSWER_SEALED + Aead.TAG;

    /// In messages, on both sides.
    static final int WINDOW = 1024;

    static final byte[] NOTHING = new byte[0];

    private static final NoiseHash BLAKE2S = new NoiseHash("BLAKE2s", Blake2s::new);

    /// What both sides must have said before, byte by byte.
    private static final byte[] PROLOGUE =
            "natpunch-go is the best :)".getBytes(StandardCharsets.US_ASCII);

    private PunchWire() {}

    static Noise call(Identity me, NodeKey server) {
        return new Noise(Noise.Pattern.IK, BLAKE2S, true, PROLOGUE, me, server, null);
    }

    static Noise answer(Identity me) {
        return new Noise(Noise.Pattern.IK, BLAKE2S, false, PROLOGUE, me, null, null);
    }
}
