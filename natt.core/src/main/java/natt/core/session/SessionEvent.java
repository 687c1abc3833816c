package natt.core.session;

import natt.core.CloseReason;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

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

    /// About the search for a direct path.
    sealed interface OfSearch extends SessionEvent {}

    /// The search wants additional sockets of the port, of IPv4; to be answered by
    /// [Session#prepared], with fewer or none where that cannot be, within two seconds.
    ///
    /// @param request to be given back
    /// @param sample whether servers are to be asked, two at least, through the first socket
    record SearchNeeds(int request, int sockets, boolean sample) implements OfSearch {}

    /// Sockets that the search had got are of no use any more.
    record SearchReleases(List<Integer> sockets) implements OfSearch {}

    /// What the search does or has come to, in words for a log.
    record SearchTells(String what) implements OfSearch {}
}
