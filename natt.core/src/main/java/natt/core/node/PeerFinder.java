package natt.core.node;

import natt.core.NodeKey;
import natt.core.session.Session;

import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.function.Consumer;

/// Finds peers and the ways to them. Lives on the driver's thread, as what it calls does.
interface PeerFinder {
    /// What became of a name.
    ///
    /// @param key empty if there is none
    /// @param why one line for the user if there is none
    record Found(Optional<NodeKey> key, String why) {}

    /// Asks for the key of a name.
    void resolve(String name, Consumer<Found> outcome);

    /// Begins a session, and looks for ways until it is up and whenever it needs another.
    SessionPumps.Link call(NodeKey peer, SessionPumps.News news);

    /// Lets a session with a peer use the ways that there are, and those that there will be.
    void use(Session session);

    /// Whether it is certain that there is no way now.
    boolean isHopeless(NodeKey peer);

    /// Why there is no way, in one line; empty if nobody knows.
    String why(NodeKey peer);

    /// Where a peer is, for the end of a sentence: `at 203.0.113.7:41233`.
    String place(InetSocketAddress path, NodeKey peer);
}
