package natt.rendezvous.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.rendezvous.Message;
import natt.core.rendezvous.Message.NameCode;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.testkit.SimFate;
import natt.testkit.SimHost;
import natt.testkit.SimNetwork;
import natt.testkit.SimPort;
import natt.testkit.SimTrace;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// A broker's sessions, over a network in virtual time.
class BrokerEngineTests {
    private static final int PORT = 30_000;
    private static final int WAKE = 0x94;
    private static final long EPOCH = 1_800_000_000;

    private final SimNetwork network = new SimNetwork(3);
    private final RandomGenerator random = network.random("keys");
    private final Identity identity = Identity.generate(random);
    private final SimHost host = network.internet().addHost("broker", "198.51.100.10");
    private final List<Name> journal = new ArrayList<>();
    private final List<SessionEngine.Refusal> refusals = new ArrayList<>();
    private PreSharedKey secret = PreSharedKey.NONE;
    private BrokerEngine broker;
    private SimPort port;

    private void start(List<Name> names, List<Sleeper> sleepers) {
        broker =
                new BrokerEngine(
                        new BrokerEngine.Config(
                                identity,
                                secret,
                                (key, from) -> true,
                                Limits.usual(),
                                random,
                                EPOCH,
                                names,
                                journal::add,
                                sleepers,
                                0,
                                Optional.empty()),
                        new BrokerEngine.Listener() {
                            @Override
                            public void refused(SessionEngine.Refusal refusal) {
                                refusals.add(refusal);
                            }
                        },
                        network.nanoTime());
        port = host.bind(PORT, broker);
    }

    /// The process is killed, and another takes its place.
    private void restart(Duration after) {
        List<Sleeper> sleepers = broker.sleepers(network.nanoTime());
        port.close();
        network.runFor(after);
        start(List.copyOf(journal), sleepers);
    }

    /// A node that calls the broker, again when its session has ended, and registers.
    private final class Member {
        final SessionEngine engine;
        final String name;
        final List<Message> heard = new ArrayList<>();
        final List<CloseReason> ends = new ArrayList<>();
        final SimPort bound;
        Session session;
        Duration registeredAt;

        Member(String name, String address) {
            this.name = name;
            engine =
                    new SessionEngine(
                            new SessionEngine.Config(
                                    Identity.generate(random),
                                    PreSharedKey.NONE,
                                    List.of(),
                                    Optional.empty(),
                                    random,
                                    Optional.of(this::hear),
                                    false,
                                    SessionEngine.Limits.NODE),
                            network.nanoTime());
            bound = network.internet().addHost(name, address).bind(0, engine);
            bound.application(this::look);
            call(network.nanoTime());
        }

        private void hear(Session from, ByteBuffer message, long now) {
            Message read = Message.read(message);
            heard.add(read);
            if (read instanceof Message.Registered) {
                registeredAt = network.elapsed();
            }
        }

        void call(long now) {
            session = engine.callBroker(identity.publicKey(), secret, now);
            session.addCandidates(List.of(port.local()), now);
        }

        private void look(long now) {
            for (Session each; (each = engine.pollReady()) != null; ) {
                for (SessionEvent event; (event = each.pollEvent()) != null; ) {
                    if (event instanceof SessionEvent.Established) {
                        register(now);
                    } else if (event instanceof SessionEvent.Closed(var reason)) {
                        ends.add(reason);
                        call(now);
                    }
                }
            }
        }

        private void register(long now) {
            session.say(new Message.Register(1, session.wakeToken(), List.of(name)).encode(), now);
        }

        List<NameCode> codes() {
            return ((Message.Registered) heard.getLast()).names();
        }
    }

    private static InetSocketAddress address(String text) {
        return Board.address(text);
    }

    @Test
    void aNodeRegistersAndLearnsWhereItIsSeen() {
        start(List.of(), List.of());
        var alice = new Member("alice", "203.0.113.1");
        network.runFor(Duration.ofSeconds(1));
        var registered = (Message.Registered) alice.heard.getFirst();
        assertEquals(Optional.of(alice.bound.local()), registered.observed());
        assertEquals(List.of(NameCode.OK), registered.names());
        assertEquals(1, broker.load().registered());
        assertEquals(1, broker.load().sessions().sessions());
        assertEquals(List.of("alice"), broker.names().stream().map(Name::name).toList());
    }

    @Test
    void nodesAreBackWithinFiveSecondsAfterARestart() {
        start(List.of(), List.of());
        var members = new ArrayList<Member>();
        for (int i = 0; i < 20; i++) {
            members.add(new Member("n" + i, "203.0.113." + (10 + i)));
        }
        network.runFor(Duration.ofSeconds(40));
        assertEquals(20, broker.load().registered());
        restart(Duration.ofMillis(700));
        Duration restarted = network.elapsed();
        network.runFor(Duration.ofSeconds(5));
        assertEquals(20, broker.load().registered());
        for (Member each : members) {
            assertEquals(List.of(new CloseReason.PeerRestarted()), each.ends);
            assertEquals(List.of(NameCode.OK), each.codes());
            Duration took = each.registeredAt.minus(restarted);
            assertTrue(took.compareTo(Duration.ofSeconds(1)) < 0, took.toString());
        }
    }

