package natt.core.session;

import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.noise.Aead;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/// What handshake messages to and from one responder must pass before anything expensive is done:
/// codes under a key that only those have who know the responder's public key and the shared
/// secret.
///
/// ```text
/// gate key   = HKDF-SHA256(salt "natt gate v1", input PSK, info responder's public key)
/// mac1       = HMAC-SHA256(gate key, message before it)[0..16)
/// mac2       = HMAC-SHA256(cookie, message before it)[0..16)
/// cookie key = HMAC-SHA256(HKDF-SHA256(no salt, input gate key, info "cookie"), nonce)
///
///  COOKIE
///  0    1         4                8              32                    64
///  +----+---------+----------------+--------------+---------------------+
///  |0x92| zero    | receiver index | nonce        | enc(cookie 16)      |
///  +----+---------+----------------+--------------+---------------------+
/// ```
///
/// The cookie is sealed under the cookie key with counter 0 and, as associated data, the mac1 of
/// the INIT that it answers: only who saw that INIT can make or read it.
final class Gate {
    /// A cookie, in bytes.
    static final int COOKIE = 16;

    private static final byte[] SALT = ascii("natt gate v1");
    private static final byte[] COOKIE_INFO = ascii("cookie");
    private static final int NONCE = 24;

    private final Hmac mac1;
    private final Hmac cookieKeys;

    /// @param responder the public key of whoever is called
    Gate(PreSharedKey secret, NodeKey responder) {
        byte[] key = Hmac.derive(SALT, secret.reveal(), responder.bytes(), Hmac.LENGTH);
        mac1 = new Hmac(key);
        cookieKeys = new Hmac(Hmac.derive(new byte[0], key, COOKIE_INFO, Hmac.LENGTH));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /// Writes the 16 bytes of mac1 over the first `length` bytes of a message.
    void mac1(byte[] message, int length, byte[] out, int at) {
        mac1.add(message, 0, length).write(out, at);
    }

    /// Whether mac1 over the first `length` bytes of a message follows them.
    boolean checkMac1(byte[] message, int length) {
        return message.length >= length + Hmac.SHORT
                && mac1.add(message, 0, length).matches(message, length);
    }

    /// Writes the 16 bytes of mac2 over the first `length` bytes of a message.
    static void mac2(byte[] cookie, byte[] message, int length, byte[] out, int at) {
        new Hmac(cookie).add(message, 0, length).write(out, at);
    }

    /// Writes the COOKIE that answers an INIT: 64 bytes at the buffer's position.
    ///
    /// @param init whose mac1 is right
    /// @param cookie 16 bytes
    /// @param random cryptographically strong
    void writeCookie(byte[] init, byte[] cookie, RandomGenerator random, ByteBuffer into) {
        var message = new byte[Wire.COOKIE_LENGTH];
        message[0] = (byte) Wire.COOKIE;
        Wire.putInt(message, Wire.COOKIE_RECEIVER, Wire.getInt(init, Wire.INIT_SENDER));
        var nonce = new byte[NONCE];
        random.nextBytes(nonce);
        System.arraycopy(nonce, 0, message, Wire.COOKIE_NONCE, NONCE);
        cookieAead(message)
                .seal(
                        0,
                        init,
                        Wire.INIT_MAC1,
                        Hmac.SHORT,
                        cookie,
                        0,
                        COOKIE,
                        message,
                        Wire.COOKIE_SEALED);
        into.put(message);
    }

    /// Reads a COOKIE.
    ///
    /// @param index of the INIT that was sent
    /// @param sentMac1 of that INIT
    /// @return 16 bytes, or null if this does not answer that INIT
    byte @Nullable [] readCookie(ByteBuffer datagram, int index, byte[] sentMac1) {
        if (datagram.remaining() != Wire.COOKIE_LENGTH) {
            return null;
        }
        var message = new byte[Wire.COOKIE_LENGTH];
        datagram.get(datagram.position(), message);
        // The type and three zeros.
        if (Wire.getInt(message, 0) != Wire.COOKIE << 24
                || Wire.getInt(message, Wire.COOKIE_RECEIVER) != index) {
            return null;
        }
        var cookie = new byte[COOKIE];
        int length =
                cookieAead(message)
                        .open(
                                0,
                                sentMac1,
                                0,
                                Hmac.SHORT,
                                message,
                                Wire.COOKIE_SEALED,
                                COOKIE + Aead.TAG,
                                cookie,
                                0);
        return length == COOKIE ? cookie : null;
    }

    private Aead cookieAead(byte[] message) {
        return new Aead(
                Aead.Algorithm.CHACHA20_POLY1305,
                cookieKeys.add(message, Wire.COOKIE_NONCE, NONCE).code());
    }

    /// The mac1 of an INIT.
    static byte[] mac1Of(byte[] init) {
        return Arrays.copyOfRange(init, Wire.INIT_MAC1, Wire.INIT_MAC2);
    }
}
