package natt.transport.kcp;

import natt.core.spi.Transport;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/// Two multiplexers of one session and the link between them, in virtual time that wraps after a
/// minute.
final class SessionNet {
    /// A datagram on its way.
    private record Parcel(long at, long order, Side to, byte[] bytes) {}

    final class Side {
        final Transport.Multiplexer mux;
        final List<Transport.Stream> accepted = new ArrayList<>();
        final List<Transport.Stream> ready = new ArrayList<>();

        /// What the session passes as the limit.
        int limit = FIRST_DATAGRAM;

        int sent;
        long bytesSent;
        int longerThanLimit;
        int largest;
        private long busyUntil = now;

        private Side(Transport.Multiplexer mux) {
            this.mux = mux;
        }

        /// Sends what is due and collects what has happened.
        void drain() {
            while (mux.pollDatagram(buffer.clear(), limit, now)) {
                byte[] bytes = new byte[buffer.position()];
                buffer.flip().get(bytes);
                sent++;
                bytesSent += bytes.length;
                largest = Math.max(largest, bytes.length);
                longerThanLimit += bytes.length > limit ? 1 : 0;
                dispatch(this, bytes);
            }
            Transport.Stream stream;
            while ((stream = mux.accept()) != null) {
                accepted.add(stream);
            }
            while ((stream = mux.pollReady()) != null) {
                if (!ready.contains(stream)) {
                    ready.add(stream);
                }
            }
        }

        long counter(String name) {
            Long value = mux.counters().get(name);
            if (value == null) {
                throw new AssertionError("no counter " + name);
            }
            return value;
        }
    }

    static final int FIRST_DATAGRAM = 1200;
    static final int LARGEST_DATAGRAM = 1440;

    long now = Long.MAX_VALUE - Duration.ofMinutes(1).toNanos();
    final SimNet.Path path = new SimNet.Path();
    final Transport transport;
    final Side client;
    final Side server;
    final List<byte[]> wire = new ArrayList<>();
    boolean recording;

    private final SplittableRandom random;
    private final PriorityQueue<Parcel> parcels =
            new PriorityQueue<>(
                    (a, b) ->
                            a.at != b.at
                                    ? Long.signum(a.at - b.at)
                                    : Long.signum(a.order - b.order));
    private final ByteBuffer buffer = ByteBuffer.allocate(LARGEST_DATAGRAM);
    private long order;

    SessionNet(long seed) {
        this(seed, 32);
    }

    SessionNet(long seed, int mostStreams) {
        this(seed, mostStreams, new KcpTransport());
    }

    SessionNet(long seed, int mostStreams, Transport transport) {
        this.transport = transport;
        random = new SplittableRandom(seed);
        client = side(true, mostStreams);
        server = side(false, mostStreams);
    }

    private Side side(boolean initiator, int mostStreams) {
        return new Side(
                transport.open(
                        new Transport.Context(
                                initiator,
                                mostStreams,
                                LARGEST_DATAGRAM,
                                FIRST_DATAGRAM,
                                now,
                                random.split())));
    }

    /// The responder's side of another session, which shares the transport and has no link.
    Side another() {
        return side(false, 32);
    }

    Side other(Side side) {
        return side == client ? server : client;
    }

    private void dispatch(Side from, byte[] bytes) {
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
            // What a session, UDP, IP and Ethernet add.
            at = begin + (long) ((bytes.length + 32 + 42) * 1e9 / path.rate);
            from.busyUntil = at;
        }
        int copies = random.nextDouble() < path.duplicate ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            long late =
                    random.nextDouble() < path.reorder
                            ? random.nextLong(1, 2 * path.delay.toNanos())
                            : 0;
            long delay = random.nextDouble() < path.early ? 0 : path.delay.toNanos();
            parcels.add(new Parcel(at + delay + late, order++, other(from), bytes));
        }
    }

    /// Lets a side take a datagram at once.
    void inject(Side to, byte[] bytes) {
        to.mux.handleDatagram(ByteBuffer.wrap(bytes), now);
        to.drain();
    }

    /// Forgets what is on its way.
    void cut() {
        parcels.clear();
    }

    /// Lets time pass to the next thing that happens, but not beyond a limit.
    void step(long limit) {
        client.drain();
        server.drain();
        long in = Math.min(client.mux.nanosUntilTimeout(now), server.mux.nanosUntilTimeout(now));
        long next = in < limit - now ? now + Math.max(0, in) : limit;
        Parcel first = parcels.peek();
        if (first != null && first.at - next < 0) {
            next = first.at;
        }
        now = next;
        // Everything that arrives at one instant is one batch.
        while ((first = parcels.peek()) != null && first.at - now <= 0) {
            parcels.poll();
            first.to.mux.handleDatagram(ByteBuffer.wrap(first.bytes), now);
        }
        timeOut(client);
        timeOut(server);
    }

    private void timeOut(Side side) {
        for (int i = 0; side.mux.nanosUntilTimeout(now) <= 0; i++) {
            if (i == 3) {
                throw new AssertionError("a deadline stays due");
            }
            side.mux.handleTimeout(now);
            side.drain();
        }
        side.drain();
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
                throw new AssertionError(
                        "did not happen within %s: %s, %s"
                                .formatted(atMost, client.mux.counters(), server.mux.counters()));
            }
            step(limit);
        }
        return (now - begin) / 1_000_000;
    }

    /// Opens a stream from one side and returns its other end.
    Transport.Stream connect(Side from, Transport.Stream dialed) {
        Side to = other(from);
        int before = to.accepted.size();
        runUntil(() -> to.accepted.size() > before, Duration.ofSeconds(10));
        return to.accepted.get(before);
    }
}
