package natt.tests.node;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.keys.KnownHosts;
import natt.core.node.Client;
import natt.core.node.ClientConfig;
import natt.core.node.Server;
import natt.core.node.ServerConfig;
import natt.core.spi.Settings;
import natt.discovery.stun.StunDiscovery;
import natt.dns.file.FileDnsProvider;
import natt.dns.file.FileNameLookup;
import natt.transport.kcp.KcpTransport;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// A natts and nattcs in this process, on the loopback, with the records in a file.
@Timeout(60)
class SessionNodesTests {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final String NAME = "pc.example.com";

    @TempDir Path directory;

    private final Identity host = Identity.generate(new SecureRandom());
    private final Identity caller = Identity.generate(new SecureRandom());
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    /// A service that says something and then returns what it is told.
    private HostAndPort service(String greeting) throws IOException {
        var listener = new ServerSocket(0, 16, LOOPBACK);
        open.add(listener);
        Thread.ofVirtual()
                .start(
                        () -> {
                            while (!listener.isClosed()) {
                                try {
                                    Socket socket = listener.accept();
                                    Thread.ofVirtual().start(() -> echo(socket, greeting));
                                } catch (IOException closed) {
                                    return;
                                }
                            }
                        });
        return new HostAndPort("127.0.0.1", listener.getLocalPort());
    }

    private static void echo(Socket socket, String greeting) {
        try (socket) {
            socket.getOutputStream().write(greeting.getBytes(StandardCharsets.US_ASCII));
            socket.getInputStream().transferTo(socket.getOutputStream());
        } catch (IOException broken) {
            // The test sees it at the other end.
        }
    }

    private Settings zone() {
        return new Settings(Map.of("path", directory.resolve("zone").toString()), Map.of());
    }

    private Path clients(String... lines) throws IOException {
        return Files.write(directory.resolve("authorized_clients"), List.of(lines));
    }

    private Server serve(
            Map<String, HostAndPort> services, PreSharedKey secret, Optional<Path> clients)
            throws Exception {
        var sessions =
                new ServerConfig.Sessions(
                        new InetSocketAddress(LOOPBACK, 0),
                        host,
                        secret,
                        clients,
                        new KcpTransport(),
                        services,
                        directory,
                        Optional.empty(),
                        Optional.empty());
        Server server =
                Server.start(
                        new ServerConfig(
                                NAME,
                                List.of(),
                                true,
                                new StunDiscovery(),
                                new FileDnsProvider().open(zone()),
                                Duration.ofSeconds(60),
                                Optional.of(sessions),
                                Optional.empty()));
        open.add(server);
        return server;
    }

    private Client client(Optional<NodeKey> ticket, PreSharedKey secret, boolean strict)
            throws IOException {
        var client =
                new Client(
                        new ClientConfig.Sessions(
                                NAME,
                                new FileNameLookup().open(zone()),
                                new KcpTransport(),
                                caller,
                                ticket,
                                Optional.empty(),
                                secret,
                                new KnownHosts(directory.resolve("known_hosts")),
                                strict));
        open.add(client);
        return client;
    }

    private Client client() throws IOException {
        return client(Optional.of(host.publicKey()), PreSharedKey.NONE, false);
    }

    private static void awaitPublished(Server server) throws Exception {
        server.published().get(10, TimeUnit.SECONDS);
    }

    /// What a service answers to a text, and how the connection ended.
    private record Talk(String heard, String ended) {}

    private static Talk talk(Client client, String service, String said) {
        var out = new ByteArrayOutputStream();
        var in = new ByteArrayInputStream(said.getBytes(StandardCharsets.US_ASCII));
        String ended = client.proxy(service, in, out).join();
        return new Talk(out.toString(StandardCharsets.US_ASCII), ended);
    }

    @Test
    void aListedClientReachesEachServiceByItsName() throws Exception {
        var services = Map.of("ssh", service("SSH-2.0-a\r\n"), "web", service("hello "));
        Path list = clients(caller.publicKey() + " me");
        awaitPublished(serve(services, PreSharedKey.NONE, Optional.of(list)));
        Client client = client();
        assertEquals(new Talk("SSH-2.0-a\r\n1", ""), talk(client, "ssh", "1"));
        assertEquals(new Talk("hello 2", ""), talk(client, "web", "2"));
        assertEquals(new Talk("", NAME + " has no service nope"), talk(client, "nope", "3"));
    }

    @Test
    void aLineMayAllowSomeServicesOnly() throws Exception {
        var services = Map.of("ssh", service("SSH-2.0-a\r\n"), "web", service("hello "));
        Path list = clients("target=web " + caller.publicKey());
        awaitPublished(serve(services, PreSharedKey.NONE, Optional.of(list)));
        Client client = client();
        assertEquals(new Talk("hello 1", ""), talk(client, "web", "1"));
        Talk refused = talk(client, "ssh", "2");
        assertEquals(new Talk("", NAME + " does not allow this node the service ssh"), refused);
    }

    @Test
    void anUnknownClientIsToldItsKey() throws Exception {
        var services = Map.of("ssh", service("SSH-2.0-a\r\n"));
        awaitPublished(serve(services, PreSharedKey.NONE, Optional.of(clients("# nobody"))));
        Talk refused = talk(client(), "ssh", "");
        assertEquals("", refused.heard());
        assertTrue(
                refused.ended().contains("does not know this node's key " + caller.publicKey()),
                refused.ended());
    }

