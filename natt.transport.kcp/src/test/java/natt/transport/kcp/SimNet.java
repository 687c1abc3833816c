package natt.transport.kcp;

import natt.core.spi.PlainTransport;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/// Endpoints and the network between them, in virtual time. Time starts one minute before
/// ticker values wrap.
final class SimNet {
    /// A datagram on its way.
    record Flight(
            long at, long order, InetSocketAddress from, InetSocketAddress to, byte[] bytes) {}

    /// How datagrams fare.
    static final class Path {
        Duration delay = Duration.ofMillis(10);
        double loss;
        double duplicate;

        /// The part of the datagrams that takes up to twice the delay more.
        double reorder;

        /// The part of the datagrams that takes no time at all, and so overtakes many.
        double early;

        /// Bytes a second, 0 for no limit; and what may queue for it.
        double rate;

        Duration queue = Duration.ofMillis(50);

        /// Datagrams that are dropped.
        Predicate<byte[]> dropped = bytes -> false;
    }

    final class Node {
        final InetSocketAddress address;
        final PlainTransport.Endpoint endpoint;
        final List<PlainTransport.Stream> accepted = new ArrayList<>();
        final List<PlainTransport.Stream> ready = new ArrayList<>();
        int sent;
        long bytesSent;
        int largest;
        boolean dead;
        private long busyUntil = now;

        private Node(InetSocketAddress address, PlainTransport.Endpoint endpoint) {
            this.address = address;
            this.endpoint = endpoint;
        }

        /// Sends what is due and collects what has happened.
        void drain() {
            while (true) {
                buffer.clear();
                InetSocketAddress to = endpoint.pollTransmit(buffer, now);
                if (to == null) {
                    break;
                }
                byte[] bytes = new byte[buffer.position()];
                buffer.flip().get(bytes);
                sent++;
                bytesSent += bytes.length;
                largest = Math.max(largest, bytes.length);
                if (!dead) {
                    dispatch(this, to, bytes);
                }
            }
            PlainTransport.Stream stream;
            while ((stream = endpoint.accept()) != null) {
                accepted.add(stream);
            }
            while ((stream = endpoint.pollReady()) != null) {
                if (!ready.contains(stream)) {
                    ready.add(stream);
                }
            }
            if (endpoint.nanosUntilTimeout(now) <= 0) {
                endpoint.handleTimeout(now);
                if (endpoint.nanosUntilTimeout(now) <= 0 && ++spins > 5) {
                    throw new AssertionError("a deadline stays due");
                }
                drain();
                spins = 0;
            }
        }

        private int spins;

        PlainTransport.Stream onlyAccepted() {
            if (accepted.size() != 1) {
                throw new AssertionError("accepted " + accepted.size());
            }
            return accepted.get(0);
        }

        long counter(String name) {
            Long value = endpoint.counters().get(name);
            if (value == null) {
                throw new AssertionError("no counter " + name);
            }
            return value;
        }
    }

    long now = Long.MAX_VALUE - Duration.ofMinutes(1).toNanos();
    final long start = now;
    final Path path = new Path();
    final List<Node> nodes = new ArrayList<>();
    final List<byte[]> wire = new ArrayList<>();
    boolean recording;

    /// Of the nodes that are made from now on.
    PlainTransport transport = new KcpGoTransport();

    private final SplittableRandom random;
    private final PriorityQueue<Flight> flights =
            new PriorityQueue<>(
                    (a, b) ->
                            a.at != b.at
                                    ? Long.signum(a.at - b.at)
                                    : Long.signum(a.order - b.order));
    private final ByteBuffer buffer = ByteBuffer.allocate(2048);
    private long order;

    SimNet(long seed) {
        random = new SplittableRandom(seed);
    }

    Node node(int host, int port, boolean accepting) {
        return node(host, port, accepting, 1400);
    }

