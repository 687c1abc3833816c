package natt.tests.sim;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.session.Admission;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
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
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// A process with sessions: the engine and the transport that natts and nattc have, without
/// their rims. It can be killed, started again, and put to sleep.
final class SessionNode {
    private static final Admission EVERYBODY = (key, from) -> Admission.Answer.listedKey();

    /// News of a session, and when.
    record News(Duration at, SessionEvent event) {}

    private final SimNetwork network;
    private final SimHost host;
    private final int number;
    private final boolean serves;
    private final Identity identity;
    private final Map<Transport.Stream, Pump> pumps = new IdentityHashMap<>();
    private final List<Exchange> exchanges = new ArrayList<>();
    private final List<News> news = new ArrayList<>();
    private final List<Session> accepted = new ArrayList<>();
    private Consumer<SessionEvent> onNews = event -> {};
    private Runnable afterwards = () -> {};
    private @Nullable KcpTransport transport;
    private @Nullable SessionEngine engine;
    private @Nullable SimPort port;
    private int lives;
    private boolean asleep;
    private long sleptNanos;
    private long asleepSinceNanos;

    /// @param number of its UDP port
    /// @param serves whether it lets others in
    SessionNode(SimNetwork network, SimHost host, int number, boolean serves) {
        this.network = network;
        this.host = host;
        this.number = number;
        this.serves = serves;
        identity = Identity.generate(network.random(host.name() + " identity"));
    }

    // ---- its life

    /// Starts the process, with engines that are asked before the sessions'.
    void start(Engine... before) {
        var made = new KcpTransport();
        var random = network.random("%s life %d".formatted(host.name(), lives++));
        transport = made;
        engine =
                new SessionEngine(
                        new SessionEngine.Config(
                                identity,
                                PreSharedKey.NONE,
                                List.of(made),
                                serves ? Optional.of(EVERYBODY) : Optional.empty(),
                                random),
                        now());
        var bound = host.bind(number, before);
        bound.add(new Sleeper());
        bound.application(time -> serve());
        port = bound;
    }

    /// Ends the process without a word.
    void kill() {
        port().close();
        pumps.clear();
        exchanges.clear();
        accepted.clear();
        news.clear();
    }

    /// Stops the process; nothing calls its engines.
    void sleep() {
        asleep = true;
        asleepSinceNanos = network.nanoTime();
    }

    /// Lets the process go on.
    ///
    /// @param counted whether its ticker has counted the time (a stopped process) or stood still,
    ///     so that only the wall clock shows it (a suspended machine)
    void wake(boolean counted) {
        asleep = false;
        if (!counted) {
            sleptNanos += network.nanoTime() - asleepSinceNanos;
            engine().clockJumped(now());
        }
        engine().handleTimeout(now());
        serve();
    }

    /// The time that this process counts.
    long now() {
        return network.nanoTime() - sleptNanos;
    }

    // ---- what it has

    NodeKey key() {
        return identity.publicKey();
    }

    SimHost host() {
        return host;
    }

    SimPort port() {
        return there(port);
    }

    SessionEngine engine() {
        return there(engine);
    }

    KcpTransport transport() {
        return there(transport);
    }

    /// The sessions that peers have begun, oldest first, those that have ended too.
    List<Session> accepted() {
        return accepted;
    }

    List<News> news() {
        return news;
    }

    void onNews(Consumer<SessionEvent> listener) {
        onNews = listener;
    }

    /// Sets what else is to be done after each input.
    void afterwards(Runnable action) {
        afterwards = action;
    }

    private static <T> T there(@Nullable T thing) {
        if (thing == null) {
            throw new IllegalStateException("the node has not been started");
        }
        return thing;
    }

    /// The longest time for which any exchange of this process got nothing.
    double longestGapSeconds() {
        return exchanges.stream().mapToLong(Exchange::longestGapNanos).max().orElse(0) / 1e9;
    }

    /// The exchanges that peers have begun.
    List<Exchange> exchanges() {
        return exchanges;
    }

    /// How many bytes the exchanges of this process have got.
    long received() {
        return exchanges.stream().mapToLong(Exchange::received).sum();
    }

    // ---- what it does

    <P extends Pump> P add(P pump) {
        pumps.put(pump.stream(), pump);
        pump.serve(now());
        return pump;
    }

    private void serve() {
        if (asleep) {
            return;
        }
        afterwards.run();
        SessionEngine sessions = engine();
        for (Session session; (session = sessions.accept()) != null; ) {
            accepted.add(session);
        }
        while (sessions.pollRefusal() != null) {}
        for (Session session; (session = sessions.pollReady()) != null; ) {
            serve(session);
        }
    }

    private void serve(Session session) {
        for (SessionEvent event; (event = session.pollEvent()) != null; ) {
            news.add(new News(network.elapsed(), event));
            onNews.accept(event);
        }
        for (Transport.Stream stream; (stream = session.streams().accept()) != null; ) {
            open(stream);
        }
        for (Transport.Stream stream; (stream = session.streams().pollReady()) != null; ) {
            if (stream.answered()) {
                session.noteUseful(now());
            }
            Pump pump = pumps.get(stream);
            if (pump != null) {
                pump.serve(now());
                if (stream.closed().isPresent()) {
                    pumps.remove(stream);
                }
            }
        }
    }

    private void open(Transport.Stream stream) {
        switch (stream.service().split(" ")[0]) {
            case EchoService.SERVICE -> add(new EchoService(stream));
            case Exchange.SERVICE -> exchanges.add(add(Exchange.called(stream, now())));
            default -> {
                // A service that never reads.
            }
        }
    }

    /// The engine, unless the process sleeps, and with the time that the process counts.
    private final class Sleeper implements Engine {
        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            return !asleep && engine().handleDatagram(from, datagram, now());
        }

        @Override
        public void handleTimeout(long nowNanos) {
            engine().handleTimeout(now());
        }

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            return asleep ? null : engine().pollTransmit(into, now());
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return asleep ? NEVER : engine().nanosUntilTimeout(now());
        }
    }
}
