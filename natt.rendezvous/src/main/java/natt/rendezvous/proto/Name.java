package natt.rendezvous.proto;

import natt.core.NodeKey;
import natt.core.rendezvous.NodeName;

import java.time.DateTimeException;
import java.time.Instant;

/// A name that a key holds. As a line: name, key, since, last seen, and `withdrawn` if it is not to
/// be found.
///
/// @param since when the key got it, in seconds since 1970
/// @param lastSeen when the key was last here, in seconds since 1970
/// @param withdrawn whether the node has given it up: it is kept for the key, and not found
public record Name(String name, NodeKey key, long since, long lastSeen, boolean withdrawn) {
    private static final String WITHDRAWN = "withdrawn";
    private static final int FIELDS = 4;

    /// A line of a file, without its end.
    public String toLine() {
        String line =
                "%s %s %s %s"
                        .formatted(
                                name,
                                key,
                                Instant.ofEpochSecond(since),
                                Instant.ofEpochSecond(lastSeen));
        return withdrawn ? line + " " + WITHDRAWN : line;
    }

    /// Reads a line.
    ///
    /// @throws IllegalArgumentException in a few words if it is none
    public static Name parse(String line) {
        String[] fields = line.split(" ", -1);
        boolean withdrawn = fields.length == FIELDS + 1 && fields[FIELDS].equals(WITHDRAWN);
        if (fields.length != FIELDS && !withdrawn) {
            throw new IllegalArgumentException("not a name, a key and two times");
        }
        String name = NodeName.parse(fields[0]);
        return new Name(
                name, NodeKey.parse(fields[1]), time(fields[2]), time(fields[3]), withdrawn);
    }

    private static long time(String text) {
        try {
            return Instant.parse(text).getEpochSecond();
        } catch (DateTimeException wrong) {
            throw new IllegalArgumentException("not a time", wrong);
        }
    }

    Name seen(long epochSecond) {
        return new Name(name, key, since, Math.max(lastSeen, epochSecond), withdrawn);
    }

    Name found(boolean found) {
        return new Name(name, key, since, lastSeen, !found);
    }
}
