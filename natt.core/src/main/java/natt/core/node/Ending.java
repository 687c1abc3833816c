package natt.core.node;

import java.util.OptionalInt;

/// How a connection to a target of a peer has ended.
///
/// @param why empty if both directions ended in order, else one line for the user
/// @param status the exit status of a command that ended; 128 and the number of the signal for one
///     that a signal has ended
public record Ending(String why, OptionalInt status) {
    static Ending because(String why) {
        return new Ending(why, OptionalInt.empty());
    }

    /// Whether both directions ended in order.
    public boolean orderly() {
        return why.isEmpty();
    }
}