    @Test
    void aKeyTakenOffTheListLosesItsSessionWithinASecondOrSo() throws Exception {
        var services = Map.of("ssh", service("SSH-2.0-a\r\n"));
        Path list = clients(caller.publicKey() + " me");
        awaitPublished(serve(services, PreSharedKey.NONE, Optional.of(list)));
        try (var keepsTalking = new PipedOutputStream();
                var heard = new PipedInputStream()) {
            var in = new PipedInputStream(keepsTalking);
            var ended = client().proxy("ssh", in, new PipedOutputStream(heard));
            assertEquals('S', heard.read());
            clients("# nobody");
            String why = ended.get(5, TimeUnit.SECONDS);
            assertTrue(why.contains("has been removed from the peer's list"), why);
        }
    }

    @Test
    void theSecretAdmitsWithoutAList() throws Exception {
        var services = Map.of("ssh", service("any greeting "));
        var bytes = new byte[PreSharedKey.LENGTH];
        bytes[0] = 1;
        PreSharedKey secret = PreSharedKey.of(bytes);
        awaitPublished(serve(services, secret, Optional.empty()));
        Client client = client(Optional.of(host.publicKey()), secret, false);
        assertEquals(new Talk("any greeting 1", ""), talk(client, "ssh", "1"));
    }

    @Test
    void anOpenNodeIsNotStartedBeforeAServiceThatIsNotSsh() throws Exception {
        var services = Map.of("ssh", service("HTTP/1.1 400\r\n"));
        Server server = serve(services, PreSharedKey.NONE, Optional.empty());
        String why = server.failure().get(5, TimeUnit.SECONDS);
        assertTrue(why.contains("does not speak SSH"), why);
        assertFalse(server.published().isDone());
    }

    @Test
    void anOpenNodeAdmitsAnybodyToSsh() throws Exception {
        var services = Map.of("ssh", service("SSH-2.0-a\r\n"));
        awaitPublished(serve(services, PreSharedKey.NONE, Optional.empty()));
        assertEquals(new Talk("SSH-2.0-a\r\n1", ""), talk(client(), "ssh", "1"));
    }

    @Test
    void theKeyInDnsIsRememberedOnFirstContactUnlessThatIsStrict() throws Exception {
        var services = Map.of("ssh", service("SSH-2.0-a\r\n"));
        awaitPublished(serve(services, PreSharedKey.NONE, Optional.empty()));
        Talk refused = talk(client(Optional.empty(), PreSharedKey.NONE, true), "ssh", "");
        assertTrue(refused.ended().contains("--strict"), refused.ended());
        Client trusting = client(Optional.empty(), PreSharedKey.NONE, false);
        assertEquals("", talk(trusting, "ssh", "").ended());
        var known = new KnownHosts(directory.resolve("known_hosts"));
        Instant deadline = Instant.now().plusSeconds(5);
        while (known.find(NAME).isEmpty() && Instant.now().isBefore(deadline)) {
            Thread.onSpinWait();
        }
        assertEquals(host.publicKey(), known.find(NAME).orElseThrow().key());
        Client strict = client(Optional.empty(), PreSharedKey.NONE, true);
        assertEquals("", talk(strict, "ssh", "").ended());
    }

    @Test
    void aStopTakesTheAddressOutOfTheRecordAndTellsTheClients() throws Exception {
        var services = Map.of("ssh", service("SSH-2.0-a\r\n"));
        Server server = serve(services, PreSharedKey.NONE, Optional.empty());
        awaitPublished(server);
        Path zone = directory.resolve("zone");
        assertTrue(Files.readString(zone).contains(" a=127.0.0.1:"));
        try (var keepsTalking = new PipedOutputStream();
                var heard = new PipedInputStream()) {
            var in = new PipedInputStream(keepsTalking);
            var ended = client().proxy("ssh", in, new PipedOutputStream(heard));
            assertEquals('S', heard.read());
            server.close();
            String why = ended.get(5, TimeUnit.SECONDS);
            assertTrue(why.contains("the peer is shutting down"), why);
        }
        assertFalse(Files.readString(zone).contains(" a="));
        assertTrue(Files.readString(zone).contains(host.publicKey().toString()));
    }

    @Test
    void manyConnectionsShareOneSession() throws Exception {
        var services = Map.of("ssh", service("SSH-2.0-a\r\n"));
        Path list = clients(caller.publicKey() + " me");
        Server server = serve(services, PreSharedKey.NONE, Optional.of(list));
        awaitPublished(server);
        int port =
                client().listen("ssh", List.of(new InetSocketAddress(LOOPBACK, 0)))
                        .getFirst()
                        .getPort();
        var sockets = new ArrayList<Socket>();
        for (int i = 0; i < 5; i++) {
            sockets.add(new Socket(LOOPBACK, port));
        }
        byte[] greeting = "SSH-2.0-a\r\n".getBytes(StandardCharsets.US_ASCII);
        for (Socket socket : sockets) {
            InputStream in = socket.getInputStream();
            assertArrayEquals(greeting, in.readNBytes(greeting.length));
        }
        String report = server.report().get(5, TimeUnit.SECONDS).toJson();
        assertTrue(report.contains("\"sessions\":{\"used\":1,\"limit\":64}"), report);
        assertTrue(report.contains("\"streams\":{\"used\":5,\"limit\":128}"), report);
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
