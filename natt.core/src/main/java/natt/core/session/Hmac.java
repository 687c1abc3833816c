package natt.core.session;

import java.security.GeneralSecurityException;

import javax.crypto.KDF;
import javax.crypto.Mac;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// HMAC-SHA256 (RFC 2104) under one key, cut to its first 16 bytes, and HKDF on top of it (RFC
/// 5869).
final class Hmac {
    /// The part of a code that is sent, in bytes.
    static final int SHORT = 16;

    /// A whole code, in bytes.
    static final int LENGTH = 32;

    private static final String ALGORITHM = "HmacSHA256";

    private final Mac mac;

    /// @param key copied; not empty
    Hmac(byte[] key) {
        try {
            mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
        } catch (GeneralSecurityException missing) {
            throw new AssertionError("every JDK has HMAC-SHA256", missing);
        }
    }

    /// Adds bytes to the message.
    Hmac add(byte[] bytes, int at, int length) {
        mac.update(bytes, at, length);
        return this;
    }

    /// Ends the message: its whole code. The next one begins.
    byte[] code() {
        return mac.doFinal();
    }

    /// Ends the message and writes the first 16 bytes of its code.
    void write(byte[] out, int at) {
        System.arraycopy(mac.doFinal(), 0, out, at, SHORT);
    }

    /// Ends the message. Whether the first 16 bytes of its code are these, in a time that does
    /// not tell where they differ.
    boolean matches(byte[] expected, int at) {
        byte[] code = mac.doFinal();
        int difference = 0;
        for (int i = 0; i < SHORT; i++) {
            difference |= code[i] ^ expected[at + i];
        }
        return difference == 0;
    }

    /// HKDF-SHA256, extract and expand.
    ///
    /// @param salt empty for none
    /// @param input the input keying material; may be empty
    /// @param info empty for none
    /// @param length of the result, in bytes
    static byte[] derive(byte[] salt, byte[] input, byte[] info, int length) {
        HKDFParameterSpec.Builder extract = HKDFParameterSpec.ofExtract();
        // The builder refuses empty material, which is the same as none.
        if (salt.length > 0) {
            extract.addSalt(salt);
        }
        if (input.length > 0) {
            extract.addIKM(input);
        }
        try {
            return KDF.getInstance("HKDF-SHA256").deriveData(extract.thenExpand(info, length));
        } catch (GeneralSecurityException missing) {
            throw new AssertionError("every JDK has HKDF-SHA256", missing);
        }
    }
}
