package natt.core.noise;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;

/// Noise's SymmetricState and, within it, its CipherState (revision 34, sections 5.1 and 5.2),
/// with ChaChaPoly and any hash.
public final class SymmetricState {
    private static final int HASH = NoiseHash.LENGTH;
    private static final byte[] NOTHING = new byte[0];

    private final NoiseHash function;
    private final MessageDigest digest;
    private byte[] hash;
    private byte[] chainingKey;
    private byte @Nullable [] key;
    private long counter;

    public SymmetricState(NoiseHash function, String protocolName) {
        this.function = function;
        digest = function.digest();
        byte[] name = protocolName.getBytes(StandardCharsets.US_ASCII);
        // A name that fits is padded with zeros, not hashed.
        hash = name.length <= HASH ? Arrays.copyOf(name, HASH) : digest.digest(name);
        chainingKey = hash;
    }

    /// A copy, so that what a hostile message does to it can be forgotten. The arrays are never
    /// written to, so both may hold them.
    SymmetricState(SymmetricState other) {
        function = other.function;
        digest = function.digest();
        hash = other.hash;
        chainingKey = other.chainingKey;
        key = other.key;
        counter = other.counter;
    }

    public void mixHash(byte[] data) {
        mixHash(data, 0, data.length);
    }

    void mixHash(byte[] data, int at, int length) {
        hash = hashWith(data, at, length);
    }

    private byte[] hashWith(byte[] data, int at, int length) {
        digest.update(hash);
        digest.update(data, at, length);
        return digest.digest();
    }

    public void mixKey(byte[] input) {
        byte[] two = function.derive(chainingKey, input, 2);
        chainingKey = part(two, 0);
        setKey(part(two, 1));
    }

    public void mixKeyAndHash(byte[] input) {
        byte[] three = function.derive(chainingKey, input, 3);
        chainingKey = part(three, 0);
        mixHash(three, HASH, HASH);
        setKey(part(three, 2));
    }

    private static Aead cipher(byte[] key) {
        return new Aead(Aead.Algorithm.CHACHA20_POLY1305, key);
    }

    private void setKey(byte[] fresh) {
        key = fresh;
        counter = 0;
    }

    /// The keys of the first and the second direction.
    byte[][] split() {
        byte[] two = function.derive(chainingKey, NOTHING, 2);
        return new byte[][] {part(two, 0), part(two, 1)};
    }

    private static byte[] part(byte[] all, int index) {
        return Arrays.copyOfRange(all, index * HASH, (index + 1) * HASH);
    }

    byte[] hash() {
        return hash.clone();
    }

    /// What encrypting adds now, in bytes: nothing before the first key.
    int overhead() {
        return key == null ? 0 : Aead.TAG;
    }

    /// Returns how many bytes were written.
    public int encryptAndHash(byte[] in, int at, int length, byte[] out, int outAt) {
        int written = length;
        if (key == null) {
            System.arraycopy(in, at, out, outAt, length);
        } else {
            written = cipher(key).seal(counter++, hash, 0, HASH, in, at, length, out, outAt);
        }
        mixHash(out, outAt, written);
        return written;
    }

    /// Returns how many bytes were written, or -1 if the input is forged; then nothing has
    /// changed.
    int decryptAndHash(byte[] in, int at, int length, byte[] out, int outAt) {
        // Before decrypting, which may overwrite the input.
        byte[] next = hashWith(in, at, length);
        int written = length;
        if (key == null) {
            System.arraycopy(in, at, out, outAt, length);
        } else {
            written = cipher(key).open(counter, hash, 0, HASH, in, at, length, out, outAt);
            if (written < 0) {
                return -1;
            }
            counter++;
        }
        hash = next;
        return written;
    }
}
