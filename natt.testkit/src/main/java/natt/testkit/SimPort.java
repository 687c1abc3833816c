package natt.testkit;

import natt.core.spi.Engine;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;

/// A UDP port of a simulated host with its engines: what the driver is to a real socket.
///
/// It is strict with engines. They get time only as an argument, the receive buffer is
/// overwritten after each call, and an engine whose deadline stays due or that never stops
/// sending fails the test.
public final class SimPort {
    private static final int MOST_AT_ONCE = 100_000;

    private final SimNetwork network;
    private final SimHost host;
    private final int address;
    private final int number;
    private final List<Engine> engines;
    private LongConsumer application = now -> {};
    private long lastTimeoutNanos;
    private int timeoutsAtOnce;
    private long sent;
    private long received;
    private long unclaimed;

    SimPort(SimNetwork network, SimHost host, int address, int number, List<Engine> engines) {
        this.network = network;
        this.host = host;
        this.address = address;
        this.number = number;
        this.engines = new ArrayList<>(engines);
    }

    /// The transport address, in the host's realm.
    public InetSocketAddress local() {
        return new InetSocketAddress(host.addresses().get(address), number);
    }

    /// Adds an engine that is asked after the others.
    public void add(Engine engine) {
        engines.add(engine);
    }

    /// Sets what runs after each datagram and timeout of this port, before its engines are
    /// polled: the place to read and write streams and to look for findings.
    public void application(LongConsumer newApplication) {
        application = newApplication;
    }

    /// Sends a datagram past the engines.
    public void send(InetSocketAddress to, byte[] payload) {
        sent++;
        host.send(new SimDatagram(local(), to, payload.clone()));
    }

    /// Closes the port; its engines are left as they are and get nothing any more.
    public void close() {
        host.unbind(this);
    }

    /// How many datagrams left, the engines' and the test's.
    public long sent() {
        return sent;
    }

    /// How many datagrams arrived.
    public long received() {
        return received;
    }

    /// How many of them no engine took.
    public long unclaimed() {
        return unclaimed;
    }

    SimFate receive(SimDatagram datagram) {
        received++;
        long now = network.nanoTime();
        byte[] payload = datagram.payload();
        ByteBuffer in = network.buffer();
        SimFate fate = SimFate.UNCLAIMED;
        for (Engine engine : List.copyOf(engines)) {
            in.clear().put(payload).flip();
            boolean taken = engine.handleDatagram(datagram.from(), in, now);
            Arrays.fill(in.array(), 0, payload.length, (byte) 0xee);
            if (taken) {
                fate = SimFate.DELIVERED;
                break;
            }
        }
        if (fate == SimFate.UNCLAIMED) {
            unclaimed++;
        }
        application.accept(now);
        return fate;
    }

    /// How long all engines may be left alone, as [Engine#nanosUntilTimeout].
    long nanosUntilTimeout() {
        long least = Engine.NEVER;
        for (Engine engine : engines) {
            least = Math.min(least, engine.nanosUntilTimeout(network.nanoTime()));
        }
        return least;
    }

    /// Wakes the engines that are due.
    void handleTimeout() {
        long now = network.nanoTime();
        timeoutsAtOnce = now == lastTimeoutNanos ? timeoutsAtOnce + 1 : 0;
        lastTimeoutNanos = now;
        if (timeoutsAtOnce > MOST_AT_ONCE) {
            throw network.failure(host.name() + ": an engine's deadline stays due: " + engines);
        }
        for (Engine engine : List.copyOf(engines)) {
            if (engine.nanosUntilTimeout(now) <= 0) {
                engine.handleTimeout(now);
            }
        }
        application.accept(now);
    }

    /// Sends what the engines have to send.
    void drain() {
        long now = network.nanoTime();
        ByteBuffer out = network.buffer();
        for (Engine engine : List.copyOf(engines)) {
            InetSocketAddress to;
            for (int count = 0; (to = engine.pollTransmit(out.clear(), now)) != null; count++) {
                if (count == MOST_AT_ONCE) {
                    throw network.failure(host.name() + ": does not stop sending: " + engine);
                }
                send(to, Arrays.copyOf(out.array(), out.position()));
            }
        }
    }
}
