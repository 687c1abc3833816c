package natt.transport.kcp;

import natt.core.CloseReason;
import natt.core.spi.Transport;
import natt.tests.fuzz.Input;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/// The streams of two sides of a session, over a path that loses, delays, changes and goes away as
/// the input says, but repeats nothing: that is the session's affair. Every stream brings every
/// byte in order and then its end, both ways. The model is a counter of bytes. When the input has
/// been used up, the path is a good one.
public final class KcpSessionFuzzer {
    private static final long MILLI = 1_000_000;
    private static final long LONGEST = 3_600_000 * MILLI;
    private static final int MOST_STREAMS = 4;

    /// After so long without a word the other side of a session pauses as well.
    private static final long SILENCE = 30_000 * MILLI;

    private static final int LARGEST = 1440;
    private static final int MOST_BYTES = 60_000;

    private record Flight(long at, long order, Side to, byte[] bytes) {}

    /// One direction of a stream.
    private static final class Flow {
        private final int salt;
        private final int length;
        private final int chunk;
        private int written;
        private int read;
        private boolean finished;
        private boolean ended;

        private Flow(int salt, int length, int chunk) {
            this.salt = salt;
            this.length = length;
            this.chunk = chunk;
        }

        private byte at(int index) {
            return (byte) (index ^ index >>> 8 ^ salt);
        }

        private boolean isRead() {
            return read == length;
        }

        private void write(Transport.Stream stream, long now) {
            while (!finished) {
                var data = ByteBuffer.allocate(Math.min(chunk, length - written));
                for (int i = 0; i < data.limit(); i++) {
                    data.put(i, at(written + i));
                }
                int taken = stream.write(data, now);
                if (taken != data.position()) {
                    throw new AssertionError("takes other than it says");
                }
                written += taken;
                if (written == length) {
                    finished = true;
                    stream.finish(now);
                } else if (taken == 0) {
                    return;
                }
            }
        }

        private void read(Transport.Stream stream, long now) {
            while (!ended) {
                var data = ByteBuffer.allocate(chunk);
                int n = stream.read(data, now);
                if (n < 0) {
                    ended = true;
                    if (read != length) {
                        throw new AssertionError("ends after %d of %d".formatted(read, length));
                    }
                } else if (n == 0) {
                    return;
                }
                for (int i = 0; i < n; i++) {
                    if (data.get(i) != at(read + i) || read + i >= written) {
                        throw new AssertionError("another byte at " + (read + i));
                    }
                }
                read += Math.max(0, n);
            }
        }
    }

    private static final class Side {
        private final Transport.Multiplexer mux;
        private final Transport.Stream[] streams = new Transport.Stream[2 * MOST_STREAMS];
        private final List<Flow> sent = new ArrayList<>();
        private int limit = 1200;
        private boolean paused;
        private long pausedAt;

        private Side(boolean initiator, long now) {
            mux =
                    new KcpTransport()
                            .open(
                                    new Transport.Context(
                                            initiator,
                                            2 * MOST_STREAMS,
                                            LARGEST,
                                            1200,
                                            now,
                                            new SplittableRandom(initiator ? 1 : 2)));
        }
    }

    private final Input input;
    private final Side client;
    private final Side server;
    private final PriorityQueue<Flight> flights =
            new PriorityQueue<>(
                    (a, b) ->
                            a.at == b.at
                                    ? Long.compare(a.order, b.order)
                                    : Long.signum(a.at - b.at));
    private final ByteBuffer buffer = ByteBuffer.allocate(2048);
    private final int streams;
    private final long start;
    private long order;
    private int changes;
    private long now;

    private KcpSessionFuzzer(byte[] bytes) {
        input = new Input(bytes);
        now = input.moment();
        start = now;
        client = new Side(true, now);
        server = new Side(false, now);
        streams = 1 + input.choice(2 * MOST_STREAMS);
        for (int i = 0; i < streams; i++) {
            client.sent.add(flow(2 * i));
            server.sent.add(flow(2 * i + 1));
            Side dialer = dialer(i);
            dialer.streams[i] = dialer.mux.dial("s" + i, now);
        }
    }

    private Side dialer(int i) {
        return i % 2 == 0 ? client : server;
    }

    private Flow flow(int salt) {
        return new Flow(salt, input.pair() % MOST_BYTES, 64 + input.pair() % 4096);
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        new KcpSessionFuzzer(bytes).run();
    }

