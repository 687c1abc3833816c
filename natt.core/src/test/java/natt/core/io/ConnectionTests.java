package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.HostAndPort;
import natt.core.Route;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;

@Timeout(60)
class ConnectionTests extends ConnectionFixture {
    @Test
    void datagramsOfEveryLengthComeBackWhole() throws Exception {
        InetSocketAddress route = connectLater();
        assertTrue(Route.connection(route).isPresent());
        for (int length = 1; length <= 1500; length++) {
            var data = new byte[length];
            Arrays.fill(data, (byte) length);
            assertArrayEquals(data, echo(route, data));
        }
        assertEquals(1500, server.engine.received.size());
        assertEquals(1, count());
    }

    @Test
    void nothingIsConnectedBeforeSomethingIsSent() throws Exception {
        InetSocketAddress route = connectLater();
        assertEquals(Optional.empty(), client.call(() -> client.port.peer(route)));
        assertEquals(0, count());
        echo(route, HELLO);
        assertEquals(Optional.of(listener.local()), client.call(() -> client.port.peer(route)));
        InetSocketAddress theirs = server.engine.received.take().address();
        assertEquals(
                Driven.LOOPBACK,
                server.call(() -> server.port.peer(theirs).orElseThrow().getAddress()));
    }

    @Test
    void aBurstSentBeforeTheConnectionIsThereArrivesInOrder() throws Exception {
        InetSocketAddress route = connectLater();
        client.run(
                () -> {
                    for (int i = 0; i < 300; i++) {
                        client.engine.send(route, (byte) (i >> 8), (byte) i);
                    }
                });
        for (int i = 0; i < 256; i++) {
            byte[] data = client.engine.received.take().data();
            assertEquals(i, Short.toUnsignedInt(ByteBuffer.wrap(data).getShort()));
        }
        assertArrayEquals(HELLO, echo(route, HELLO));
    }

    @Test
    void aNameIsLookedUp() throws Exception {
        HostAndPort byName = new HostAndPort("localhost", listener.local().getPort());
        InetSocketAddress route = client.call(() -> client.port.connectLater(byName));
        assertArrayEquals(HELLO, echo(route, HELLO));
    }

    @Test
    void severalConnectionsHaveRoutesOfTheirOwn() throws Exception {
        InetSocketAddress first = connectLater();
        InetSocketAddress second = connectLater();
        assertNotEquals(first, second);
        assertArrayEquals(new byte[] {1}, echo(first, (byte) 1));
        assertArrayEquals(new byte[] {2}, echo(second, (byte) 2));
        assertArrayEquals(new byte[] {3}, echo(first, (byte) 3));
        InetSocketAddress a = server.engine.received.take().address();
        InetSocketAddress b = server.engine.received.take().address();
        assertNotEquals(a, b);
        assertEquals(a, server.engine.received.take().address());
        assertEquals(2, count());
    }

    @Test
    void aDisconnectedRouteIsForgottenOnBothSides() throws Exception {
        InetSocketAddress route = connectLater();
        echo(route, HELLO);
        client.run(() -> client.port.disconnect(route));
        client.send(route, HELLO);
        awaitCount(0);
        InetSocketAddress again = connectLater();
        assertNotEquals(route, again);
        assertArrayEquals(HELLO, echo(again, HELLO));
        assertEquals(2, server.engine.received.size());
    }

    @Test
    void aServerThatComesBackIsConnectedToAgainAfterASecond() throws Exception {
        InetSocketAddress route = connectLater();
        echo(route, HELLO);
        int port = listener.local().getPort();
        server.close();
        awaitNoPeer(route);
        server = Driven.echoing();
        listener = listen(port, StreamListener.Limits.DEFAULT);
        passForClient(Duration.ofNanos(999_999_999));
        client.send(route, (byte) 1);
        passForClient(Duration.ofNanos(1));
        assertArrayEquals(new byte[] {2}, echo(route, (byte) 2));
        assertEquals(1, server.engine.received.size());
    }

