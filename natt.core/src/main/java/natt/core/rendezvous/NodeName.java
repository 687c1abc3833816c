package natt.core.rendezvous;

import natt.core.Text;

import java.util.Locale;
import java.util.Optional;

/// The names under which a broker knows nodes.
public final class NodeName {
    /// In characters, which are bytes.
    public static final int MOST_LENGTH = 63;

    private NodeName() {}

    /// The form in which a name is stored and compared: lower case; empty if it is none. A name has
    /// 1 to 63 of the letters a to z, digits, `-`, `.` and `_`.
    public static Optional<String> normal(String name) {
        if (name.isEmpty() || name.length() > MOST_LENGTH) {
            return Optional.empty();
        }
        for (int i = 0; i < name.length(); i++) {
            if (!isAllowed(name.charAt(i))) {
                return Optional.empty();
            }
        }
        return Optional.of(name.toLowerCase(Locale.ROOT));
    }

    private static boolean isAllowed(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '-'
                || c == '.'
                || c == '_';
    }

    /// Reads what a user has written.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static String parse(String name) {
        return normal(name)
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "'%s' is not a name of 1 to %d letters, digits, '-', '.'"
                                                        .formatted(Text.escape(name), MOST_LENGTH)
                                                + " and '_'"));
    }
}