    @Test
    void aNodeIsWokenByTheSecondOrThirdWakeWhenTheFirstIsLost() {
        start(List.of(), List.of());
        var alice = new Member("alice", "203.0.113.1");
        network.runFor(Duration.ofSeconds(20));
        restart(Duration.ofMillis(100));
        host.up().outage(true);
        network.runFor(Duration.ofMillis(2500));
        host.up().outage(false);
        network.runFor(Duration.ofMillis(1500));
        assertEquals(1, broker.load().registered());
        assertEquals(List.of(new CloseReason.PeerRestarted()), alice.ends);
    }

    @Test
    void onlyThoseWhoHadSessionsAreWokenAndThreeTimes() {
        var sleeper = new Sleeper(Board.key(1), address("203.0.113.99:1000"), new byte[16]);
        var sent = new ArrayList<SimTrace.Entry>();
        network.trace()
                .watch(
                        (entry, payload) -> {
                            if (entry.fate() == SimFate.SENT) {
                                sent.add(entry);
                            }
                        });
        start(List.of(), List.of(sleeper));
        network.runFor(Duration.ofMinutes(10));
        assertEquals(3, sent.size());
        assertTrue(sent.stream().allMatch(each -> each.to().equals(sleeper.address())));
        assertTrue(sent.stream().allMatch(each -> each.length() == 20));
        assertEquals(
                List.of(0L, 1000L, 3000L),
                sent.stream().map(each -> each.at().toMillis()).toList());
    }

    @Test
    void whoWasNotHeardOfAgainIsWokenOnceMoreIfTheBrokerDiesSoon() {
        var sleeper = new Sleeper(Board.key(1), address("203.0.113.99:1000"), new byte[16]);
        start(List.of(), List.of(sleeper));
        network.runFor(Duration.ofSeconds(59));
        assertEquals(1, broker.sleepers(network.nanoTime()).size());
        network.runFor(Duration.ofSeconds(1));
        assertEquals(0, broker.sleepers(network.nanoTime()).size());
    }

    @Test
    void wakesArePaced() {
        var sleepers = new ArrayList<Sleeper>();
        for (int i = 0; i < 10_000; i++) {
            String at = "203.0.%d.%d:1000".formatted(i / 250, i % 250);
            sleepers.add(new Sleeper(Board.key(i), address(at), new byte[16]));
        }
        var waker = new Waker(sleepers, 5);
        var into = ByteBuffer.allocate(64);
        long now = 5;
        int sent = 0;
        while (waker.nanosUntilTimeout(now) != Long.MAX_VALUE) {
            now += Math.max(0, waker.nanosUntilTimeout(now));
            assertEquals(sleepers.get(sent % 10_000).address(), waker.poll(into.clear(), now));
            assertEquals(20, into.position());
            assertEquals(WAKE, into.get(0) & 0xff);
            if (sent % 10_000 != 9_999) {
                assertEquals(null, waker.poll(into.clear(), now));
            }
            sent++;
        }
        assertEquals(30_000, sent);
        assertEquals(7.5e9, now - 5, 1e6);
    }

    @Test
    void aBrokerThatStopsTellsItsNodes() {
        start(List.of(), List.of());
        var alice = new Member("alice", "203.0.113.1");
        network.runFor(Duration.ofSeconds(1));
        broker.shutdown(network.nanoTime());
        network.runFor(Duration.ofMillis(100));
        assertEquals(List.of(new CloseReason.SessionClosed(CloseCode.SHUTTING_DOWN)), alice.ends);
    }

    @Test
    void withASecretWhoDoesNotKnowItGetsNothing() {
        var known = new byte[PreSharedKey.LENGTH];
        random.nextBytes(known);
        secret = PreSharedKey.of(known);
        start(List.of(), List.of());
        var alice = new Member("alice", "203.0.113.1");
        network.runFor(Duration.ofSeconds(1));
        assertEquals(List.of(NameCode.OK), alice.codes());
        secret = PreSharedKey.NONE;
        var eve = new Member("eve", "203.0.113.2");
        network.runFor(Duration.ofSeconds(20));
        assertEquals(List.of(), eve.heard);
        assertEquals(0, eve.bound.received());
        assertEquals(1, broker.load().sessions().sessions());
    }

    @Test
    void aSilentNodeLeavesAfterAWhile() {
        start(List.of(), List.of());
        var alice = new Member("alice", "203.0.113.1");
        network.runFor(Duration.ofSeconds(1));
        alice.bound.close();
        network.runFor(Duration.ofMinutes(3));
        assertEquals(0, broker.load().registered());
        assertEquals(0, broker.load().sessions().sessions());
        assertEquals(1, broker.names().size());
    }

    @Test
    void datagramsOfNoSessionAreNotAnsweredAndMakeNothing() {
        start(List.of(), List.of());
        SimPort stranger = network.internet().addHost("eve", "203.0.113.66").bind(0);
        for (int length = 0; length <= 1400; length++) {
            for (int type = 0x90; type <= 0x97; type++) {
                var bytes = new byte[length];
                Arrays.fill(bytes, (byte) length);
                if (length > 0) {
                    bytes[0] = (byte) type;
                }
                stranger.send(port.local(), bytes);
            }
            network.runFor(Duration.ofMillis(1));
        }
        network.runFor(Duration.ofSeconds(10));
        assertEquals(0, stranger.received());
        assertEquals(0, port.sent());
        assertEquals(0, broker.load().sessions().sessions());
    }
}
