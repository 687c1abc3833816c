package natt.tests.bench;

import natt.core.spi.PlainTransport;
import natt.core.spi.PlainTransport.Stream;
import natt.transport.kcp.KcpGoTransport;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Random;

/// natt's transport, through its public interface, with the one stream of a connection.
final class NattSide implements Side {
    /// Its segments hold 1376 bytes, as jkcp's do: the header of FEC comes on top.
    private static final int DATAGRAM = 1408;

    private final InetSocketAddress peer;
    private final PlainTransport.Endpoint endpoint;
    private Stream stream;

    private NattSide(int peerHost, boolean accepting, long nowNanos, long seed) {
        peer = address(peerHost);
        var context = new PlainTransport.Context(accepting, DATAGRAM, nowNanos, new Random(seed));
        endpoint = new KcpGoTransport().open(context);
    }

    static NattSide dialing(long nowNanos, long seed) {
        var side = new NattSide(2, false, nowNanos, seed);
        side.stream = side.endpoint.dial(side.peer, nowNanos);
        return side;
    }

    static NattSide accepting(long nowNanos, long seed) {
        return new NattSide(1, true, nowNanos, seed);
    }

    private static InetSocketAddress address(int host) {
        try {
            byte[] ip = {127, 0, 0, (byte) host};
            return new InetSocketAddress(InetAddress.getByAddress(ip), 30_000);
        } catch (java.net.UnknownHostException e) {
            throw new AssertionError("four bytes are an address", e);
        }
    }

    @Override
    public void handleDatagram(ByteBuffer datagram, long nowNanos) {
        endpoint.handleDatagram(peer, datagram, nowNanos);
    }

    @Override
    public void handleTimeout(long nowNanos) {
        if (endpoint.nanosUntilTimeout(nowNanos) <= 0) {
            endpoint.handleTimeout(nowNanos);
        }
        if (stream == null) {
            stream = endpoint.accept();
        }
        while (endpoint.pollReady() != null) {}
    }

    @Override
    public void transmit(Wire wire, long nowNanos) {
        while (endpoint.pollTransmit(wire.next(), nowNanos) != null) {
            wire.send(nowNanos);
        }
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return endpoint.nanosUntilTimeout(nowNanos);
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
        return endpoint.counters().toString();
    }
}
