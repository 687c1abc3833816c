package natt.core.node;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.Route;
import natt.core.session.Session;

import java.net.InetSocketAddress;
import java.time.Duration;

/// What a person is told when a session moves.
final class PathText {
    private PathText() {}

    /// @param name of the peer
    static String moved(
            String name,
            Brokers brokers,
            Session session,
            InetSocketAddress was,
            InetSocketAddress is) {
        NodeKey peer = session.peer();
        boolean wasRelayed = Route.channel(was).isPresent();
        boolean isRelayed = Route.channel(is).isPresent();
        if (wasRelayed && !isRelayed) {
            Duration roundTrip = session.streams().estimate().roundTrip();
            return "found a direct path to %s: %s%s; the relay is no longer used"
                    .formatted(
                            name,
                            HostAndPort.format(is),
                            roundTrip.isZero() ? "" : ", " + roundTrip.toMillis() + " ms");
        }
        if (isRelayed && !wasRelayed) {
            return "the direct path to %s is gone: %s again"
                    .formatted(name, brokers.place(is, peer));
        }
        return "%s has moved from %s to %s"
                .formatted(name, HostAndPort.format(was), HostAndPort.format(is));
    }
}
