package natt.core.session;

import natt.core.Route;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;

/// The channels of this node with its brokers, each of which is a path to one peer.
final class Relays {
    /// What a relay adds to a datagram: a DATA of the session with the broker, the type of the
    /// message, the channel.
    static final int OVERHEAD = Wire.DATA_OVERHEAD + Rendezvous.RELAY_HEADER;

    /// A channel of a session with a broker.
    record Channel(Session broker, int number) {}

    private final Map<Integer, Channel> byRoute = new HashMap<>();
    private final Map<Channel, InetSocketAddress> routes = new HashMap<>();
    private int next = 1;

    /// The path by a channel; made if there is none yet.
    InetSocketAddress add(Session broker, int number) {
        return routes.computeIfAbsent(
                new Channel(broker, number),
                channel -> {
                    byRoute.put(next, channel);
                    return Route.relayed(next++);
                });
    }

    /// Puts another channel behind a path, which may have lost its own: what goes by it goes on.
    void move(InetSocketAddress route, Session broker, int number) {
        OptionalInt of = Route.channel(route);
        if (of.isPresent() && of.getAsInt() < next) {
            remove(route);
            var channel = new Channel(broker, number);
            InetSocketAddress other = routes.put(channel, route);
            if (other != null) {
                Route.channel(other).ifPresent(byRoute::remove);
            }
            byRoute.put(of.getAsInt(), channel);
        }
    }

    void remove(InetSocketAddress route) {
        OptionalInt number = Route.channel(route);
        Channel channel = number.isEmpty() ? null : byRoute.remove(number.getAsInt());
        if (channel != null) {
            routes.remove(channel);
        }
    }

    /// Drops all channels of a session.
    void remove(Session broker) {
        routes.keySet().removeIf(channel -> channel.broker.equals(broker));
        byRoute.values().removeIf(channel -> channel.broker.equals(broker));
    }

    /// The channel that is meant by a path, or null.
    @Nullable Channel channel(int route) {
        return byRoute.get(route);
    }

    /// The path by a channel, or null.
    @Nullable InetSocketAddress route(Session broker, int number) {
        return routes.get(new Channel(broker, number));
    }
}
