package natt.tests.bench;

import natt.core.spi.Transport;
import natt.transport.kcp.KcpTransport;

import java.nio.ByteBuffer;
import java.util.Random;

/// natt's KCP as sessions have it, without a session around it: all streams on one model of the
/// path, acknowledgements in runs.
final class MultiplexerSide implements Side {
    private static final int MOST_STREAMS = 32;

    /// Of a session's datagrams, what remains for the transport at most.
    private static final int LARGEST_DATAGRAM = 1440;

    /// Its segments hold one message.
    private static final int DATAGRAM = 24 + KcpBenchmark.MESSAGE;

    private final Transport.Multiplexer streams;
    private Transport.Stream stream;

    private MultiplexerSide(boolean initiator, long nowNanos, long seed) {
        streams =
                new KcpTransport()
                        .open(
                                new Transport.Context(
                                        initiator,
                                        MOST_STREAMS,
                                        LARGEST_DATAGRAM,
                                        DATAGRAM,
                                        nowNanos,
                                        new Random(seed)));
    }

    static MultiplexerSide dialing(long nowNanos, long seed) {
        var side = new MultiplexerSide(true, nowNanos, seed);
        side.stream = side.streams.dial("bulk", nowNanos);
        return side;
    }

    static MultiplexerSide accepting(long nowNanos, long seed) {
        return new MultiplexerSide(false, nowNanos, seed);
    }

    @Override
    public void handleDatagram(ByteBuffer datagram, long nowNanos) {
        streams.handleDatagram(datagram, nowNanos);
    }

    @Override
    public void handleTimeout(long nowNanos) {
        if (streams.nanosUntilTimeout(nowNanos) <= 0) {
            streams.handleTimeout(nowNanos);
        }
        if (stream == null) {
            stream = streams.accept();
        }
        while (streams.pollReady() != null) {}
    }

    @Override
    public void transmit(Wire wire, long nowNanos) {
        while (streams.pollDatagram(wire.next(), DATAGRAM, nowNanos)) {
            wire.send(nowNanos);
        }
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return streams.nanosUntilTimeout(nowNanos);
    }

    @Override
    public void write(ByteBuffer message, long nowNanos) {
        stream.write(message, nowNanos);
    }

    @Override
    public int read(ByteBuffer into, long nowNanos) {
        return stream == null ? 0 : stream.read(into, nowNanos);
    }

    @Override
    public String toString() {
        return streams.counters().toString();
    }
}
