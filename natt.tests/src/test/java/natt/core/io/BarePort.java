package natt.core.io;

import natt.core.spi.Engine;
import natt.core.time.Ticker;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;

/// A port whose own socket is none: datagrams are offered to its engines, and what they send is
/// counted.
public final class BarePort implements AutoCloseable {
    private final Driver driver = new Driver(Ticker.system(), "not started");
    private final Port port;
    private OwnSocket.Receiver receiver;
    private long sent;

    public BarePort(List<Engine> engines) throws IOException {
        port = new Port(driver, this::open);
        port.attach(engines, now -> Engine.NEVER);
    }

    private OwnSocket open(OwnSocket.Receiver toReceiver) {
        receiver = toReceiver;
        return new NoSocket();
    }

    /// Offers what is between the beginning of the buffer and its limit.
    public void offer(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        receiver.received(from, datagram, nowNanos);
    }

    /// See [Port#serve].
    public long serve(long nowNanos) {
        return port.serve(nowNanos);
    }

    /// How many datagrams the engines have sent.
    public long sent() {
        return sent;
    }

    @Override
    public void close() {
        driver.discard();
    }

    private final class NoSocket implements OwnSocket {
        @Override
        public InetSocketAddress local() {
            return new InetSocketAddress(0);
        }

        @Override
        public boolean isShared() {
            return false;
        }

        @Override
        public void keepWhole() {}

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public boolean send(ByteBuffer datagram, InetSocketAddress remote) {
            sent++;
            return true;
        }

        @Override
        public void close() {}
    }
}
