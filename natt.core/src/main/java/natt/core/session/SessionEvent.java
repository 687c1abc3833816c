package natt.core.session;

import natt.core.CloseReason;

import java.net.InetSocketAddress;
import java.time.Duration;

/// News of a session.
public sealed interface SessionEvent {
    /// The handshake is done and confirmed.
    record Established(InetSocketAddress path) implements SessionEvent {}

    /// The peer was heard at another address, which has proven itself.
    record Moved(InetSocketAddress from, InetSocketAddress to) implements SessionEvent {}

    /// Nothing has been heard although the peer was asked: time to look for other addresses.
    record Doubtful(Duration silence) implements SessionEvent {}

    /// There is no path. Streams wait, the session looks for one.
    record Suspended(Duration silence) implements SessionEvent {}

    /// There is a path again.
    record Resumed(InetSocketAddress path) implements SessionEvent {}

    /// The session has ended, and its streams with it.
    record Closed(CloseReason reason) implements SessionEvent {}
}
