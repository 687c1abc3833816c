package natt.rendezvous.proto;

import natt.core.NodeKey;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;

/// A session with a node: the only thing to which a broker sends.
interface Line {
    NodeKey peer();

    /// Whether there is a path to the node now.
    boolean isUp();

    /// Where the node is now, or was last.
    Optional<InetSocketAddress> path();

    /// Queues a message, which is copied.
    ///
    /// @return whether there was room
    boolean say(ByteBuffer message, long nowNanos);
}