    @Test
    void pausesDoubleUpTo30SecondsWhileNobodyAnswers() throws Exception {
        try (var refusing = new ServerSocket(0, 10, Driven.LOOPBACK)) {
            var remote = new HostAndPort("127.0.0.1", refusing.getLocalPort());
            InetSocketAddress route = client.call(() -> client.port.connectLater(remote));
            client.send(route, HELLO);
            refusing.accept().close();
            awaitNoPeer(route);
            for (int seconds : new int[] {1, 2, 4, 8, 16, 30, 30}) {
                passForClient(Duration.ofSeconds(seconds).minusNanos(1));
                client.send(route, HELLO);
                assertEquals(Optional.empty(), client.call(() -> client.port.peer(route)));
                passForClient(Duration.ofNanos(1));
                client.send(route, HELLO);
                refusing.accept().close();
                awaitNoPeer(route);
            }
        }
    }

    @Test
    void aConnectionThatNobodyUsesEndsAfterTwoMinutesAndIsMadeAgainAtOnce() throws Exception {
        InetSocketAddress route = connectLater();
        echo(route, HELLO);
        passForClient(Duration.ofSeconds(60));
        echo(route, HELLO);
        passForClient(Duration.ofSeconds(120).minusNanos(1));
        assertTrue(client.call(() -> client.port.peer(route)).isPresent());
        passForClient(Duration.ofMillis(100));
        assertEquals(Optional.empty(), client.call(() -> client.port.peer(route)));
        awaitCount(0);
        assertArrayEquals(HELLO, echo(route, HELLO));
    }

    @Test
    void aConnectionThatAnswersNothingFor30SecondsIsGivenUp() throws Exception {
        try (var mute = Driven.silent()) {
            var bind = new InetSocketAddress(Driven.LOOPBACK, 0);
            StreamListener there =
                    mute.call(
                            () ->
                                    mute.port.listen(
                                            bind,
                                            Loopback.IDENTITY,
                                            StreamListener.Limits.DEFAULT));
            var remote = new HostAndPort("127.0.0.1", there.local().getPort());
            InetSocketAddress route = client.call(() -> client.port.connectLater(remote));
            client.send(route, HELLO);
            mute.engine.received.take();
            passForClient(Duration.ofSeconds(29));
            client.send(route, HELLO);
            mute.engine.received.take();
            assertTrue(client.call(() -> client.port.peer(route)).isPresent());
            passForClient(Duration.ofSeconds(1));
            assertEquals(Optional.empty(), client.call(() -> client.port.peer(route)));
        }
    }

    @Test
    void closingThePortSendsWhatWaitsAndEndsItsConnections() throws Exception {
        InetSocketAddress route = connectLater();
        echo(route, HELLO);
        server.engine.received.clear();
        client.run(
                () -> {
                    client.engine.send(route, (byte) 9);
                    client.port.close();
                });
        assertArrayEquals(new byte[] {9}, server.engine.received.take().data());
        awaitCount(0);
    }

    @Test
    void noThreadIsLeftBehind() throws Exception {
        InetSocketAddress route = connectLater();
        echo(route, HELLO);
        List<Thread> drivers =
                Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().startsWith("test-driven"))
                        .toList();
        assertTrue(drivers.size() >= 2);
        client.close();
        server.close();
        for (Thread each : drivers) {
            each.join();
        }
        List<String> left =
                Thread.getAllStackTraces().keySet().stream()
                        .map(Thread::getName)
                        .filter(name -> name.startsWith("natt-") || name.startsWith("test-"))
                        .toList();
        assertEquals(List.of(), left);
    }

    @Test
    void aClientSaysWhatABrowserSays() throws Exception {
        Loopback.Pair pair = Loopback.handshake(Loopback.IDENTITY);
        assertEquals("http/1.1", pair.client().getApplicationProtocol());
        assertEquals("TLSv1.3", pair.client().getSession().getProtocol());
        var session = (ExtendedSSLSession) pair.server().getSession();
        assertEquals(List.of(new SNIHostName("broker.example")), session.getRequestedServerNames());
    }
}