    private void run() {
        settle();
        while (!done()) {
            if (input.isEmpty()) {
                resume(client);
                resume(server);
                settle();
            }
            long left =
                    Math.min(client.mux.nanosUntilTimeout(now), server.mux.nanosUntilTimeout(now));
            if (!flights.isEmpty()) {
                left = Math.min(left, flights.peek().at - now);
            }
            if (client.paused != server.paused) {
                Side paused = client.paused ? client : server;
                left = Math.min(left, Math.max(0, paused.pausedAt + SILENCE - now));
            }
            if (left == Long.MAX_VALUE && !input.isEmpty()) {
                left = 100 * MILLI;
                path();
            }
            if (left == Long.MAX_VALUE || now + left - start > LONGEST) {
                throw new AssertionError(
                        "does not come to an end: %s, %s"
                                .formatted(client.mux.counters(), server.mux.counters()));
            }
            now += Math.max(0, left);
            for (; changes > 0; changes--) {
                path();
            }
            if (client.paused != server.paused) {
                Side paused = client.paused ? client : server;
                if (now - paused.pausedAt >= SILENCE) {
                    pause(other(paused));
                }
            }
            while (!flights.isEmpty() && flights.peek().at - now <= 0) {
                Flight flight = flights.poll();
                flight.to.mux.handleDatagram(ByteBuffer.wrap(flight.bytes), now);
            }
            settle();
        }
    }

    private Side other(Side side) {
        return side == client ? server : client;
    }

    private boolean done() {
        for (int i = 0; i < streams; i++) {
            if (!client.sent.get(i).ended || !server.sent.get(i).ended) {
                return false;
            }
        }
        return true;
    }

    private void settle() {
        for (Side side : List.of(client, server)) {
            turn(side);
            if (side.mux.nanosUntilTimeout(now) <= 0) {
                side.mux.handleTimeout(now);
                turn(side);
                if (side.mux.nanosUntilTimeout(now) <= 0) {
                    throw new AssertionError("a deadline stays due");
                }
            }
        }
    }

    /// What a session and an application do in one turn.
    private void turn(Side side) {
        for (Transport.Stream accepted; (accepted = side.mux.accept()) != null; ) {
            int i = Integer.parseInt(accepted.service().substring(1));
            if (side.streams[i] != null) {
                throw new AssertionError("accepted twice");
            }
            side.streams[i] = accepted;
        }
        while (side.mux.pollReady() != null) {
            // Every stream is looked at below.
        }
        for (int i = 0; i < streams; i++) {
            var stream = side.streams[i];
            if (stream != null) {
                requireNoFailure(i, stream);
                side.sent.get(i).write(stream, now);
                other(side).sent.get(i).read(stream, now);
            }
        }
        while (side.mux.pollDatagram(buffer.clear(), side.limit, now)) {
            byte[] bytes = new byte[buffer.position()];
            buffer.flip().get(bytes);
            if (side.paused || bytes.length > LARGEST) {
                throw new AssertionError("sends %d bytes".formatted(bytes.length));
            }
            dispatch(other(side), bytes);
        }
    }

    /// A side that was paused for long may hear of a conversation that the other has forgotten, but
    /// not before everything has arrived.
    private void requireNoFailure(int i, Transport.Stream stream) {
        boolean failed =
                stream.closed().filter(why -> !(why instanceof CloseReason.Finished)).isPresent();
        if (failed && !(client.sent.get(i).isRead() && server.sent.get(i).isRead())) {
            throw new AssertionError("ends: " + stream.closed());
        }
    }

    /// The upper bits of a byte of the input lose a datagram or change the path, the lower ones
    /// delay it.
    private void dispatch(Side to, byte[] bytes) {
        int fate = input.octet();
        changes += fate >= 0xf0 ? 1 : 0;
        if (fate < 0xe0) {
            flights.add(new Flight(now + (10 + 5 * (fate & 0x1f)) * MILLI, order++, to, bytes));
        }
    }

    private void path() {
        Side side = input.flag() ? client : server;
        switch (input.choice(5)) {
            case 0 -> pause(side);
            case 1 -> resume(side);
            case 2 -> side.mux.pathChanged(now);
            case 3 -> side.mux.roundTripMeasured(input.octet() * 10 * MILLI, now);
            default -> {
                side.limit = 516 + input.pair() % (LARGEST - 515);
                side.mux.useDatagrams(side.limit, now);
            }
        }
    }

    private void pause(Side side) {
        if (!side.paused) {
            side.paused = true;
            side.pausedAt = now;
        }
        side.mux.pause(now);
    }

    private void resume(Side side) {
        side.paused = false;
        side.mux.resume(now);
    }
}
