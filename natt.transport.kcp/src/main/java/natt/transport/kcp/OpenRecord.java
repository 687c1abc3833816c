package natt.transport.kcp;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// The first segment of a conversation, by which its initiator says what it wants: the version,
/// the length of the service's name in bytes, big-endian, and the name in UTF-8. Every name has
/// one form.
///
/// ```text
/// 0     1     2
/// | 1   | n   | name, n bytes, 1 to 64
///
/// 0     1     3
/// | 2   | n   | name, n bytes, 65 to 1024
/// ```
final class OpenRecord {
    private static final int SHORT = 1;
    private static final int LONG = 2;
    private static final int MOST_SHORT_NAME = 64;
    static final int MOST_NAME = 1024;

    private OpenRecord() {}

    /// @throws IllegalArgumentException if the name is empty or too long
    static ByteBuffer of(String service) {
        byte[] name = service.getBytes(StandardCharsets.UTF_8);
        if (name.length < 1 || name.length > MOST_NAME) {
            throw new IllegalArgumentException(
                    "a service name of %d bytes, not 1 to %d".formatted(name.length, MOST_NAME));
        }
        var record = ByteBuffer.allocate(3 + name.length);
        if (name.length <= MOST_SHORT_NAME) {
            record.put((byte) SHORT).put((byte) name.length);
        } else {
            record.put((byte) LONG).putShort((short) name.length);
        }
        return record.put(name).flip();
    }

    /// Returns the service that a record names, or null if it is malformed.
    static @Nullable String service(ByteBuffer record) {
        int length = lengthOfName(record);
        if (length < 1 || length != record.remaining()) {
            return null;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(record).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    /// Reads what is before the name; -1 if that is malformed.
    private static int lengthOfName(ByteBuffer record) {
        int version = record.hasRemaining() ? record.get() : 0;
        if (version == SHORT && record.remaining() >= 1) {
            int length = Byte.toUnsignedInt(record.get());
            return length <= MOST_SHORT_NAME ? length : -1;
        }
        if (version == LONG && record.remaining() >= 2) {
            int length = Short.toUnsignedInt(record.getShort());
            return length > MOST_SHORT_NAME && length <= MOST_NAME ? length : -1;
        }
        return -1;
    }
}
