package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import javax.net.ssl.SSLSocket;

@Timeout(60)
class StreamListenerTests extends ConnectionFixture {
    @Test
    void anotherImplementationIsUnderstood() throws Exception {
        try (SSLSocket other = otherClient()) {
            write(other, HELLO);
            assertArrayEquals(HELLO, read(other));
            // Two datagrams in one record, and one in three.
            other.getOutputStream().write(new byte[] {0, 1, 7, 0, 2, 8, 9});
            assertArrayEquals(new byte[] {7}, read(other));
            assertArrayEquals(new byte[] {8, 9}, read(other));
            for (byte each : new byte[] {0, 1, 5}) {
                other.getOutputStream().write(each);
            }
            assertArrayEquals(new byte[] {5}, read(other));
        }
        awaitCount(0);
    }

    @Test
    void whatIsNoClientHelloIsClosed() throws Exception {
        var garbage =
                List.of(
                        "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                        "SSH-2.0-x\r\n".getBytes(StandardCharsets.US_ASCII),
                        new byte[] {0x16, 0x02},
                        new byte[] {0x16, 0x03, 0x01, (byte) 0xff, (byte) 0xff},
                        new byte[] {0});
        for (byte[] bytes : garbage) {
            try (Socket socket = rawConnection()) {
                socket.getOutputStream().write(bytes);
                assertTrue(hasEnded(socket));
            }
        }
        awaitCount(0);
    }

    @Test
    void aRecordOfGarbageEndsInAnAlert() throws Exception {
        try (Socket socket = rawConnection()) {
            socket.getOutputStream().write(new byte[] {0x16, 0x03, 0x01, 0, 5, 9, 0, 0, 1, 7});
            assertEquals(21, socket.getInputStream().read());
            awaitCount(0);
        }
    }

    @Test
    void aStreamThatCarriesNoDatagramsIsClosed() throws Exception {
        for (byte[] frame : new byte[][] {{0, 0}, {8, 1}, {(byte) 0xff, (byte) 0xff}}) {
            try (SSLSocket other = otherClient()) {
                other.getOutputStream().write(frame);
                assertTrue(hasEnded(other));
            }
        }
        awaitCount(0);
        assertEquals(0, server.engine.received.size());
    }

    @Test
    void aHandshakeThatIsNotDoneAfter10SecondsIsDropped() throws Exception {
        try (Socket silent = rawConnection();
                Socket halfway = rawConnection()) {
            halfway.getOutputStream().write(new byte[] {0x16, 0x03, 0x01, 1, 0, 1});
            awaitCount(2);
            passForServer(Duration.ofSeconds(10).minusNanos(1));
            assertEquals(2, count());
            passForServer(Duration.ofNanos(1));
            assertEquals(0, count());
            assertTrue(hasEnded(silent));
            assertTrue(hasEnded(halfway));
        }
    }

    @Test
    void aConnectionThatSaysNothingFor60SecondsIsClosed() throws Exception {
        try (SSLSocket other = otherClient()) {
            write(other, HELLO);
            assertArrayEquals(HELLO, read(other));
            InetSocketAddress route = server.engine.received.take().address();
            passForServer(Duration.ofSeconds(30));
            write(other, HELLO);
            assertArrayEquals(HELLO, read(other));
            passForServer(Duration.ofSeconds(60).minusNanos(1));
            assertEquals(1, count());
            // What is sent to it does not keep it.
            server.send(route, HELLO);
            assertArrayEquals(HELLO, read(other));
            passForServer(Duration.ofMillis(100));
            assertEquals(0, count());
            assertTrue(hasEnded(other));
            assertEquals(Optional.empty(), server.call(() -> server.port.peer(route)));
        }
    }

    @Test
    void ofAThousandConnectionsOnlySoManyAreTakenAsAreAllowed() throws Exception {
        listener = listen(0, new StreamListener.Limits(100, 1000));
        var open = new ArrayList<Socket>();
        try {
            for (int i = 0; i < 1000; i++) {
                Socket socket = rawConnection();
                if (i < 100) {
                    open.add(socket);
                    awaitCount(i + 1);
                } else {
                    assertTrue(hasEnded(socket));
                    socket.close();
                }
            }
            assertEquals(100, count());
            open.removeLast().close();
            awaitCount(99);
            try (SSLSocket other = otherClient()) {
                write(other, HELLO);
                assertArrayEquals(HELLO, read(other));
            }
        } finally {
            for (Socket socket : open) {
                socket.close();
            }
        }
    }

    @Test
    void oneSourceTakesOnlyItsShare() throws Exception {
        listener = listen(0, new StreamListener.Limits(1000, 2));
        try (Socket first = rawConnection();
                Socket second = rawConnection()) {
            awaitCount(2);
            try (Socket third = rawConnection()) {
                assertTrue(hasEnded(third));
            }
            InetAddress elsewhere = InetAddress.ofLiteral("127.0.0.2");
            try (var fourth = new Socket()) {
                fourth.bind(new InetSocketAddress(elsewhere, 0));
                fourth.connect(listener.local());
                awaitCount(3);
            }
            assertTrue(first.isConnected() && second.isConnected());
        }
        awaitCount(0);
        try (Socket again = rawConnection()) {
            awaitCount(1);
            assertTrue(again.isConnected());
        }
    }

    @Test
    void aSlowReaderGetsTheOldestAndHoldsUpNobody() throws Exception {
        int sent = 10_000;
        InetSocketAddress quick = connectLater();
        echo(quick, HELLO);
        try (SSLSocket slow = otherClient()) {
            write(slow, HELLO);
            InetSocketAddress route = routeOfTheSecond();
            for (int i = 0; i < sent; i += 100) {
                int from = i;
                server.run(() -> sendNumbered(route, from, 100));
                assertArrayEquals(HELLO, echo(quick, HELLO));
            }
            assertArrayEquals(HELLO, read(slow));
            int received = 0;
            for (int next; (next = ByteBuffer.wrap(read(slow)).getInt()) >= 0; received++) {
                assertEquals(received, next);
                if (received % 50 == 49) {
                    server.run(() -> sendNumbered(route, -1, 1));
                }
            }
            assertTrue(received >= 256, "received " + received);
            assertTrue(received < sent, "received " + received);
        }
    }

    private InetSocketAddress routeOfTheSecond() throws InterruptedException {
        server.engine.received.take();
        return server.engine.received.take().address();
    }

    private void sendNumbered(InetSocketAddress route, int first, int count) {
        for (int i = 0; i < count; i++) {
            byte[] data = ByteBuffer.allocate(1200).putInt(0, first + i).array();
            server.engine.send(route, data);
        }
    }

    @Test
    void aClosedListenerKeepsItsConnections() throws Exception {
        InetSocketAddress route = connectLater();
        echo(route, HELLO);
        server.run(listener::close);
        // The selector lets the port go in its next turn.
        server.settle();
        assertThrows(IOException.class, this::rawConnection);
        assertArrayEquals(HELLO, echo(route, HELLO));
        assertFalse(server.driver.failure().isDone());
    }
}
