package natt.core.noise;

import org.jspecify.annotations.Nullable;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.spec.AlgorithmParameterSpec;
import java.util.Arrays;
import java.util.Objects;

import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// Authenticated encryption with one key, for one direction.
///
/// ```text
///  0               4                                              12
///  +---------------+----------------------------------------------+
///  | zero          | counter, in the algorithm's byte order       |  nonce
///  +---------------+----------------------------------------------+
/// ```
///
/// The nonces are Noise's (revision 34, sections 12.3 and 12.4). Input and output may be the same
/// heap array at the same offset; direct buffers make the JDK's ciphers slower, so there are none
/// here. For each message the JDK makes 2.1 kB of garbage with ChaCha20-Poly1305 and 1 kB with
/// AES-GCM; handing it the nonce in an object that is used again would spare 3 % of that.
public final class Aead {
    /// What encrypts.
    public enum Algorithm {
        /// RFC 8439; its counter is little-endian. As quick on every processor.
        CHACHA20_POLY1305(
                "ChaCha20-Poly1305", "ChaCha20-Poly1305", "ChaCha20", ByteOrder.LITTLE_ENDIAN),
        /// NIST SP 800-38D with keys of 256 bits; its counter is big-endian. Quicker where the
        /// processor has instructions for it, otherwise slow, and its tables tell of the key by
        /// the time they take.
        AES_256_GCM("AES-256-GCM", "AES/GCM/NoPadding", "AES", ByteOrder.BIG_ENDIAN);

        private final String name;
        private final String transformation;
        private final String ofKeys;
        private final VarHandle counter;

        /// Every message needs an init with its own nonce, which sets the key as well: so one
        /// cipher serves all keys of a thread, and a key costs a broker 3 kB less. Sealing has its
        /// own, since the JDK's refuses to encrypt with the key and nonce that it had last.
        private final ThreadLocal<Cipher> sealing = ThreadLocal.withInitial(this::cipher);

        private final ThreadLocal<Cipher> opening = ThreadLocal.withInitial(this::cipher);

        Algorithm(String name, String transformation, String ofKeys, ByteOrder order) {
            this.name = name;
            this.transformation = transformation;
            this.ofKeys = ofKeys;
            counter = MethodHandles.byteArrayViewVarHandle(long[].class, order);
        }

        /// The usual name, for people.
        @Override
        public String toString() {
            return name;
        }

        private Cipher cipher() {
            try {
                return Cipher.getInstance(transformation);
            } catch (GeneralSecurityException missing) {
                throw new AssertionError("every JDK has " + transformation, missing);
            }
        }
    }

    /// A key, in bytes.
    public static final int KEY = 32;

    /// What sealing adds, in bytes.
    public static final int TAG = 16;

    private static final int NONCE = 12;

    private final Algorithm algorithm;
    private final byte[] nonce = new byte[NONCE];
    private @Nullable SecretKeySpec key;

    /// @param key 32 bytes; copied
    public Aead(Algorithm algorithm, byte[] key) {
        if (key.length != KEY) {
            throw new IllegalArgumentException("a cipher key of %d bytes".formatted(key.length));
        }
        this.algorithm = algorithm;
        this.key = new SecretKeySpec(key, algorithm.ofKeys);
    }

    /// Encrypts.
    ///
    /// @param counter from 0; never the same one twice under a key
    /// @param ad authenticated and not encrypted
    /// @param out has room for 16 bytes more than the input
    /// @return how many bytes were written
    public int seal(
            long counter,
            byte[] ad,
            int adAt,
            int adLength,
            byte[] in,
            int at,
            int length,
            byte[] out,
            int outAt) {
        Objects.checkFromIndexSize(outAt, length + TAG, out.length);
        if (counter < 0) {
            throw new IllegalStateException("a key has no messages left");
        }
        SecretKeySpec secret = key;
        if (secret == null) {
            throw new IllegalStateException("this key was destroyed");
        }
        Cipher ready = algorithm.sealing.get();
        try {
            ready.init(Cipher.ENCRYPT_MODE, secret, nonce(counter));
            ready.updateAAD(ad, adAt, adLength);
            return ready.doFinal(in, at, length, out, outAt);
        } catch (GeneralSecurityException reused) {
            throw new AssertionError("room was checked, and counters only grow", reused);
        }
    }

    /// Decrypts.
    ///
    /// @param out has room for 16 bytes less than the input; if the input is forged,
    ///     ChaCha20-Poly1305 leaves it unchanged and AES-GCM fills that room with zeros
    /// @return how many bytes were written, or -1 if the input, the counter or the associated data
    ///     are not what the sender sealed, or if this key was destroyed
    public int open(
            long counter,
            byte[] ad,
            int adAt,
            int adLength,
            byte[] in,
            int at,
            int length,
            byte[] out,
            int outAt) {
        SecretKeySpec secret = key;
        if (length < TAG || counter < 0 || secret == null) {
            return -1;
        }
        Cipher ready = algorithm.opening.get();
        Objects.checkFromIndexSize(outAt, length - TAG, out.length);
        try {
            ready.init(Cipher.DECRYPT_MODE, secret, nonce(counter));
            ready.updateAAD(ad, adAt, adLength);
            return ready.doFinal(in, at, length, out, outAt);
        } catch (AEADBadTagException forged) {
            if (algorithm == Algorithm.AES_256_GCM) {
                // In place the JDK leaves what it has decrypted.
                Arrays.fill(out, outAt, outAt + length - TAG, (byte) 0);
            }
            return -1;
        } catch (GeneralSecurityException impossible) {
            throw new AssertionError("room was checked, and any counter opens", impossible);
        }
    }

    public Algorithm algorithm() {
        return algorithm;
    }

    private AlgorithmParameterSpec nonce(long counter) {
        algorithm.counter.set(nonce, NONCE - Long.BYTES, counter);
        return algorithm == Algorithm.AES_256_GCM
                ? new GCMParameterSpec(TAG * Byte.SIZE, nonce)
                : new IvParameterSpec(nonce);
    }

    /// Drops the key. Nothing can be sealed or opened any more.
    public void destroy() {
        key = null;
    }
}
