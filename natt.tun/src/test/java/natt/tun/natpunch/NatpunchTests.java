package natt.tun.natpunch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.Engine;
import natt.testkit.NatType;
import natt.testkit.SimHost;
import natt.testkit.SimNetwork;
import natt.testkit.SimPort;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

class NatpunchTests {
    private static final InetSocketAddress SERVER = address("198.51.100.1", 4000);
    private static final InetSocketAddress PEER = address("203.0.113.8", 41233);
    private static final InetSocketAddress OTHER = address("203.0.113.9", 41233);
    private static final long SECOND = 1_000_000_000;
    private static final HexFormat HEX = HexFormat.of();

    private final List<String> received = new ArrayList<>();
    private final HandshakeServer server = new HandshakeServer();

    /// Soon after the start of a test it wraps.
    private long now = Long.MAX_VALUE - SECOND;

    private final BareTunnel tunnel =
            new BareTunnel(SERVER, (packet, at) -> received.add(hex(packet)), now);

    private static InetSocketAddress address(String host, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    }

    private static String hex(ByteBuffer buffer) {
        var bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return HEX.formatHex(bytes);
    }

    private boolean give(Engine engine, InetSocketAddress from, String hex) {
        return engine.handleDatagram(from, ByteBuffer.wrap(HEX.parseHex(hex)), now);
    }

    /// What an engine sends next, and where; null for nothing.
    private @Nullable String sent(Engine engine) {
        ByteBuffer out = ByteBuffer.allocate(2048);
        InetSocketAddress to = engine.pollTransmit(out, now);
        return to == null
                ? null
                : HEX.formatHex(Arrays.copyOf(out.array(), out.position())) + " to " + to.getPort();
    }

    // ---- the server

    @Test
    void eachIsToldOfTheOtherOnceBothHaveAsked() {
        assertTrue(give(server.first(), PEER, "41"));
        assertNull(sent(server.first()));
        assertTrue(give(server.second(), OTHER, "41"));
        assertEquals("cb007108a1110000 to 41233", sent(server.second()));
        assertNull(sent(server.first()));
        assertTrue(give(server.first(), PEER, "41"));
        assertEquals("cb007109a1110000 to 41233", sent(server.first()));
        assertNull(sent(server.first()));
    }

    @Test
    void aPeerIsToldOfForLessThanFiveSeconds() {
        give(server.first(), PEER, "41");
        now += 5 * SECOND - 1;
        give(server.second(), OTHER, "41");
        assertEquals("cb007108a1110000 to 41233", sent(server.second()));
        now += SECOND;
        give(server.second(), OTHER, "41");
        assertNull(sent(server.second()));
    }

    @Test
    void aPortAnswersTwiceASecondAtMost() {
        give(server.first(), PEER, "41");
        int answers = 0;
        for (int i = 0; i < 1000; i++) {
            give(server.second(), OTHER, "41");
            answers += sent(server.second()) == null ? 0 : 1;
            now += SECOND / 1000;
        }
        assertEquals(2, answers);
    }

    @Test
    void whatIsNoQuestionIsNotAnsweredAndMovesNobody() {
        give(server.first(), PEER, "41");
        for (int length = 0; length <= 200; length++) {
            for (int type = 0; type < 256; type++) {
                var noise = new byte[length];
                Arrays.fill(noise, (byte) type);
                if (length != 1 || type != 0x41) {
                    ByteBuffer datagram = ByteBuffer.wrap(noise);
                    assertFalse(server.first().handleDatagram(OTHER, datagram, now));
                    assertNull(sent(server.first()));
                }
            }
        }
        assertFalse(give(server.first(), address("2001:db8::1", 1), "41"));
        give(server.second(), OTHER, "41");
        assertEquals("cb007108a1110000 to 41233", sent(server.second()));
    }

    // ---- the client

    private void meet() {
        assertEquals("41 to 4000", sent(tunnel));
        assertTrue(give(tunnel, SERVER, "cb007108a1110000"));
        assertEquals(PEER, tunnel.peer());
    }

