package natt.tests.sim;

import natt.core.spi.Transport;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// Sends messages to [EchoService], each when the one before has come back, and compares.
final class Echoes implements Pump {
    private static final int LONGEST = 16_384;

    private final Transport.Stream stream;
    private final Content content;
    private final ByteBuffer message = ByteBuffer.allocate(LONGEST).limit(0);
    private final ByteBuffer in = ByteBuffer.allocate(LONGEST);
    private final List<Long> nanos = new ArrayList<>();
    private ByteBuffer missing = message.duplicate();
    private long sentNanos;

    Echoes(Transport.Stream stream, long seed) {
        this.stream = stream;
        content = new Content(seed);
    }

    @Override
    public Transport.Stream stream() {
        return stream;
    }

    void send(int length, long nowNanos) {
        if (!idle()) {
            throw new IllegalStateException("the message before has not come back");
        }
        message.clear();
        while (message.position() < length) {
            message.put(content.next(length - message.position()));
        }
        missing = message.flip().duplicate();
        sentNanos = nowNanos;
        serve(nowNanos);
    }

    @Override
    public void serve(long nowNanos) {
        if (message.hasRemaining()) {
            stream.write(message, nowNanos);
        }
        while (stream.read(in.clear(), nowNanos) > 0) {
            in.flip();
            if (!in.equals(missing.slice(missing.position(), in.remaining()))) {
                throw new AssertionError("a wrong byte in echo " + nanos.size());
            }
            missing.position(missing.position() + in.remaining());
            if (idle()) {
                nanos.add(nowNanos - sentNanos);
            }
        }
    }

    /// Whether every byte sent has come back.
    boolean idle() {
        return !missing.hasRemaining();
    }

    /// How many messages have come back.
    int count() {
        return nanos.size();
    }

    /// The time that a part of the messages took at most.
    double seconds(double part) {
        List<Long> sorted = nanos.stream().sorted().toList();
        return sorted.get((int) Math.ceil(part * sorted.size()) - 1) / 1e9;
    }
}
