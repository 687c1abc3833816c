package natt.core.rendezvous;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// Any bytes are a message between a node and a broker, or none; one that is is written again with
/// the type and the length that it had.
public final class MessageFuzzer {
    private MessageFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        Message read = Message.read(ByteBuffer.wrap(bytes));
        if (read == null || hasLongName(read)) {
            return;
        }
        ByteBuffer written = read.encode();
        // Unknown codes and flags are read as known ones.
        boolean same = written.get(0) == bytes[0] && written.remaining() <= bytes.length;
        Message again = Message.read(written);
        if (!same || again == null || again.getClass() != read.getClass()) {
            throw new AssertionError("another message: " + Arrays.toString(bytes));
        }
    }

    /// Such a name is answered, and never sent.
    private static boolean hasLongName(Message message) {
        return switch (message) {
            case Message.Register asked -> asked.names().stream().anyMatch(MessageFuzzer::isLong);
            case Message.Resolve asked -> isLong(asked.name());
            default -> false;
        };
    }

    private static boolean isLong(String name) {
        return name.length() > NodeName.MOST_LENGTH;
    }
}
