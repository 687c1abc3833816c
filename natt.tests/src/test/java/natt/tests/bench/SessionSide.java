package natt.tests.bench;

import natt.core.noise.Aead;
import natt.core.session.Mode;
import natt.core.spi.Transport;

import java.nio.ByteBuffer;

/// KCP in a session, sealed and opened: all that natts and nattc compute for a stream.
final class SessionSide implements Side {
    private final SessionPair.End end;
    private Transport.Stream stream;

    private SessionSide(SessionPair.End end, Transport.Stream stream) {
        this.end = end;
        this.stream = stream;
    }

    /// @return who dials, and who accepts
    static Side[] pair() {
        var pair = new SessionPair(Mode.STREAMS, Aead.Algorithm.AES_256_GCM);
        var stream = pair.near.session().streams().dial("bulk", pair.now());
        return new Side[] {new SessionSide(pair.near, stream), new SessionSide(pair.far, null)};
    }

    @Override
    public void handleDatagram(ByteBuffer datagram, long nowNanos) {
        end.engine.handleDatagram(end.peer, datagram, nowNanos);
    }

    @Override
    public void handleTimeout(long nowNanos) {
        end.tick(nowNanos);
        Transport.Multiplexer streams = end.session().streams();
        if (stream == null) {
            stream = streams.accept();
        }
        while (streams.pollReady() != null) {}
    }

    @Override
    public void transmit(Wire wire, long nowNanos) {
        while (end.engine.pollTransmit(wire.next(), nowNanos) != null) {
            wire.send(nowNanos);
        }
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return end.engine.nanosUntilTimeout(nowNanos);
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
        return end.session().counters().toString();
    }
}
