package natt.tests.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.keys.KnownHosts;
import natt.core.node.BrokerSettings;
import natt.core.node.ClientConfig;
import natt.core.node.PacketNode;
import natt.core.node.PacketNodeConfig;
import natt.core.node.PacketPeer;
import natt.core.node.Peer;
import natt.core.node.Server;
import natt.core.node.ServerConfig;
import natt.core.rendezvous.BrokerAddress;
import natt.core.session.Mode;
import natt.core.session.SessionEvent;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.Settings;
import natt.discovery.stun.StunDiscovery;
import natt.dns.file.FileDnsProvider;
import natt.dns.file.FileNameLookup;
import natt.rendezvous.Broker;
import natt.rendezvous.BrokerConfig;
import natt.rendezvous.proto.Limits;
import natt.transport.kcp.KcpTransport;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// Nodes of packets, a broker and a natts in this process, on the loopback.
@Timeout(90)
class PacketNodesTests {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final InetSocketAddress ANY = new InetSocketAddress(LOOPBACK, 0);
    private static final String NAME = "pc.example.com";

    @TempDir Path directory;

    private final SecureRandom random = new SecureRandom();
    private final Identity broker = Identity.generate(random);
    private final Identity alice = Identity.generate(random);
    private final Identity bob = Identity.generate(random);
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    /// What was heard of whom: packets as text, and the reasons why sessions ended.
    private static final class Heard implements PacketNode.Traffic {
        private final BlockingQueue<String> packets = new LinkedBlockingQueue<>();
        private final BlockingQueue<CloseReason> ends = new LinkedBlockingQueue<>();
        private final BlockingQueue<String> members = new LinkedBlockingQueue<>();

        @Override
        public void received(PacketPeer from, ByteBuffer packet, long nowNanos) {
            packets.add(from + ": " + StandardCharsets.UTF_8.decode(packet));
        }

        @Override
        public void joined(PacketPeer peer) {
            members.add("+" + peer.prefixes());
        }

        @Override
        public void left(PacketPeer peer) {
            members.add("-" + peer.prefixes());
        }

        @Override
        public void changed(PacketPeer peer, SessionEvent event) {
            if (event instanceof SessionEvent.Closed(var reason)) {
                ends.add(reason);
            }
        }

        String packet() throws InterruptedException {
            String next = packets.poll(20, TimeUnit.SECONDS);
            assertNotNull(next);
            return next;
        }

        CloseReason end() throws InterruptedException {
            CloseReason next = ends.poll(20, TimeUnit.SECONDS);
            assertNotNull(next);
            return next;
        }

        String member() throws InterruptedException {
            String next = members.poll(20, TimeUnit.SECONDS);
            assertNotNull(next);
            return next;
        }
    }

    private Broker broker() throws IOException {
        Broker started =
                Broker.start(
                        new BrokerConfig(
                                List.of(ANY),
                                Optional.empty(),
                                broker,
                                PreSharedKey.NONE,
                                Optional.empty(),
                                Limits.usual(),
                                directory,
                                new StunDiscovery()));
        open.add(started);
        return started;
    }

    private BrokerSettings settings(
            Optional<Broker> at,
            List<String> names,
            String file,
            Optional<AddressDiscovery> discovery) {
        List<BrokerAddress> addresses =
                at.stream()
                        .map(
                                each ->
                                        BrokerAddress.parse(
                                                "%s@%s"
                                                        .formatted(
                                                                broker.publicKey(),
                                                                HostAndPort.format(each.local()))))
                        .toList();
        return new BrokerSettings(
                addresses,
                names,
                PreSharedKey.NONE,
                OptionalInt.empty(),
                new KnownHosts(directory.resolve(file)),
                false,
                discovery);
    }

    private PacketNode node(Identity identity, Optional<BrokerSettings> settings, Heard heard)
            throws IOException {
        var node =
                PacketNode.start(
                        new PacketNodeConfig(
                                identity, false, Mode.IP, ANY, PreSharedKey.NONE, settings),
                        heard);
        open.add(node);
        return node;
    }

    private PacketNode node(Identity identity, Broker at, String name, Heard heard)
            throws IOException {
        return node(identity, at, name, heard, Optional.of(new StunDiscovery()));
    }

