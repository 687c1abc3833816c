package natt.testkit;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/// A reliable, ordered connection between two ports: TCP with TLS, seen from above. It takes the
/// delay of the links on its way, waits while one of them is down, and loses nothing.
final class SimConnection {
    /// How often a connection whose way is interrupted tries again.
    private static final long RETRY_NANOS = Duration.ofMillis(200).toNanos();

    /// One for TCP, one for TLS 1.3.
    private static final int ROUND_TRIPS_TO_OPEN = 2;

    private final SimNetwork network;
    private final Half there;
    private final Half back;
    private boolean closed;

    private SimConnection(SimNetwork network, SimPort from, SimPort to) {
        this.network = network;
        there = new Half(from, to, links(from.host(), to.host()));
        back = new Half(to, from, links(to.host(), from.host()));
        long opened = ROUND_TRIPS_TO_OPEN * (there.delayNanos() + back.delayNanos());
        there.opensAtNanos = network.nanoTime() + opened;
        back.opensAtNanos = there.opensAtNanos;
    }

    /// Opens a connection and returns its number at the port from which it is opened.
    static int open(SimNetwork network, SimPort from, SimPort to) {
        var connection = new SimConnection(network, from, to);
        connection.back.receiver = from.add(connection);
        connection.there.receiver = to.add(connection);
        return connection.back.receiver;
    }

    void send(SimPort from, byte[] payload) {
        (from.equals(there.from) ? there : back).send(payload);
    }

    void close() {
        closed = true;
        there.to.removeConnection(there.receiver);
        back.to.removeConnection(back.receiver);
    }

    /// The links from one host to another: outwards as far as needed, then inwards.
    private static List<SimLink> links(SimHost from, SimHost to) {
        var way = new ArrayList<SimLink>();
        way.add(from.up());
        var inwards = new ArrayList<SimLink>();
        SimRealm common = from.realm();
        while (common != null && !isWithin(to.realm(), common)) {
            way.add(common.up());
            common = common.outside();
        }
        for (SimRealm at = to.realm(); at != null && at != common; at = at.outside()) {
            inwards.addFirst(at.down());
        }
        way.addAll(inwards);
        way.add(to.down());
        return way;
    }

    private static boolean isWithin(SimRealm realm, SimRealm around) {
        for (@Nullable SimRealm at = realm; at != null; at = at.outside()) {
            if (at.equals(around)) {
                return true;
            }
        }
        return false;
    }

    /// One direction.
    private final class Half {
        private final SimPort from;
        private final SimPort to;
        private final List<SimLink> links;
        private final Queue<byte[]> waiting = new ArrayDeque<>();

        /// The number of the connection at the port to which this half leads.
        private int receiver;

        private long opensAtNanos;
        private long lastArrivalNanos;
        private boolean arrived;
        private boolean retrying;

        private Half(SimPort from, SimPort to, List<SimLink> links) {
            this.from = from;
            this.to = to;
            this.links = links;
        }

        private long delayNanos() {
            return links.stream().mapToLong(link -> link.shape().delay().toNanos()).sum();
        }

        private void send(byte[] payload) {
            waiting.add(payload);
            if (!retrying) {
                flush();
            }
        }

        private void flush() {
            retrying = false;
            long now = network.nanoTime();
            boolean down = links.stream().anyMatch(SimLink::isDown);
            if (!waiting.isEmpty() && (down || opensAtNanos - now > 0)) {
                retrying = true;
                network.later(down ? RETRY_NANOS : opensAtNanos - now, this::flush);
                return;
            }
            while (!waiting.isEmpty()) {
                byte[] payload = waiting.remove();
                long at = now + delayNanos();
                if (arrived && lastArrivalNanos - at > 0) {
                    at = lastArrivalNanos;
                }
                arrived = true;
                lastArrivalNanos = at;
                network.later(at - now, () -> arrive(payload));
            }
        }

        private void arrive(byte[] payload) {
            if (!closed) {
                to.receiveConnected(receiver, payload);
            }
        }
    }
}
