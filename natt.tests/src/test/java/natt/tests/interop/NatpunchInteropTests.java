package natt.tests.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.spi.Engine;
import natt.core.time.Ticker;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.PunchPeer;
import natt.tests.Requires;
import natt.tun.NatpunchPorts;
import natt.tun.natpunch.BareTunnel;
import natt.wireguard.NatpunchGoServer;
import natt.wireguard.natpunch.NatpunchClient;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// The old wires against peers in Python that know nothing of this program.
@Requires(Need.PYTHON_CRYPTO)
@Timeout(120)
class NatpunchInteropTests {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(LOOPBACK, 0);
    private static final long LIMIT_SECONDS = 20;

    @RegisterExtension final Processes processes = Processes.ofEachTest();

    private final RandomGenerator random = new SecureRandom();
    private final Identity alice = Identity.generate(random);
    private final Identity bob = Identity.generate(random);
    private final Identity host = Identity.generate(random);
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T opened(T closeable) {
        open.add(closeable);
        return closeable;
    }

    private static String text(NodeKey key) {
        return PunchPeer.base64(key.bytes());
    }

    private static InetSocketAddress at(int port) {
        return new InetSocketAddress(LOOPBACK, port);
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("nothing for %d s".formatted(LIMIT_SECONDS));
        }
        return next;
    }

    // ---- natpunch-go

    private NatpunchGoServer server() throws IOException {
        return opened(NatpunchGoServer.start(host, ANY_PORT));
    }

    private PunchPeer theirClient(NatpunchGoServer server, Identity me, NodeKey wanted)
            throws IOException {
        return PunchPeer.start(
                processes,
                me.reveal(),
                "go-client",
                "127.0.0.1:" + server.local().getPort(),
                server.key(),
                text(wanted));
    }

    /// A client of ours on a socket of its own, and what it has found.
    private final class Asking {
        final BlockingQueue<NatpunchClient.Found> found = new LinkedBlockingQueue<>();
        final InetSocketAddress local;

        Asking(Identity me, NodeKey serverKey, InetSocketAddress server, NodeKey wanted)
                throws IOException {
            Driver driver = opened(new Driver(Ticker.system(), "test"));
            Port port = driver.openPort(ANY_PORT);
            local = port.local();
            var client =
                    new NatpunchClient(
                            new NatpunchClient.Config(
                                    me,
                                    serverKey,
                                    server,
                                    Duration.ofMillis(200),
                                    false,
                                    System.currentTimeMillis() * 1_000_000,
                                    random),
                            driver.nanoTime());
            client.ask(List.of(wanted), driver.nanoTime());
            port.attach(
                    List.of(client),
                    now -> {
                        for (NatpunchClient.Found each; (each = client.pollFound()) != null; ) {
                            found.add(each);
                        }
                        return Engine.NEVER;
                    });
            driver.start();
        }
    }

    @Test
    void theirClientsFindEachOtherAtOurServer() throws Exception {
        NatpunchGoServer server = server();
        PunchPeer one = theirClient(server, alice, bob.publicKey());
        int onesPort = one.port();
        one.await("unknown (.*)");
        PunchPeer other = theirClient(server, bob, alice.publicKey());
        int othersPort = other.port();
        assertEquals(
                text(alice.publicKey()) + " 127.0.0.1:" + onesPort,
                other.await("found (\\S+) (\\S+)"));
        assertEquals(
                text(bob.publicKey()) + " 127.0.0.1:" + othersPort,
                one.await("found (\\S+) (\\S+)"));
    }

    @Test
    void ourClientsFindEachOtherAtTheirServer() throws Exception {
        PunchPeer theirs = PunchPeer.start(processes, host.reveal(), "go-server", "0");
        InetSocketAddress at = at(theirs.port());
        var one = new Asking(alice, host.publicKey(), at, bob.publicKey());
        theirs.await("question for (.*)");
        var other = new Asking(bob, host.publicKey(), at, alice.publicKey());
        assertEquals(new NatpunchClient.Found(alice.publicKey(), one.local), next(other.found));
        assertEquals(new NatpunchClient.Found(bob.publicKey(), other.local), next(one.found));
        assertTrue(theirs.isAlive());
    }

    @Test
    void datagramsOfEveryTypeAndLengthLeaveOurServerSilentAndServing() throws Exception {
        NatpunchGoServer server = server();
        try (var stranger = new DatagramSocket(ANY_PORT)) {
            var known = new Asking(alice, host.publicKey(), server.local(), alice.publicKey());
            next(known.found);
            stranger.setSoTimeout(1);
            for (int length = 0; length <= 200; length++) {
                for (int type = 0; type < 256; type++) {
                    stranger.send(noise(type, length, server.local()));
                }
                assertSilent(stranger);
            }
            stranger.setSoTimeout(500);
            assertSilent(stranger);
        }
        PunchPeer other = theirClient(server, bob, alice.publicKey());
        other.await("found (\\S+) (\\S+)");
    }

    private DatagramPacket noise(int type, int length, InetSocketAddress to) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        if (length > 0) {
            bytes[0] = (byte) type;
        }
        return new DatagramPacket(bytes, length, to);
    }

    private static void assertSilent(DatagramSocket socket) throws IOException {
        var answer = new DatagramPacket(new byte[2048], 2048);
        try {
            socket.receive(answer);
        } catch (SocketTimeoutException _) {
            return;
        }
        throw new AssertionError("an answer of %d bytes".formatted(answer.getLength()));
    }

    @Test
    void datagramsOfEveryTypeAndLengthFromTheServersAddressChangeNothing() throws Exception {
        PunchPeer theirs = PunchPeer.start(processes, host.reveal(), "go-server", "0");
        InetSocketAddress real = at(theirs.port());
        var registered = new Asking(bob, host.publicKey(), real, bob.publicKey());
        next(registered.found);
        try (var between = new DatagramSocket(ANY_PORT);
                var outside = new DatagramSocket(ANY_PORT)) {
            var ours =
                    new Asking(
                            alice, host.publicKey(), at(between.getLocalPort()), bob.publicKey());
            // Between each question and its answer.
            for (int i = 0; i < 2; i++) {
                byte[] question = received(between, 20_000);
                for (int length = 0; length <= 200; length++) {
                    for (int type = 0; type < 256; type++) {
                        between.send(noise(type, length, ours.local));
                    }
                }
                assertNull(ours.found.poll());
                outside.send(new DatagramPacket(question, question.length, real));
                byte[] answer = received(outside, 2_000);
                between.send(new DatagramPacket(answer, answer.length, ours.local));
            }
            assertEquals(
                    new NatpunchClient.Found(bob.publicKey(), registered.local), next(ours.found));
        }
    }

    private static byte[] received(DatagramSocket socket, int limitMillis) throws IOException {
        var packet = new DatagramPacket(new byte[2048], 2048);
        socket.setSoTimeout(limitMillis);
        socket.receive(packet);
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    // ---- NATpunch

    /// A tunnel of ours on a socket of its own, and what came out of it.
    private final class Tunnel {
        final BlockingQueue<String> packets = new LinkedBlockingQueue<>();
        final BlockingQueue<Boolean> up = new LinkedBlockingQueue<>();
        private final Driver driver = opened(new Driver(Ticker.system(), "test"));
        private final BareTunnel engine;

        Tunnel(int serverPort) throws IOException {
            engine =
                    new BareTunnel(
                            at(serverPort),
                            (packet, now) -> {
                                var bytes = new byte[packet.remaining()];
                                packet.get(bytes);
                                packets.add(HexFormat.of().formatHex(bytes));
                            },
                            driver.nanoTime());
            driver.openPort(ANY_PORT)
                    .attach(
                            List.of(engine),
                            now -> {
                                if (engine.isUp() && up.isEmpty()) {
                                    up.add(true);
                                }
                                return Engine.NEVER;
                            });
            driver.start();
        }

        void send(String hex) {
            driver.execute(
                    () ->
                            engine.send(
                                    ByteBuffer.wrap(HexFormat.of().parseHex(hex)),
                                    driver.nanoTime()));
        }
    }

    @Test
    void theirClientsMeetAtOurPorts() throws Exception {
        NatpunchPorts ports = opened(NatpunchPorts.start(ANY_PORT, ANY_PORT));
        PunchPeer one = theirTunnel(ports.local().get(0).getPort());
        PunchPeer other = theirTunnel(ports.local().get(1).getPort());
        one.await("tunnel with 127.0.0.1:" + other.port());
        other.await("tunnel with 127.0.0.1:" + one.port());
        one.await("keepalive");
        one.write("450001");
        other.await("packet 450001");
        other.write("450002");
        one.await("packet 450002");
    }

    private PunchPeer theirTunnel(int port) throws IOException {
        return PunchPeer.start(processes, "client", "127.0.0.1", "" + port);
    }

    @Test
    void ourTunnelMeetsTheirClientAtTheirServer() throws Exception {
        PunchPeer server = PunchPeer.start(processes, "server", "0", "0");
        String[] ports = server.await("listening on (\\d+) and (\\d+)").split(" ");
        var ours = new Tunnel(Integer.parseInt(ports[0]));
        PunchPeer theirs = theirTunnel(Integer.parseInt(ports[1]));
        next(ours.up);
        theirs.await("keepalive");
        ours.send("450001");
        theirs.await("packet 450001");
        theirs.write("450002");
        assertEquals("450002", next(ours.packets));
    }

    @Test
    void datagramsOfEveryTypeAndLengthLeaveOurPortsSilentAndServing() throws Exception {
        NatpunchPorts ports = opened(NatpunchPorts.start(ANY_PORT, ANY_PORT));
        var first = new InetSocketAddress(LOOPBACK, ports.local().get(0).getPort());
        try (var stranger = new DatagramSocket(ANY_PORT)) {
            stranger.setSoTimeout(1);
            for (int length = 0; length <= 200; length++) {
                for (int type = 0; type < 256; type++) {
                    if (length != 1 || type != 0x41) {
                        stranger.send(noise(type, length, first));
                    }
                }
                assertSilent(stranger);
            }
        }
        theirClientsMeetAtOurPorts();
    }
}
