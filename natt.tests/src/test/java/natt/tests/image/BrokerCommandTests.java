package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.rendezvous.Message;
import natt.core.rendezvous.Message.NameCode;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Node;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;

/// `natt broker` as a process: what it says, how it ends, and what a sudden end costs.
@Requires(Need.IMAGE)
@Timeout(120)
class BrokerCommandTests {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    private InetSocketAddress address;
    private NodeKey key;

    private RunningProcess start(String listen, String... options) throws Exception {
        RunningProcess broker =
                processes
                        .prepare("broker", Natt.program("natt"), "broker", "--open")
                        .with("--listen", listen)
                        .with(options)
                        .env(new Node(directory).environment())
                        .start();
        Matcher said = broker.awaitLine("--broker (\\S+)@127\\.0\\.0\\.1:(\\d+)", LIMIT);
        key = NodeKey.parse(said.group(1));
        address = new InetSocketAddress(LOOPBACK, Integer.parseInt(said.group(2)));
        return broker;
    }

    /// A node that calls the broker again when its session has ended.
    private final class Member implements AutoCloseable {
        final DatagramSocket socket = new DatagramSocket(0, LOOPBACK);
        final SecureRandom random = new SecureRandom();
        final SessionEngine engine =
                new SessionEngine(
                        new SessionEngine.Config(
                                Identity.generate(random),
                                PreSharedKey.NONE,
                                List.of(),
                                Optional.empty(),
                                random,
                                Optional.of((from, message, now) -> hear(message)),
                                false,
                                SessionEngine.Limits.NODE),
                        System.nanoTime());
        List<NameCode> codes = List.of();
        int registered;

        Member() throws IOException {
            socket.setSoTimeout(10);
            call();
        }

        private void call() {
            long now = System.nanoTime();
            engine.callBroker(key, PreSharedKey.NONE, now).addCandidates(List.of(address), now);
        }

        private void hear(ByteBuffer message) {
            if (Message.read(message) instanceof Message.Registered answer) {
                registered++;
                codes = answer.names();
            }
        }

        void await(BooleanSupplier wanted) throws IOException {
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (!wanted.getAsBoolean()) {
                assertTrue(System.nanoTime() < deadline, "nothing for " + LIMIT);
                turn();
            }
        }

        private void turn() throws IOException {
            var packet = new DatagramPacket(new byte[2048], 2048);
            try {
                socket.receive(packet);
                engine.handleDatagram(
                        (InetSocketAddress) packet.getSocketAddress(),
                        ByteBuffer.wrap(packet.getData(), 0, packet.getLength()),
                        System.nanoTime());
            } catch (SocketTimeoutException _) {
                // Time for what is due.
            }
            long now = System.nanoTime();
            if (engine.nanosUntilTimeout(now) <= 0) {
                engine.handleTimeout(now);
            }
            for (Session each; (each = engine.pollReady()) != null; ) {
                for (SessionEvent event; (event = each.pollEvent()) != null; ) {
                    if (event instanceof SessionEvent.Established) {
                        var asked = new Message.Register(1, each.wakeToken(), List.of("bob"));
                        each.say(asked.encode(), now);
                    } else if (event instanceof SessionEvent.Closed) {
                        call();
                    }
                }
            }
            var out = ByteBuffer.allocate(2048);
            for (InetSocketAddress to; (to = engine.pollTransmit(out.clear(), now)) != null; ) {
                socket.send(new DatagramPacket(out.array(), out.position(), to));
            }
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    @Test
    void anOrderlyEndIsQuickAndNoFailure() throws Exception {
        RunningProcess broker = start("127.0.0.1:0", "--tls-listen", "127.0.0.1:0");
        try (var bob = new Member()) {
            bob.await(() -> bob.registered == 1);
        }
        broker.terminate();
        assertEquals(0, broker.awaitExit(Duration.ofSeconds(3)));
        broker.awaitLine("stopped", LIMIT);
    }

    @Test
    void afterASuddenEndNamesAreThereAndNodesAreBack() throws Exception {
        RunningProcess first = start("127.0.0.1:0");
        String at = "127.0.0.1:" + address.getPort();
        try (var bob = new Member()) {
            bob.await(() -> bob.registered == 1);
            Path nodes = new Node(directory).state().resolve("nodes");
            bob.await(() -> Files.exists(nodes));
            first.kill9();
            first.awaitExit(LIMIT);
            start(at);
            long started = System.nanoTime();
            bob.await(() -> bob.registered == 2);
            long took = System.nanoTime() - started;
            assertTrue(took < 5_000_000_000L, took + " ns");
            assertEquals(List.of(NameCode.OK), bob.codes);
            try (var eve = new Member()) {
                eve.await(() -> eve.registered == 1);
                assertEquals(List.of(NameCode.TAKEN), eve.codes);
            }
        }
    }

    @Test
    void itAnswersStunOnItsPort() throws Exception {
        start("127.0.0.1:0");
        byte[] request = new byte[20];
        ByteBuffer.wrap(request).putShort((short) 1).putShort((short) 0).putInt(0x2112_a442);
        try (var socket = new DatagramSocket(0, LOOPBACK)) {
            socket.setSoTimeout((int) LIMIT.toMillis());
            socket.send(new DatagramPacket(request, request.length, address));
            var answer = new DatagramPacket(new byte[2048], 2048);
            socket.receive(answer);
            assertEquals(0x0101, ByteBuffer.wrap(answer.getData()).getShort(0));
            assertTrue(Arrays.equals(request, 4, 20, answer.getData(), 4, 20));
        }
    }

    @Test
    void itsStatusIsTold() throws Exception {
        start("127.0.0.1:0");
        Run run =
                Run.of(
                        processes
                                .prepare("natt", Natt.program("natt"), "status")
                                .env(new Node(directory).environment()));
        assertEquals(0, run.status(), run::lastLine);
        assertEquals("natt broker", run.lines().getFirst());
        assertTrue(run.lines().stream().anyMatch(line -> line.contains(key.toString())));
    }
}
