package natt.core.session;

import natt.core.CloseCode;
import natt.core.NodeKey;

import java.net.InetSocketAddress;
import java.util.Optional;

/// Decides who may have a session.
@FunctionalInterface
public interface Admission {
    /// Asked when a caller has proven its key, and again for every session when the list has
    /// changed.
    ///
    /// @param from where the caller is now
    Answer admit(NodeKey caller, InetSocketAddress from);

    /// @param refused why not; empty if the caller may have a session
    /// @param listed whether the caller's key is known by name, so that more sessions are kept for
    ///     it
    record Answer(Optional<CloseCode> refused, boolean listed) {
        public static Answer listedKey() {
            return new Answer(Optional.empty(), true);
        }

        public static Answer anybody() {
            return new Answer(Optional.empty(), false);
        }

        public static Answer refuse(CloseCode why) {
            return new Answer(Optional.of(why), false);
        }
    }
}
