package natt.transport.kcp;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.spi.PlainTransport;
import natt.tests.fuzz.Input;
import natt.transport.kcp.proto.Mode;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/// Two natts and a link that loses, repeats and delays as the input says, a byte for a datagram:
/// every stream brings every byte in order and then its end, both ways. The model is a counter of
/// bytes. When the input has been used up, the link is a good one.
public final class KcpTransferFuzzer {
    private static final long MILLI = 1_000_000;
    private static final long LONGEST = 600_000 * MILLI;
    private static final int MOST_STREAMS = 3;
    private static final int LARGEST = 600;
    private static final int MOST_BYTES = 12_000;

    /// Losses that no stream may end of: a greeting is sent eleven times before the peer is given
    /// up.
    private static final int HARMLESS_LOSSES = 6;

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

        private void write(PlainTransport.Stream stream, long now) {
            while (!finished && writeChunk(stream, now)) {
                // As much as flow control takes.
            }
        }

        private boolean writeChunk(PlainTransport.Stream stream, long now) {
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
            }
            return taken > 0;
        }

        private void read(PlainTransport.Stream stream, long now) {
            while (!ended && readChunk(stream, now)) {
                // All that has arrived.
            }
        }

        private boolean readChunk(PlainTransport.Stream stream, long now) {
            var data = ByteBuffer.allocate(chunk);
            int n = stream.read(data, now);
            if (n < 0) {
                ended = stream.closed().filter(KcpTransferFuzzer::isFailure).isEmpty();
                if (ended && read != length) {
                    throw new AssertionError("ends after %d of %d".formatted(read, length));
                }
                return false;
            }
            for (int i = 0; i < n; i++) {
                if (data.get(i) != at(read + i) || read + i >= written) {
                    throw new AssertionError("another byte at " + (read + i));
                }
            }
            read += n;
            return n > 0;
        }
    }

    private static final class Side {
        private final InetSocketAddress address;
        private final KcpEndpoint endpoint;

        /// By number of the stream, null before it is accepted.
        private final PlainTransport.Stream[] streams = new PlainTransport.Stream[MOST_STREAMS];

        private final List<Flow> sent = new ArrayList<>();

        private Side(int port, boolean accepting, long now) {
            address = new InetSocketAddress("192.0.2." + port, port);
            endpoint =
                    new KcpEndpoint(
                            new PlainTransport.Context(
                                    accepting, LARGEST, now, new SplittableRandom(port)),
                            Mode.NATT);
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
    private final ByteBuffer buffer = ByteBuffer.allocate(LARGEST);
    private final int streams;
    private final boolean[] repeated = new boolean[MOST_STREAMS];
    private final long start;
    private long order;
    private int losses;
    private long now;

    private KcpTransferFuzzer(byte[] bytes) {
        input = new Input(bytes);
        now = input.moment();
        start = now;
        client = new Side(1, false, now);
        server = new Side(2, true, now);
        streams = 1 + input.choice(MOST_STREAMS);
        for (int i = 0; i < streams; i++) {
            client.sent.add(flow(2 * i));
            server.sent.add(flow(2 * i + 1));
            client.streams[i] = client.endpoint.dial(server.address, now);
        }
    }

    private Flow flow(int salt) {
        return new Flow(salt, input.pair() % MOST_BYTES, 64 + input.pair() % 4096);
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        new KcpTransferFuzzer(bytes).run();
    }

    private void run() {
        settle();
        while (!done()) {
            long left =
                    Math.min(
                            client.endpoint.nanosUntilTimeout(now),
                            server.endpoint.nanosUntilTimeout(now));
            if (!flights.isEmpty()) {
                left = Math.min(left, flights.peek().at - now);
            }
            if (left == Long.MAX_VALUE || now + left - start > LONGEST) {
                throw new AssertionError("does not come to an end");
            }
            now += Math.max(0, left);
            while (!flights.isEmpty() && flights.peek().at - now <= 0) {
                Flight flight = flights.poll();
                flight.to.endpoint.handleDatagram(
                        other(flight.to).address, ByteBuffer.wrap(flight.bytes), now);
            }
            settle();
        }
    }

    private Side other(Side side) {
        return side == client ? server : client;
    }

    /// Whether every stream has brought everything, or was given up with cause.
    private boolean done() {
        for (int i = 0; i < streams; i++) {
            boolean ended = repeated[i] || client.sent.get(i).ended && server.sent.get(i).ended;
            if (!ended && !givenUp(client, i) && !givenUp(server, i)) {
                return false;
            }
        }
        return true;
    }

    private boolean givenUp(Side side, int i) {
        CloseReason reason = side.streams[i] == null ? null : side.streams[i].closed().orElse(null);
        if (reason == null || !isFailure(reason)) {
            return false;
        }
        if (losses <= HARMLESS_LOSSES) {
            throw new AssertionError("%s after %d losses".formatted(reason, losses));
        }
        return true;
    }

    private static boolean isFailure(CloseReason reason) {
        return !(reason instanceof CloseReason.Finished);
    }

    private void settle() {
        for (Side side : List.of(client, server)) {
            turn(side);
            if (side.endpoint.nanosUntilTimeout(now) <= 0) {
                side.endpoint.handleTimeout(now);
                turn(side);
                if (side.endpoint.nanosUntilTimeout(now) <= 0) {
                    throw new AssertionError("a deadline stays due");
                }
            }
        }
    }

    /// What a driver and an application do in one turn.
    private void turn(Side side) {
        PlainTransport.Stream accepted;
        while ((accepted = side.endpoint.accept()) != null) {
            server.streams[dialed(accepted)] = accepted;
        }
        while (side.endpoint.pollReady() != null) {
            // Every stream is looked at below.
        }
        for (int i = 0; i < streams; i++) {
            var stream = side.streams[i];
            if (stream == null || repeated[i]) {
                continue;
            }
            side.sent.get(i).write(stream, now);
            other(side).sent.get(i).read(stream, now);
        }
        InetSocketAddress to;
        while ((to = side.endpoint.pollTransmit(buffer.clear(), now)) != null) {
            byte[] bytes = new byte[buffer.position()];
            buffer.flip().get(bytes);
            dispatch(to.equals(client.address) ? client : server, bytes);
        }
    }

    /// The number of the stream that was dialed for one that was accepted.
    private int dialed(PlainTransport.Stream accepted) {
        int conv = ((KcpStream) accepted).conv();
        int i = 0;
        while (((KcpStream) client.streams[i]).conv() != conv) {
            i++;
        }
        if (server.streams[i] != null) {
            // A dialer that has never heard of the stream's beginning still greets when its end
            // has been forgotten on the other side.
            boolean unheard = server.sent.get(i).read == 0 && losses > HARMLESS_LOSSES;
            if (!unheard || server.streams[i].closed().isEmpty()) {
                throw new AssertionError("accepted twice");
            }
            repeated[i] = true;
            accepted.reset(ResetCode.UNSPECIFIED, now);
        }
        return i;
    }

    /// The upper bits of a byte of the input lose or repeat a datagram, the lower ones delay it.
    private void dispatch(Side to, byte[] bytes) {
        int fate = input.octet();
        if (fate >= 0xe0) {
            losses++;
            return;
        }
        long arrival = now + (10 + 5 * (fate & 0x1f)) * MILLI;
        flights.add(new Flight(arrival, order++, to, bytes));
        if (fate >= 0xc0) {
            flights.add(new Flight(arrival + 15 * MILLI, order++, to, bytes));
        }
    }
}
