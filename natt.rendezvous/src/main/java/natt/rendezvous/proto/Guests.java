package natt.rendezvous.proto;

import natt.core.NodeKey;

import java.net.InetSocketAddress;
import java.util.Optional;

/// Says for whom the broker has names and relays.
@FunctionalInterface
public interface Guests {
    /// @param from where the node is, if it is here
    boolean isGuest(NodeKey key, Optional<InetSocketAddress> from);
}
