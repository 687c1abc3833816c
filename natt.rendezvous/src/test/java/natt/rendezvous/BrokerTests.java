package natt.rendezvous;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.rendezvous.Message;
import natt.core.rendezvous.Message.NameCode;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.Engine;
import natt.rendezvous.proto.Limits;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// A broker and nodes over the loopback.
@Timeout(60)
class BrokerTests {
    private static final InetSocketAddress ANY =
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);

    private static final AddressDiscovery NO_DISCOVERY =
            new AddressDiscovery() {
                @Override
                public String id() {
                    return "none";
                }

                @Override
                public Discovery open(Context context) {
                    throw new AssertionError("a broker asks nobody");
                }
            };

    @TempDir Path directory;
    private final SecureRandom random = new SecureRandom();
    private final Identity identity = Identity.generate(random);
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private BrokerConfig config(
            InetSocketAddress listen, Optional<Path> guests, Optional<BrokerConfig.Tls> tls) {
        return new BrokerConfig(
                List.of(listen),
                tls,
                identity,
                PreSharedKey.NONE,
                guests,
                Limits.usual(),
                directory,
                NO_DISCOVERY);
    }

    private Broker start(BrokerConfig config) throws IOException {
        Broker broker = Broker.start(config);
        open.add(broker);
        return broker;
    }

    /// A node, its messages and ends in a queue.
    private final class Member {
        final Identity own = Identity.generate(random);
        final BlockingQueue<Object> news = new LinkedBlockingQueue<>();
        final Driver driver = new Driver(System::nanoTime, "member");
        final Port port = driver.openPort(ANY);
        final SessionEngine engine;

        Member() throws IOException {
            engine =
                    new SessionEngine(
                            new SessionEngine.Config(
                                    own,
                                    PreSharedKey.NONE,
                                    List.of(),
                                    Optional.empty(),
                                    random,
                                    Optional.of(this::hear),
                                    false,
                                    SessionEngine.Limits.NODE),
                            driver.nanoTime());
            port.attach(List.of(engine), this::look);
            driver.start();
            open.add(driver);
        }

        private void hear(Session from, ByteBuffer message, long now) {
            Message read = Message.read(message);
            news.add(read == null ? "malformed" : read);
        }

        private long look(long now) {
            for (Session each; (each = engine.pollReady()) != null; ) {
                for (SessionEvent event; (event = each.pollEvent()) != null; ) {
                    if (event instanceof SessionEvent.Established) {
                        var asked = new Message.Register(1, each.wakeToken(), List.of("bob"));
                        each.say(asked.encode(), now);
                    } else {
                        news.add(event);
                    }
                }
            }
            return Engine.NEVER;
        }

        Message.Registered register(InetSocketAddress at) throws InterruptedException {
            driver.execute(
                    () ->
                            engine.callBroker(
                                            identity.publicKey(),
                                            PreSharedKey.NONE,
                                            driver.nanoTime())
                                    .addCandidates(List.of(at), driver.nanoTime()));
            Object next = news.take();
            // Where a connection takes seconds to come about, the broker has forgotten the first
            // of the calls that waited for it.
            return next instanceof SessionEvent.Closed
                    ? register(at)
                    : assertInstanceOf(Message.Registered.class, next);
        }
    }

    private String kept() throws IOException {
        return Files.readString(directory.resolve("names"));
    }

    @Test
    void aNameIsOnDiskWhenItIsPromised() throws Exception {
        var bob = new Member();
        Message.Registered answer =
                bob.register(start(config(ANY, Optional.empty(), Optional.empty())).local());
        assertTrue(kept().startsWith("bob " + bob.own.publicKey() + " "), kept());
        assertEquals(List.of(NameCode.OK), answer.names());
        assertEquals(Optional.of(bob.port.local()), answer.observed());
        assertEquals(0, answer.stunPort(), "nobody answers STUN");
    }

    @Test
    void aBrokerThatStopsTellsItsNodesAndKnowsTheNamesWhenItStartsAgain() throws Exception {
        Broker first = start(config(ANY, Optional.empty(), Optional.empty()));
        var bob = new Member();
        bob.register(first.local());
        first.close();
        assertInstanceOf(SessionEvent.Closed.class, bob.news.take());
        Broker second = start(config(ANY, Optional.empty(), Optional.empty()));
        var eve = new Member();
        assertEquals(List.of(NameCode.TAKEN), eve.register(second.local()).names());
    }

    @Test
    void aNodeWhoseUdpIsBlockedRegistersOverTls() throws Exception {
        var tls = new BrokerConfig.Tls(ANY, Optional.empty());
        Broker broker = start(config(ANY, Optional.empty(), Optional.of(tls)));
        InetSocketAddress at = broker.localTls().orElseThrow();
        var bob = new Member();
        InetSocketAddress route = bob.port.connectLater(new HostAndPort("127.0.0.1", at.getPort()));
        Message.Registered answer = bob.register(route);
        assertEquals(List.of(NameCode.OK), answer.names());
        assertEquals(Optional.empty(), answer.observed());
    }

    @Test
    void onlyThoseListedHaveNamesAlsoOverTls() throws Exception {
        Path list = directory.resolve("clients");
        var bob = new Member();
        var eve = new Member();
        Files.writeString(list, "from=\"127.0.0.0/8\" " + bob.own.publicKey() + " bob\n");
        var tls = new BrokerConfig.Tls(ANY, Optional.empty());
        Broker broker = start(config(ANY, Optional.of(list), Optional.of(tls)));
        assertEquals(List.of(NameCode.NOT_ALLOWED), eve.register(broker.local()).names());
        int number = broker.localTls().orElseThrow().getPort();
        InetSocketAddress route = bob.port.connectLater(new HostAndPort("127.0.0.1", number));
        assertEquals(List.of(NameCode.OK), bob.register(route).names());
    }

    @Test
    void itSaysHowItIs() throws Exception {
        Broker broker = start(config(ANY, Optional.empty(), Optional.empty()));
        var bob = new Member();
        bob.register(broker.local());
        String report = broker.report().get().toJson();
        assertTrue(report.contains("\"program\":\"natt broker\""), report);
        assertTrue(report.contains("\"nodes\":1"), report);
        assertTrue(report.contains("\"namesGiven\":1"), report);
    }

    @Test
    void anAddressInUseIsOneLine() throws Exception {
        Broker broker = start(config(ANY, Optional.empty(), Optional.empty()));
        var taken = config(broker.local(), Optional.empty(), Optional.empty());
        var failed = assertThrows(IOException.class, () -> Broker.start(taken));
        String at = HostAndPort.format(broker.local());
        assertEquals(
                "cannot listen on UDP " + at + ": Address already in use", failed.getMessage());
    }
}
