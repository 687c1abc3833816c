package natt.tests.sim;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.Route;
import natt.core.spi.AddressDiscovery.LocalSocket;
import natt.core.spi.AddressDiscovery.Responder;
import natt.core.spi.AddressDiscovery.ResponderContext;
import natt.core.spi.Engine;
import natt.discovery.stun.StunDiscovery;
import natt.rendezvous.proto.BrokerEngine;
import natt.rendezvous.proto.Limits;
import natt.rendezvous.proto.Sleeper;
import natt.testkit.SimHost;
import natt.testkit.SimNetwork;
import natt.testkit.SimPort;

import org.jspecify.annotations.Nullable;

import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Queue;

/// A broker on a public host with two IPv4 addresses and one of IPv6: its engine and its STUN
/// responder, without the rim. It can be killed and started again.
final class ReachBroker {
    private static final int PORT = 3478;
    private static final int SECOND_PORT = 3479;
    private static final long EPOCH = 1_800_000_000;

    /// Not a socket of the port, but its own one as IPv6 has it.
    private static final int IPV6 = 4;

    private final SimNetwork network;
    private final SimHost host;
    private final Identity identity;
    private final List<SimPort> ports = new ArrayList<>();
    private final List<Queue<Datagram>> out = new ArrayList<>();
    private List<Engine> engines = List.of();
    private @Nullable BrokerEngine engine;
    private int lives;

    private record Datagram(InetSocketAddress to, byte[] payload) {}

    ReachBroker(SimNetwork network) {
        this.network = network;
        host =
                network.internet()
                        .addHost("pub", "198.51.100.10", "198.51.100.11", "2001:db8:1::10");
        identity = Identity.generate(network.random("broker's key"));
        start(List.of());
    }

    NodeKey key() {
        return identity.publicKey();
    }

    SimHost host() {
        return host;
    }

    /// Where nodes reach it over UDP.
    List<InetSocketAddress> places() {
        return List.of(ports.get(IPV6).local(), ports.getFirst().local());
    }

    /// Where nodes reach it over TLS.
    SimPort tls() {
        return ports.getFirst();
    }

    BrokerEngine engine() {
        if (engine == null) {
            throw new IllegalStateException("the broker does not run");
        }
        return engine;
    }

    /// Ends the process without a word; returns what it had written down.
    List<Sleeper> kill() {
        List<Sleeper> sleepers = engine().sleepers(network.nanoTime());
        ports.forEach(SimPort::close);
        ports.clear();
        out.clear();
        engine = null;
        return sleepers;
    }

    void start(List<Sleeper> sleepers) {
        var random = network.random("broker's life %d".formatted(lives++));
        engine =
                new BrokerEngine(
                        new BrokerEngine.Config(
                                identity,
                                PreSharedKey.NONE,
                                (key, from) -> true,
                                Limits.usual(),
                                random,
                                EPOCH,
                                List.of(),
                                name -> true,
                                sleepers,
                                SECOND_PORT,
                                Optional.of(host.addresses().get(1))),
                        new BrokerEngine.Listener() {},
                        network.nanoTime());
        bind(0, PORT);
        bind(0, SECOND_PORT);
        bind(1, PORT);
        bind(1, SECOND_PORT);
        bind(2, PORT);
        var locals = new ArrayList<LocalSocket>();
        for (SimPort port : ports.subList(0, IPV6)) {
            locals.add(new LocalSocket(locals.size(), port.local()));
        }
        Responder responder =
                new StunDiscovery()
                        .openResponder(new ResponderContext(locals, random))
                        .orElseThrow();
        engines = List.of(responder, engine());
    }

    private void bind(int address, int number) {
        int socket = ports.size();
        out.add(new ArrayDeque<>());
        ports.add(host.bind(address, number, socket == 0 ? new First() : new Socket(socket)));
    }

    /// One of the sockets, of which the engines know only one port.
    private class Socket implements Engine {
        private final int number;

        Socket(int number) {
            this.number = number;
        }

        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            boolean own = number == 0 || number == IPV6;
            InetSocketAddress source = own ? from : Route.through(number, from);
            for (Engine each : engines) {
                if (each.handleDatagram(source, datagram.duplicate(), nowNanos)) {
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

    /// The first socket, which is bound and therefore drained first, works for all.
    private final class First extends Socket {
        private final ByteBuffer buffer = ByteBuffer.allocate(2000);

        First() {
            super(0);
        }

        @Override
        public void handleTimeout(long nowNanos) {
            for (Engine each : engines) {
                if (each.nanosUntilTimeout(nowNanos) <= 0) {
                    each.handleTimeout(nowNanos);
                }
            }
        }

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            for (Engine each : engines) {
                InetSocketAddress to;
                while ((to = each.pollTransmit(buffer.clear(), nowNanos)) != null) {
                    byte[] payload = Arrays.copyOf(buffer.array(), buffer.position());
                    out.get(socket(to)).add(new Datagram(Route.remote(to), payload));
                }
            }
            return super.pollTransmit(into, nowNanos);
        }

        private static int socket(InetSocketAddress to) {
            boolean ipv6 = to.getAddress() instanceof Inet6Address && !Route.isRoute(to);
            return ipv6 ? IPV6 : Route.socket(to);
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return engines.stream()
                    .mapToLong(each -> each.nanosUntilTimeout(nowNanos))
                    .min()
                    .orElse(NEVER);
        }
    }
}
