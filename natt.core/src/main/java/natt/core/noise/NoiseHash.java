package natt.core.noise;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.function.Supplier;

/// A hash of 32 bytes over blocks of 64, and what Noise makes of it (revision 34, section 4.3).
///
/// @param name as protocol names have it
/// @param digests makes digests that know nothing of each other
public record NoiseHash(String name, Supplier<MessageDigest> digests) {
    public static final NoiseHash SHA_256 = new NoiseHash("SHA256", NoiseHash::sha256);

    /// HASHLEN.
    static final int LENGTH = 32;

    /// BLOCKLEN.
    private static final int BLOCK = 64;

    private static final byte INNER = 0x36;
    private static final byte OUTER = 0x5c;

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException missing) {
            throw new AssertionError("every JDK has SHA-256", missing);
        }
    }

    MessageDigest digest() {
        return digests.get();
    }

    /// HKDF: so many outputs of 32 bytes, one after the other.
    ///
    /// @param input may be empty
    byte[] derive(byte[] chainingKey, byte[] input, int outputs) {
        MessageDigest digest = digest();
        byte[] key = hmac(digest, chainingKey, input);
        var all = new byte[outputs * LENGTH];
        byte[] latest = new byte[0];
        for (int i = 0; i < outputs; i++) {
            byte[] message = Arrays.copyOf(latest, latest.length + 1);
            message[latest.length] = (byte) (i + 1);
            latest = hmac(digest, key, message);
            System.arraycopy(latest, 0, all, i * LENGTH, LENGTH);
        }
        return all;
    }

    /// HMAC (RFC 2104) under a key that is no longer than a block.
    private static byte[] hmac(MessageDigest digest, byte[] key, byte[] message) {
        digest.update(padded(key, INNER));
        byte[] inner = digest.digest(message);
        digest.update(padded(key, OUTER));
        return digest.digest(inner);
    }

    private static byte[] padded(byte[] key, byte pad) {
        byte[] block = Arrays.copyOf(key, BLOCK);
        for (int i = 0; i < BLOCK; i++) {
            block[i] ^= pad;
        }
        return block;
    }
}
