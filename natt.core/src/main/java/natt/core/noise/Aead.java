package natt.core.noise;

import org.jspecify.annotations.Nullable;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.util.Objects;

import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// ChaCha20-Poly1305 (RFC 8439) with one key, for one direction.
///
/// ```text
///  0               4                                              12
///  +---------------+----------------------------------------------+
///  | zero          | counter, little-endian                       |  nonce (Noise)
///  +---------------+----------------------------------------------+
/// ```
///
/// Input and output may be the same heap array at the same offset; direct buffers make the
/// JDK's ciphers slower, so there are none here. The JDK makes 2.1 kB of garbage for each message;
/// handing it the nonce in an object that is used again would spare 3 % of that.
public final class Aead {
    /// A key, in bytes.
    public static final int KEY = 32;

    /// What sealing adds, in bytes.
    public static final int TAG = 16;

    private static final int NONCE = 12;
    private static final VarHandle LITTLE_ENDIAN =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /// Every message needs an init with its own nonce, which sets the key as well: so one cipher
    /// serves all keys of a thread, and a key costs a broker 3 kB less. Sealing has its own, since
    /// the JDK's refuses to encrypt with the key and nonce that it had last.
    private static final ThreadLocal<Cipher> SEALING = ThreadLocal.withInitial(Aead::cipher);

    private static final ThreadLocal<Cipher> OPENING = ThreadLocal.withInitial(Aead::cipher);

    private final byte[] nonce = new byte[NONCE];
    private @Nullable SecretKeySpec key;

    /// @param key 32 bytes; copied
    public Aead(byte[] key) {
        if (key.length != KEY) {
            throw new IllegalArgumentException("a cipher key of %d bytes".formatted(key.length));
        }
        this.key = new SecretKeySpec(key, "ChaCha20");
    }

    private static Cipher cipher() {
        try {
            return Cipher.getInstance("ChaCha20-Poly1305");
        } catch (GeneralSecurityException missing) {
            throw new AssertionError("every JDK has ChaCha20-Poly1305", missing);
        }
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
        Cipher ready = SEALING.get();
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
    /// @param out has room for 16 bytes less than the input; unchanged if the input is forged
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
        Cipher ready = OPENING.get();
        Objects.checkFromIndexSize(outAt, length - TAG, out.length);
        try {
            ready.init(Cipher.DECRYPT_MODE, secret, nonce(counter));
            ready.updateAAD(ad, adAt, adLength);
            return ready.doFinal(in, at, length, out, outAt);
        } catch (AEADBadTagException forged) {
            return -1;
        } catch (GeneralSecurityException impossible) {
            throw new AssertionError("room was checked, and any counter opens", impossible);
        }
    }

    private IvParameterSpec nonce(long counter) {
        LITTLE_ENDIAN.set(nonce, NONCE - Long.BYTES, counter);
        return new IvParameterSpec(nonce);
    }

    /// Drops the key. Nothing can be sealed or opened any more.
    public void destroy() {
        key = null;
    }
}
