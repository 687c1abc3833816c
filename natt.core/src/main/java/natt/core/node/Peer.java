package natt.core.node;

import natt.core.NodeKey;
import natt.core.rendezvous.NodeName;

import java.util.Optional;

/// A node as users name it: by the name that it has at the broker, or by its key.
///
/// @param text the name in lower case, or the 43 characters of the key
/// @param key the key, if it was given
public record Peer(String text, Optional<NodeKey> key) {
    private static final int KEY_LENGTH = 43;

    /// Reads a name of 1 to 63 letters, digits, `.`, `-` and `_`, or a key.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static Peer parse(String text) {
        if (text.length() == KEY_LENGTH) {
            try {
                NodeKey key = NodeKey.parse(text);
                return new Peer(text, Optional.of(key));
            } catch (IllegalArgumentException noKey) {
                // It may still be a name.
            }
        }
        return new Peer(NodeName.parse(text), Optional.empty());
    }

    @Override
    public String toString() {
        return text;
    }
}