    @Test
    void theServerIsAskedEverySecondUntilItAnswers() {
        for (int i = 0; i < 30; i++) {
            assertEquals(0, tunnel.nanosUntilTimeout(now));
            assertEquals("41 to 4000", sent(tunnel));
            assertNull(sent(tunnel));
            assertEquals(SECOND, tunnel.nanosUntilTimeout(now));
            now += SECOND;
        }
        assertFalse(tunnel.hasEnded(now));
        meet();
        assertEquals("00 to 41233", sent(tunnel));
    }

    @Test
    void onlyEightBytesFromTheServerWithAnAddressAndAPortAreAnAnswer() {
        for (int length = 0; length <= 200; length++) {
            if (length != 8) {
                var noise = new byte[length];
                Arrays.fill(noise, (byte) 0x41);
                assertFalse(tunnel.handleDatagram(SERVER, ByteBuffer.wrap(noise), now));
            }
        }
        assertFalse(give(tunnel, SERVER, "cb00710800000000"));
        assertFalse(give(tunnel, SERVER, "cb0071080000a111"));
        assertFalse(give(tunnel, SERVER, "00000000a1110000"));
        assertFalse(give(tunnel, SERVER, "7f000001a1110000"));
        assertFalse(give(tunnel, SERVER, "7fffffffa1110000"));
        assertFalse(give(tunnel, SERVER, "e0000001a1110000"));
        assertFalse(give(tunnel, SERVER, "ffffffffa1110000"));
        assertFalse(give(tunnel, address("198.51.100.1", 4001), "cb007108a1110000"));
        assertFalse(give(tunnel, PEER, "cb007108a1110000"));
        assertNull(tunnel.peer());
        assertEquals("41 to 4000", sent(tunnel));
        assertTrue(give(tunnel, SERVER, "cb007108a1110000"));
        assertFalse(give(tunnel, SERVER, "cb007109a1110000"));
        assertEquals(PEER, tunnel.peer());
    }

    @Test
    void aServerOfThisMachineMayTellOfAPeerOfThisMachine() {
        InetSocketAddress here = address("127.0.0.1", 4000);
        var local = new BareTunnel(here, (packet, at) -> {}, now);
        assertTrue(give(local, here, "7f000001a1110000"));
        assertEquals(address("127.0.0.1", 41233), local.peer());
    }

    @Test
    void packetsAreBareAndComeFromThePeersAddressOnly() {
        assertFalse(tunnel.send(ByteBuffer.wrap(HEX.parseHex("450000")), now));
        meet();
        assertTrue(tunnel.send(ByteBuffer.wrap(HEX.parseHex("450001")), now));
        assertTrue(tunnel.send(ByteBuffer.wrap(HEX.parseHex("600002")), now));
        assertEquals("450001 to 41233", sent(tunnel));
        assertEquals("600002 to 41233", sent(tunnel));
        assertNull(sent(tunnel));
        assertFalse(tunnel.isUp());
        assertTrue(give(tunnel, PEER, "00"));
        assertTrue(tunnel.isUp());
        assertTrue(give(tunnel, PEER, "450003"));
        assertFalse(give(tunnel, OTHER, "450004"));
        assertFalse(give(tunnel, address("203.0.113.8", 41234), "450005"));
        assertFalse(give(tunnel, SERVER, "450006"));
        assertEquals(List.of("450003"), received);
    }

    @Test
    void packetsThatHaveNoRoomAreLost() {
        meet();
        for (int i = 0; i < 256; i++) {
            assertTrue(tunnel.send(ByteBuffer.allocate(1472), now));
        }
        assertFalse(tunnel.send(ByteBuffer.allocate(20), now));
        assertEquals(1472 * 2, String.valueOf(sent(tunnel)).length() - " to 41233".length());
        assertTrue(tunnel.send(ByteBuffer.allocate(20), now));
        assertFalse(tunnel.send(ByteBuffer.allocate(20), now));
        sent(tunnel);
        assertFalse(tunnel.send(ByteBuffer.allocate(1473), now));
        assertFalse(tunnel.send(ByteBuffer.allocate(1), now));
        assertEquals(4, tunnel.dropped());
    }