    private PacketNode node(
            Identity identity,
            Broker at,
            String name,
            Heard heard,
            Optional<AddressDiscovery> discovery)
            throws IOException {
        BrokerSettings settings = settings(Optional.of(at), List.of(name), name, discovery);
        return node(identity, Optional.of(settings), heard);
    }

    private static Peer key(Identity of) {
        return Peer.parse(of.publicKey().toString());
    }

    /// Sends a packet as soon as there is a path, again and again until another is told.
    /// What is sent while the broker still carries to a peer's former life is lost.
    private static void sendUntilHeard(PacketNode node, PacketPeer to, String text, Heard by)
            throws InterruptedException {
        for (int i = 0; i < 100 && by.packets.isEmpty(); i++) {
            send(node, to, text);
            Thread.sleep(100);
        }
    }

    private static void send(PacketNode node, PacketPeer to, String text) {
        node.driver()
                .execute(
                        () -> {
                            ByteBuffer packet =
                                    ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                            if (!to.send(packet, node.driver().nanoTime())) {
                                node.driver()
                                        .schedule(
                                                Duration.ofMillis(20), () -> send(node, to, text));
                            }
                        });
    }

    @Test
    void peersByNameAndByKeyExchangePackets() throws Exception {
        Broker at = broker();
        var atAlice = new Heard();
        var atBob = new Heard();
        PacketNode a = node(alice, at, "alice", atAlice);
        PacketNode b = node(bob, at, "bob", atBob);
        PacketPeer toBob = a.peer(Peer.parse("bob"));
        PacketPeer toAlice = b.peer(key(alice));
        send(a, toBob, "hello");
        assertEquals(alice.publicKey() + ": hello", atBob.packet());
        send(b, toAlice, "and back");
        assertEquals("bob: and back", atAlice.packet());
        String report = a.report().get().toJson();
        assertTrue(report.contains("\"state\":\"up\""), report);
        Path known = directory.resolve("alice");
        while (!Files.exists(known) || !Files.readString(known).contains("bob")) {
            Thread.onSpinWait();
        }
    }

    @Test
    void aReportSaysWhyPacketsAreRelayed() throws Exception {
        Broker at = broker();
        var atBob = new Heard();
        PacketNode a = node(alice, at, "alice", new Heard(), Optional.empty());
        PacketNode b = node(bob, at, "bob", atBob, Optional.empty());
        PacketPeer toBob = a.peer(key(bob));
        b.peer(key(alice));
        send(a, toBob, "hello");
        assertEquals(alice.publicKey() + ": hello", atBob.packet());
        String report = a.report().get().toJson();
        assertTrue(report.contains("\"whyRelayed\":\"there are no own addresses yet\""), report);
    }

    @Test
    void whoIsNoPeerIsRefused() throws Exception {
        Broker at = broker();
        var atEve = new Heard();
        PacketNode a = node(alice, at, "alice", new Heard());
        PacketNode eve = node(bob, at, "eve", atEve);
        eve.peer(key(alice));
        assertEquals(new CloseReason.SessionClosed(CloseCode.UNKNOWN_KEY), atEve.end());
        a.peer(Peer.parse("nobody"));
        String report = a.report().get().toJson();
        assertFalse(report.contains(bob.publicKey().toString()), report);
    }

    @Test
    void aPeerThatIsRestartedIsBack() throws Exception {
        Broker at = broker();
        var atAlice = new Heard();
        PacketNode a = node(alice, at, "alice", atAlice);
        PacketPeer toBob = a.peer(key(bob));
        var first = new Heard();
        PacketNode b = node(bob, at, "bob", first);
        b.peer(key(alice));
        send(a, toBob, "one");
        first.packet();
        // Without a word, as far as this can be done here.
        b.driver().close();
        var second = new Heard();
        PacketNode again = node(bob, at, "bob", second);
        PacketPeer toAlice = again.peer(key(alice));
        send(again, toAlice, "two");
        assertEquals(bob.publicKey() + ": two", atAlice.packet());
        sendUntilHeard(a, toBob, "three", second);
        assertEquals(alice.publicKey() + ": three", second.packet());
    }