    Node node(int host, int port, boolean accepting, int largestDatagram) {
        var context = new PlainTransport.Context(accepting, largestDatagram, now, random.split());
        var node = new Node(address(host, port), transport.open(context));
        nodes.add(node);
        return node;
    }

    Node original(int host, int port, OriginalEndpoint endpoint) {
        var node = new Node(address(host, port), endpoint);
        nodes.add(node);
        return node;
    }

    static InetSocketAddress address(int host, int port) {
        return new InetSocketAddress("198.51.100." + host, port);
    }

    private void dispatch(Node from, InetSocketAddress to, byte[] bytes) {
        if (recording) {
            wire.add(bytes);
        }
        if (path.dropped.test(bytes) || random.nextDouble() < path.loss) {
            return;
        }
        long at = now;
        if (path.rate > 0) {
            long begin = from.busyUntil - now > 0 ? from.busyUntil : now;
            if (begin - now > path.queue.toNanos()) {
                return;
            }
            at = begin + (long) ((bytes.length + 42) * 1e9 / path.rate);
            from.busyUntil = at;
        }
        int copies = random.nextDouble() < path.duplicate ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            long late =
                    random.nextDouble() < path.reorder
                            ? random.nextLong(1, 2 * path.delay.toNanos())
                            : 0;
            flights.add(
                    new Flight(at + path.delay.toNanos() + late, order++, from.address, to, bytes));
        }
    }

    /// Delivers a datagram at once, as if from an address, and returns whether it was taken.
    boolean inject(Node to, InetSocketAddress from, byte[] bytes) {
        boolean taken = to.endpoint.handleDatagram(from, ByteBuffer.wrap(bytes), now);
        to.drain();
        return taken;
    }

    /// Lets time pass to the next thing that happens, but not beyond a limit.
    void step(long limit) {
        long next = limit;
        for (Node node : nodes) {
            node.drain();
            long in = node.dead ? Long.MAX_VALUE : node.endpoint.nanosUntilTimeout(now);
            if (in < limit - now && now + in - next < 0) {
                next = now + in;
            }
        }
        Flight first = flights.peek();
        if (first != null && first.at - next < 0) {
            next = first.at;
        }
        now = next;
        // Everything that arrives at one instant is one batch.
        Flight flight;
        while ((flight = flights.peek()) != null && flight.at - now <= 0) {
            flights.poll();
            deliver(flight);
        }
        for (Node node : nodes) {
            if (!node.dead && node.endpoint.nanosUntilTimeout(now) <= 0) {
                node.endpoint.handleTimeout(now);
            }
            node.drain();
        }
    }

    private void deliver(Flight flight) {
        for (Node node : nodes) {
            if (node.address.equals(flight.to) && !node.dead) {
                node.endpoint.handleDatagram(flight.from, ByteBuffer.wrap(flight.bytes), now);
            }
        }
    }

    void run(Duration time) {
        long limit = now + time.toNanos();
        while (limit - now > 0) {
            step(limit);
        }
    }

    /// Runs until something holds, looking after every event.
    ///
    /// @return how long that took, in milliseconds
    long runUntil(BooleanSupplier holds, Duration atMost) {
        long begin = now;
        long limit = now + atMost.toNanos();
        while (!holds.getAsBoolean()) {
            if (limit - now <= 0) {
                throw new AssertionError("did not happen within " + atMost);
            }
            step(limit);
        }
        return (now - begin) / 1_000_000;
    }

    long elapsedMillis() {
        return (now - start) / 1_000_000;
    }

    static void write(Transport.Stream stream, String text, long now) {
        var bytes = ByteBuffer.wrap(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        stream.write(bytes, now);
        if (bytes.hasRemaining()) {
            throw new AssertionError("not all was taken");
        }
    }

    static @Nullable String read(Transport.Stream stream, long now) {
        var into = ByteBuffer.allocate(65536);
        int n = stream.read(into, now);
        return n < 0
                ? null
                : new String(into.array(), 0, n, java.nio.charset.StandardCharsets.US_ASCII);
    }
}
