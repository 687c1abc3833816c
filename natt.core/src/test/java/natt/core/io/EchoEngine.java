package natt.core.io;

import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// Sends every datagram back where it came from, tells of it, and sends what it is given.
class EchoEngine implements Engine {
    record Datagram(InetSocketAddress address, byte[] data) {}

    /// What has come in; to be read by any thread.
    final BlockingQueue<Datagram> received = new LinkedBlockingQueue<>();

    private final ArrayDeque<Datagram> pending = new ArrayDeque<>();
    private final boolean echoes;

    EchoEngine(boolean echoes) {
        this.echoes = echoes;
    }

    /// On the driver's thread.
    void send(InetSocketAddress to, byte... data) {
        pending.add(new Datagram(to, data));
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        var copy = new byte[datagram.remaining()];
        datagram.get(copy);
        var taken = new Datagram(from, copy);
        if (echoes) {
            pending.add(taken);
        }
        received.add(taken);
        return true;
    }

    @Override
    public void handleTimeout(long nowNanos) {}

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        Datagram next = pending.poll();
        if (next == null) {
            return null;
        }
        into.put(next.data());
        return next.address();
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return NEVER;
    }
}