    @Test
    void aPeerThatIsRemovedIsNoPeerAnyMore() throws Exception {
        Broker at = broker();
        var atAlice = new Heard();
        var atBob = new Heard();
        PacketNode a = node(alice, at, "alice", atAlice);
        PacketNode b = node(bob, at, "bob", atBob);
        PacketPeer toBob = a.peer(key(bob));
        b.peer(key(alice));
        send(a, toBob, "one");
        atBob.packet();
        a.remove(toBob);
        assertEquals("+[]", atAlice.member());
        assertEquals("-[]", atAlice.member());
        CloseReason why = atBob.end();
        while (why.equals(new CloseReason.Local())) {
            // One of two sessions had given way.
            why = atBob.end();
        }
        assertTrue(why instanceof CloseReason.SessionClosed, why::describe);
        PacketPeer again = a.peer(key(bob));
        send(a, again, "two");
        assertEquals(alice.publicKey() + ": two", atBob.packet());
    }

    @Test
    void peersNeedABroker() throws Exception {
        PacketNode node = node(alice, Optional.empty(), new Heard());
        assertThrows(IllegalStateException.class, () -> node.peer(Peer.parse("bob")));
    }

    // ---- natts

    private Settings zone() {
        return new Settings(Map.of("path", directory.resolve("zone").toString()), Map.of());
    }

    private Path clients(String... lines) throws IOException {
        return Files.write(directory.resolve("authorized_clients"), List.of(lines));
    }

    private void serve(Identity host, Path clients, Heard heard) throws Exception {
        var sessions =
                new ServerConfig.Sessions(
                        ANY,
                        host,
                        PreSharedKey.NONE,
                        Optional.of(clients),
                        new KcpTransport(),
                        Map.of(),
                        directory,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of((driver, local) -> heard));
        open.add(
                Server.start(
                        new ServerConfig(
                                NAME,
                                List.of(),
                                true,
                                new StunDiscovery(),
                                new FileDnsProvider().open(zone()),
                                Duration.ofSeconds(60),
                                Optional.of(sessions),
                                Optional.empty())));
    }

    @Test
    void clientsJoinInTheOrderOfTheList() throws Exception {
        var lines = new ArrayList<String>();
        var expected = new ArrayList<String>();
        for (int i = 2; i < 12; i++) {
            lines.add(
                    "tun=\"10.0.0.%d/32\" %s".formatted(i, Identity.generate(random).publicKey()));
            expected.add("+[10.0.0.%d/32]".formatted(i));
        }
        var heard = new Heard();
        serve(alice, clients(lines.toArray(String[]::new)), heard);
        for (String each : expected) {
            assertEquals(each, heard.member());
        }
    }

    private ClientConfig.Sessions host() {
        return new ClientConfig.Sessions(
                NAME,
                new FileNameLookup().open(zone()),
                new KcpTransport(),
                bob,
                Optional.empty(),
                Optional.empty(),
                PreSharedKey.NONE,
                new KnownHosts(directory.resolve("known_hosts")),
                false);
    }

    @Test
    void aServerTakesPacketsOfClientsWithInnerAddressesUntilTheyAreTakenOffTheList()
            throws Exception {
        var atServer = new Heard();
        serve(alice, clients("tun=\"10.0.0.2/32\" " + bob.publicKey()), atServer);
        assertEquals("+[10.0.0.2/32]", atServer.member());
        var atBob = new Heard();
        PacketNode client = node(bob, Optional.empty(), atBob);
        PacketPeer server = client.host(host());
        send(client, server, "hello");
        assertEquals(bob.publicKey() + ": hello", atServer.packet());
        clients("tun=\"10.0.0.3/32\" " + bob.publicKey());
        assertEquals("-[10.0.0.2/32]", atServer.member());
        assertEquals("+[10.0.0.3/32]", atServer.member());
        clients("" + bob.publicKey());
        assertEquals("-[10.0.0.3/32]", atServer.member());
        assertEquals(new CloseReason.SessionClosed(CloseCode.REMOVED_KEY), atBob.end());
        assertEquals(new CloseReason.SessionClosed(CloseCode.NO_PACKETS), atBob.end());
    }

    @Test
    void aServerOfAnybodyTakesNoPackets() {
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new ServerConfig.Sessions(
                                ANY,
                                alice,
                                PreSharedKey.NONE,
                                Optional.empty(),
                                new KcpTransport(),
                                Map.of(),
                                directory,
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.of((driver, local) -> new Heard())));
    }
}
