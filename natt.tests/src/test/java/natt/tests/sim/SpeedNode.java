package natt.tests.sim;

import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.session.Admission;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.spi.Engine;
import natt.core.spi.Transport;
import natt.testkit.SimHost;
import natt.testkit.SimNetwork;
import natt.testkit.SimPort;
import natt.transport.kcp.KcpTransport;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// A process with sessions that sends or takes bytes as fast as they go, whatever the bytes are.
/// It can be called late, as on a busy machine.
final class SpeedNode {
    private static final int PORT = 30_000;
    private static final int MOST_AT_ONCE = 65_536;
    private static final Admission EVERYBODY = (key, from) -> Admission.Answer.listedKey();

    private final SimNetwork network;
    private final SimHost host;
    private final Identity identity;
    private final KcpTransport transport = new KcpTransport();
    private final SessionEngine engine;
    private final SimPort port;
    private final ByteBuffer scratch = ByteBuffer.allocate(MOST_AT_ONCE);
    private final List<Transport.Stream> sources = new ArrayList<>();
    private final List<Transport.Stream> sinks = new ArrayList<>();
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private long toSend = Long.MAX_VALUE;
    private boolean stands;
    private long received;

    private record Waiting(InetSocketAddress from, byte[] datagram) {}

    SpeedNode(SimNetwork network, SimHost host) {
        this(network, host, PORT);
    }

    SpeedNode(SimNetwork network, SimHost host, int number) {
        this.network = network;
        this.host = host;
        identity = Identity.generate(network.random(host.name() + " identity " + number));
        engine =
                new SessionEngine(
                        new SessionEngine.Config(
                                identity,
                                PreSharedKey.NONE,
                                List.of(transport),
                                Optional.of(EVERYBODY),
                                network.random(host.name() + " " + number)),
                        network.nanoTime());
        port = host.bind(number, new Clocked());
        port.application(time -> serve());
    }

    SimHost host() {
        return host;
    }

    SimPort port() {
        return port;
    }

    /// Calls another and waits until the session is up.
    Session connect(SpeedNode other) {
        long now = network.nanoTime();
        Session session =
                engine.call(other.identity.publicKey(), PreSharedKey.NONE, transport, now);
        session.addCandidates(List.of(other.port.local()), now);
        network.runUntil(() -> session.state() == Session.State.UP, Duration.ofSeconds(15));
        return session;
    }

    /// Begins to send on a stream of the session.
    ///
    /// @param bytes how many
    void send(Session session, long bytes) {
        toSend = bytes;
        sources.add(session.streams().dial("sink", network.nanoTime()));
        serve();
    }

    /// How many bytes have arrived, in order.
    long received() {
        return received;
    }

    /// Lets the process stand still now and then, while datagrams wait in its socket.
    ///
    /// @param every the mean time between
    void standNowAndThen(Duration every, Duration least, Duration most) {
        var random = network.random(host.name() + " late");
        network.after(wait(random, every), () -> stand(random, every, least, most));
    }

    private static Duration wait(RandomGenerator random, Duration mean) {
        return Duration.ofNanos((long) (mean.toNanos() * random.nextExponential()));
    }

    private void stand(RandomGenerator random, Duration every, Duration least, Duration most) {
        stands = true;
        var length = Duration.ofNanos(random.nextLong(least.toNanos(), most.toNanos() + 1));
        network.after(
                length,
                () -> {
                    goOn();
                    network.after(wait(random, every), () -> stand(random, every, least, most));
                });
    }

    private void goOn() {
        stands = false;
        long now = network.nanoTime();
        for (Waiting each; (each = waiting.poll()) != null; ) {
            engine.handleDatagram(each.from, ByteBuffer.wrap(each.datagram), now);
            serve();
        }
        if (engine.nanosUntilTimeout(now) <= 0) {
            engine.handleTimeout(now);
        }
        serve();
    }

    private void serve() {
        if (stands) {
            return;
        }
        long now = network.nanoTime();
        while (engine.accept() != null) {}
        for (Session session; (session = engine.pollReady()) != null; ) {
            while (session.pollEvent() != null) {}
            for (Transport.Stream stream; (stream = session.streams().accept()) != null; ) {
                sinks.add(stream);
            }
            while (session.streams().pollReady() != null) {}
        }
        for (Transport.Stream stream : sinks) {
            for (int n; (n = stream.read(scratch.clear(), now)) > 0; ) {
                received += n;
            }
        }
        for (Transport.Stream stream : sources) {
            int n = 1;
            while (toSend > 0 && n > 0) {
                scratch.clear().limit((int) Math.min(MOST_AT_ONCE, toSend));
                n = stream.write(scratch, now);
                toSend -= n;
            }
        }
    }

    /// The engine, unless the process stands.
    private final class Clocked implements Engine {
        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            if (!stands) {
                return engine.handleDatagram(from, datagram, nowNanos);
            }
            byte[] copy = new byte[datagram.remaining()];
            datagram.get(copy);
            waiting.add(new Waiting(from, copy));
            return true;
        }

        @Override
        public void handleTimeout(long nowNanos) {
            engine.handleTimeout(nowNanos);
        }

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            return stands ? null : engine.pollTransmit(into, nowNanos);
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return stands ? NEVER : engine.nanosUntilTimeout(nowNanos);
        }
    }
}
