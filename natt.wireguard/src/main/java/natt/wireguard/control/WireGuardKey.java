package natt.wireguard.control;

import natt.core.NodeKey;
import natt.core.Text;

import java.util.Base64;
import java.util.HexFormat;

/// Public keys as WireGuard writes them: 44 characters of base64 (RFC 4648, section 4), or 64
/// hexadecimal digits between programs. They are X25519 keys as natt's own are.
public final class WireGuardKey {
    private static final int TEXT_LENGTH = 44;

    private WireGuardKey() {}

    /// Reads the 44 characters.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static NodeKey parse(String text) {
        try {
            if (text.length() == TEXT_LENGTH) {
                return NodeKey.of(bytes(text));
            }
        } catch (IllegalArgumentException notBase64) {
            // Said below.
        }
        throw new IllegalArgumentException(
                "'%s' is not a WireGuard key of 44 characters".formatted(Text.escape(text)));
    }

    /// The 44 characters.
    public static String format(NodeKey key) {
        return Base64.getEncoder().encodeToString(key.bytes());
    }

    /// The bytes of a key, public or private.
    ///
    /// @throws IllegalArgumentException without the text, which may be secret
    static byte[] bytes(String base64) {
        byte[] bytes = Base64.getDecoder().decode(base64);
        // Several texts decode to the same bytes; only one of them is the key.
        if (bytes.length != NodeKey.LENGTH
                || !Base64.getEncoder().encodeToString(bytes).equals(base64)) {
            throw new IllegalArgumentException("no key");
        }
        return bytes;
    }

    /// The bytes of a key, public or private.
    ///
    /// @throws IllegalArgumentException without the text, which may be secret
    static byte[] bytesOfHex(String digits) {
        if (digits.length() != 2 * NodeKey.LENGTH) {
            throw new IllegalArgumentException("no key");
        }
        try {
            return HexFormat.of().parseHex(digits);
        } catch (IllegalArgumentException notHex) {
            throw new IllegalArgumentException("no key");
        }
    }

    static String hex(NodeKey key) {
        return HexFormat.of().formatHex(key.bytes());
    }
}
