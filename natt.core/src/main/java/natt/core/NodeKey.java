package natt.core;

import java.util.Arrays;
import java.util.Base64;

/// A node's public key, X25519, which is its identity. Written as 43 characters of base64url (RFC
/// 4648, section 5, without padding).
public final class NodeKey implements Comparable<NodeKey> {
    /// In bytes.
    public static final int LENGTH = 32;

    private static final int TEXT_LENGTH = 43;

    private final byte[] bytes;

    private NodeKey(byte[] bytes) {
        this.bytes = bytes;
    }

    /// @param bytes 32 of them, little-endian (RFC 7748, section 5); copied
    public static NodeKey of(byte[] bytes) {
        if (bytes.length != LENGTH) {
            throw new IllegalArgumentException("a key of %d bytes".formatted(bytes.length));
        }
        return new NodeKey(bytes.clone());
    }

    /// Reads the 43 characters.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static NodeKey parse(String text) {
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(text);
            // Several texts decode to the same bytes; only one of them is the key.
            if (text.length() == TEXT_LENGTH && encode(bytes).equals(text)) {
                return new NodeKey(bytes);
            }
        } catch (IllegalArgumentException notBase64) {
            // Said below.
        }
        throw new IllegalArgumentException(
                "'%s' is not a key of 43 characters".formatted(Text.escape(text)));
    }

    private static String encode(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    public byte[] bytes() {
        return bytes.clone();
    }

    @Override
    public int compareTo(NodeKey other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NodeKey key && Arrays.equals(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /// The 43 characters.
    @Override
    public String toString() {
        return encode(bytes);
    }
}
