package natt.core;

import java.security.MessageDigest;
import java.util.Base64;

/// 32 random bytes that both sides of a session must know beside each other's keys. Prints as
/// asterisks.
public final class PreSharedKey {
    /// In bytes.
    public static final int LENGTH = 32;

    private static final int TEXT_LENGTH = 43;

    /// No shared secret: 32 zero bytes.
    public static final PreSharedKey NONE = new PreSharedKey(new byte[LENGTH]);

    private final byte[] bytes;

    private PreSharedKey(byte[] bytes) {
        this.bytes = bytes;
    }

    /// @param bytes 32 of them; copied
    public static PreSharedKey of(byte[] bytes) {
        if (bytes.length != LENGTH) {
            throw new IllegalArgumentException(
                    "a shared secret of %d bytes".formatted(bytes.length));
        }
        return new PreSharedKey(bytes.clone());
    }

    /// Reads 43 characters of base64url.
    ///
    /// @throws IllegalArgumentException with one line for the user that does not show the secret
    public static PreSharedKey parse(String text) {
        try {
            if (text.length() == TEXT_LENGTH) {
                return new PreSharedKey(Base64.getUrlDecoder().decode(text));
            }
        } catch (IllegalArgumentException notBase64) {
            // Said below, without the text.
        }
        throw new IllegalArgumentException(
                "a shared secret is 43 characters that 'natt keygen --psk' made, no passphrase");
    }

    /// The secret itself: for the one place that needs it, never for a message.
    public byte[] reveal() {
        return bytes.clone();
    }

    /// The 43 characters: for the file or ticket that hands the secret over, never for a message.
    public String revealText() {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PreSharedKey key && MessageDigest.isEqual(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return PreSharedKey.class.hashCode();
    }

    @Override
    public String toString() {
        return "***";
    }
}
