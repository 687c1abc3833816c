package natt.transport.kcp;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// The first segment of a conversation, by which its initiator says what it wants: version 1,
/// the length of the service's name in bytes, the name in UTF-8.
///
/// ```text
/// 0     1     2
/// | 1   | n   | name, n bytes, 1 to 64
/// ```
final class OpenRecord {
    private static final int VERSION = 1;
    private static final int HEADER = 2;
    private static final int MOST_NAME = 64;
    static final int MOST = HEADER + MOST_NAME;

    private OpenRecord() {}

    /// @throws IllegalArgumentException if the name is empty or too long
    static ByteBuffer of(String service) {
        byte[] name = service.getBytes(StandardCharsets.UTF_8);
        if (name.length < 1 || name.length > MOST_NAME) {
            throw new IllegalArgumentException(
                    "a service name of %d bytes, not 1 to %d".formatted(name.length, MOST_NAME));
        }
        return ByteBuffer.allocate(HEADER + name.length)
                .put((byte) VERSION)
                .put((byte) name.length)
                .put(name)
                .flip();
    }

    /// Returns the service that a record names, or null if it is malformed.
    static @Nullable String service(ByteBuffer record) {
        if (record.remaining() <= HEADER
                || record.get() != VERSION
                || Byte.toUnsignedInt(record.get()) != record.remaining()
                || record.remaining() > MOST_NAME) {
            return null;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(record).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}
