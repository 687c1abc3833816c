package natt.core.node;

import natt.core.Route;
import natt.core.session.Session;
import natt.core.session.SessionEvent;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.AddressDiscovery.Observation;
import natt.core.spi.AddressDiscovery.Sample;
import natt.core.spi.AddressDiscovery.SampleContext;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// Gives the sessions' searches for direct paths what they ask for: sockets, and what servers see
/// of these. An engine of the same port, before that of the sessions, because the servers are
/// asked through the port's sockets.
public final class PathSearch implements Engine {
    /// More would not tell more, and a NAT that counts would be further on.
    private static final int MOST_SERVERS = 3;

    /// A session that has ended says so for so long.
    private static final long LAST_WORDS = 3_000_000_000L;

    /// The port on which a search takes place.
    public interface Ground {
        /// Opens sockets for IPv4.
        ///
        /// @return their numbers in routes: as many as were asked for, or as there can be
        List<Integer> addSockets(int count);

        void closeSocket(int socket);
    }

    private record Asking(Session session, int request, List<Integer> sockets, Sample sample) {}

    private record Closing(List<Integer> sockets, long atNanos) {}

    private final Ground ground;
    private final AddressDiscovery discovery;
    private final RandomGenerator random;
    private final List<Asking> asking = new ArrayList<>();
    private final ArrayDeque<Closing> closing = new ArrayDeque<>();
    private List<InetSocketAddress> servers = List.of();

    /// @param random cryptographically strong
    public PathSearch(Ground ground, AddressDiscovery discovery, RandomGenerator random) {
        this.ground = ground;
        this.discovery = discovery;
        this.random = random;
    }

    /// Sets whom to ask what they see. Two tell how far apart the ports of a NAT are.
    public void useServers(List<InetSocketAddress> theirs) {
        servers =
                theirs.stream()
                        .filter(each -> each.getAddress() instanceof Inet4Address)
                        .limit(MOST_SERVERS)
                        .toList();
    }

    /// Does what a session's search asks for.
    public void handle(Session session, SessionEvent.OfSearch event, long nowNanos) {
        switch (event) {
            case SessionEvent.SearchNeeds needs -> prepare(session, needs, nowNanos);
            case SessionEvent.SearchReleases(var sockets) -> release(session, sockets, nowNanos);
            case SessionEvent.SearchTells _ -> {
                // For a log.
            }
        }
    }

    /// The last words of a session that has ended go by the sockets that it had.
    private void release(Session session, List<Integer> sockets, long nowNanos) {
        if (session.closed().isPresent()) {
            closing.add(new Closing(sockets, nowNanos + LAST_WORDS));
        } else {
            sockets.forEach(ground::closeSocket);
        }
    }

    private void prepare(Session session, SessionEvent.SearchNeeds needs, long nowNanos) {
        if (session.closed().isPresent()) {
            return;
        }
        List<Integer> sockets = ground.addSockets(needs.sockets());
        Sample sample =
                needs.sample() && !sockets.isEmpty() && !servers.isEmpty()
                        ? sample(sockets.getFirst(), nowNanos)
                        : null;
        if (sample == null) {
            session.prepared(needs.request(), sockets, List.of(), nowNanos);
        } else {
            asking.add(new Asking(session, needs.request(), sockets, sample));
        }
    }

    private @Nullable Sample sample(int socket, long nowNanos) {
        List<InetSocketAddress> through =
                servers.stream().map(each -> Route.through(socket, each)).toList();
        return discovery.openSample(new SampleContext(through, nowNanos, random)).orElse(null);
    }

    private void serve(long nowNanos) {
        for (int i = asking.size() - 1; i >= 0; i--) {
            Asking each = asking.get(i);
            if (each.sample.isDone()) {
                asking.remove(i);
                give(each, nowNanos);
            }
        }
    }

    private void give(Asking done, long nowNanos) {
        if (done.session.closed().isPresent()) {
            // Nobody asks any more what its search has to say.
            done.sockets.forEach(ground::closeSocket);
            return;
        }
        done.session.prepared(
                done.request,
                done.sockets,
                done.sample.observations().stream().map(Observation::mapped).toList(),
                nowNanos);
    }

    // ---- Engine

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        for (int i = 0; i < asking.size(); i++) {
            if (asking.get(i).sample.handleDatagram(from, datagram, nowNanos)) {
                serve(nowNanos);
                return true;
            }
        }
        return false;
    }

    @Override
    public void handleTimeout(long nowNanos) {
        for (int i = 0; i < asking.size(); i++) {
            asking.get(i).sample.handleTimeout(nowNanos);
        }
        serve(nowNanos);
        while (!closing.isEmpty() && closing.element().atNanos - nowNanos <= 0) {
            closing.remove().sockets.forEach(ground::closeSocket);
        }
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        for (int i = 0; i < asking.size(); i++) {
            InetSocketAddress to = asking.get(i).sample.pollTransmit(into, nowNanos);
            if (to != null) {
                return to;
            }
        }
        return null;
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        long least = closing.isEmpty() ? NEVER : closing.element().atNanos - nowNanos;
        for (int i = 0; i < asking.size(); i++) {
            least = Math.min(least, asking.get(i).sample.nanosUntilTimeout(nowNanos));
        }
        return least;
    }
}