    @Test
    void aKeepaliveIsSentEveryFiveSecondsUnlessSomethingElseIs() {
        meet();
        assertEquals("00 to 41233", sent(tunnel));
        give(tunnel, PEER, "00");
        now += SECOND;
        // The interval was one second when the latest was sent.
        assertEquals("00 to 41233", sent(tunnel));
        now += 4 * SECOND;
        assertNull(sent(tunnel));
        tunnel.send(ByteBuffer.wrap(HEX.parseHex("450001")), now);
        assertEquals("450001 to 41233", sent(tunnel));
        assertEquals(5 * SECOND, tunnel.nanosUntilTimeout(now));
        now += 5 * SECOND;
        assertEquals("00 to 41233", sent(tunnel));
    }

    @Test
    void aPeerThatIsSilentFor15SecondsEndsIt() {
        meet();
        give(tunnel, PEER, "00");
        now += 15 * SECOND - 1;
        assertFalse(tunnel.hasEnded(now));
        sent(tunnel);
        assertEquals(1, tunnel.nanosUntilTimeout(now));
        now += 1;
        assertTrue(tunnel.hasEnded(now));
        assertNull(sent(tunnel));
        assertEquals(Engine.NEVER, tunnel.nanosUntilTimeout(now));
        assertFalse(give(tunnel, PEER, "450001"));
        assertFalse(tunnel.send(ByteBuffer.allocate(20), now));
        assertTrue(tunnel.hasEnded(now));
        assertEquals(List.of(), received);
    }

    @Test
    void aServersAddressIsIpv4() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new BareTunnel(address("2001:db8::1", 1), (packet, at) -> {}, now));
    }

    // ---- both

    /// What the owner of a tunnel does: another socket after each end.
    private static final class Peer {
        final SimNetwork network;
        final SimHost host;
        final InetSocketAddress server;
        final List<String> received = new ArrayList<>();
        BareTunnel tunnel;
        SimPort port;
        int begun = 1;

        Peer(SimNetwork network, SimHost host, InetSocketAddress server) {
            this.network = network;
            this.host = host;
            this.server = server;
            tunnel = tunnel();
            port = host.bind(0, tunnel);
            watch();
        }

        private BareTunnel tunnel() {
            return new BareTunnel(
                    server, (packet, at) -> received.add(hex(packet)), network.nanoTime());
        }

        private void watch() {
            port.application(
                    at -> {
                        if (tunnel.hasEnded(at)) {
                            restart();
                        }
                    });
        }

        void restart() {
            port.close();
            tunnel = tunnel();
            port = host.bind(0, tunnel);
            begun++;
            watch();
        }

        void say(String hex) {
            network.after(
                    Duration.ZERO,
                    () -> tunnel.send(ByteBuffer.wrap(HEX.parseHex(hex)), network.nanoTime()));
        }
    }

    @Test
    void twoBehindPortRestrictedNatsMeetAndMeetAgainWhenOneRestarts() {
        SimNetwork.run(
                9,
                network -> {
                    var host = network.internet().addHost("server", "198.51.100.1");
                    host.bind(4000, server.first());
                    host.bind(4001, server.second());
                    var behind = NatType.PORT_RESTRICTED_RANDOM.behavior();
                    var lanA = network.internet().addNat("natA", "203.0.113.1", behind);
                    var lanB = network.internet().addNat("natB", "203.0.113.2", behind);
                    var a = new Peer(network, lanA.addHost("a", "192.168.0.2"), SERVER);
                    network.runFor(Duration.ofMillis(700));
                    var b =
                            new Peer(
                                    network,
                                    lanB.addHost("b", "192.168.0.2"),
                                    address("198.51.100.1", 4001));
                    network.runUntil(
                            () -> a.tunnel.isUp() && b.tunnel.isUp(), Duration.ofSeconds(3));
                    a.say("450001");
                    b.say("450002");
                    network.runFor(Duration.ofMinutes(10));
                    assertEquals(List.of("450001"), b.received);
                    assertEquals(List.of("450002"), a.received);
                    assertEquals(2, a.begun + b.begun);
                    a.restart();
                    network.runUntil(() -> b.begun == 2, Duration.ofSeconds(16));
                    network.runUntil(
                            () -> a.tunnel.isUp() && b.tunnel.isUp(), Duration.ofSeconds(3));
                    lanB.nat().rebind();
                    network.runUntil(() -> a.begun == 3 && b.begun == 3, Duration.ofSeconds(31));
                    network.runUntil(
                            () -> a.tunnel.isUp() && b.tunnel.isUp(), Duration.ofSeconds(3));
                });
    }
}
