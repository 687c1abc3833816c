package natt.tests.sim;

import natt.core.Route;
import natt.core.spi.AddressDiscovery.LocalSocket;
import natt.core.spi.Engine;
import natt.testkit.SimHost;
import natt.testkit.SimPort;

import org.jspecify.annotations.Nullable;

import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;

/// A port with additional sockets on a simulated host: what a port of the core is to the network.
/// Its engines see [Route] addresses, each socket is a [SimPort]. An address of IPv6 may have a
/// socket too, which is the port's own as IPv6 has it.
final class SimSockets {
    private final List<SimPort> ports = new ArrayList<>();
    private final List<Queue<Datagram>> out = new ArrayList<>();
    private final List<Engine> engines = new ArrayList<>();

    private record Datagram(InetSocketAddress to, byte[] payload) {}

    /// The number of the port's own socket for IPv6; 0 without one.
    private int six;

    /// @param address its number among the host's addresses
    void bindSix(SimHost host, int address, int port) {
        six = ports.size();
        bind(host, address, port);
    }

    /// @param address its number among the host's addresses
    void bind(SimHost host, int address, int port) {
        int number = ports.size();
        out.add(new ArrayDeque<>());
        ports.add(host.bind(address, port, number == 0 ? new First() : new Socket(number)));
    }

    /// Sockets of the host's first address, at ports that follow each other.
    static SimSockets of(SimHost host, int count, int firstPort) {
        var sockets = new SimSockets();
        for (int i = 0; i < count; i++) {
            sockets.bind(host, 0, firstPort + i);
        }
        return sockets;
    }

    void add(Engine engine) {
        engines.add(engine);
    }

    /// All sockets with the addresses that they are bound to.
    List<LocalSocket> locals() {
        var locals = new ArrayList<LocalSocket>();
        for (SimPort port : ports) {
            if (six == 0 || port != ports.get(six)) {
                locals.add(new LocalSocket(locals.size(), port.local()));
            }
        }
        return locals;
    }

    /// How many datagrams left through all sockets.
    long sent() {
        return ports.stream().mapToLong(SimPort::sent).sum();
    }

    SimPort first() {
        return ports.getFirst();
    }

    /// That of IPv6.
    SimPort six() {
        return ports.get(six);
    }

    void close() {
        ports.forEach(SimPort::close);
    }

    /// Through which socket an engine's datagram leaves.
    private int socket(InetSocketAddress to) {
        boolean ordinary = to.getAddress() instanceof Inet6Address && !Route.isRoute(to);
        return ordinary ? six : Route.socket(to);
    }

    private class Socket implements Engine {
        private final int number;

        Socket(int number) {
            this.number = number;
        }

        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            boolean own = number == 0 || number == six;
            InetSocketAddress source = own ? from : Route.through(number, from);
            for (Engine engine : engines) {
                if (engine.handleDatagram(source, datagram.duplicate(), nowNanos)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public void handleTimeout(long nowNanos) {}

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            Datagram next = out.get(number).poll();
            if (next == null) {
                return null;
            }
            into.put(next.payload);
            return next.to;
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return NEVER;
        }
    }

    /// The port's first socket, which is bound and therefore drained first, works for all.
    private final class First extends Socket {
        private final ByteBuffer buffer = ByteBuffer.allocate(2000);

        First() {
            super(0);
        }

        @Override
        public void handleTimeout(long nowNanos) {
            for (Engine engine : engines) {
                if (engine.nanosUntilTimeout(nowNanos) <= 0) {
                    engine.handleTimeout(nowNanos);
                }
            }
        }

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            for (Engine engine : engines) {
                InetSocketAddress to;
                while ((to = engine.pollTransmit(buffer.clear(), nowNanos)) != null) {
                    byte[] payload = Arrays.copyOf(buffer.array(), buffer.position());
                    out.get(socket(to)).add(new Datagram(Route.remote(to), payload));
                }
            }
            return super.pollTransmit(into, nowNanos);
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return engines.stream()
                    .mapToLong(engine -> engine.nanosUntilTimeout(nowNanos))
                    .min()
                    .orElse(NEVER);
        }
    }
}
