package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Route;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;

@Timeout(30)
class PortSocketsTests {
    private Driven driven;
    private DatagramSocket outside;
    private InetSocketAddress outsideAddress;

    @BeforeEach
    void open() throws Exception {
        driven = Driven.echoing();
        outside = new DatagramSocket(new InetSocketAddress(Driven.LOOPBACK, 0));
        outsideAddress = (InetSocketAddress) outside.getLocalSocketAddress();
    }

    @AfterEach
    void close() throws IOException {
        outside.close();
        driven.close();
    }

    private List<Integer> addSockets(int count) throws Exception {
        return driven.call(() -> driven.port.addSockets(count));
    }

    private InetSocketAddress local(int socket) throws Exception {
        int port = driven.call(() -> driven.port.local(socket).orElseThrow().getPort());
        return new InetSocketAddress(Driven.LOOPBACK, port);
    }

    private void sendFromOutside(InetSocketAddress to, int data) throws IOException {
        outside.send(new DatagramPacket(new byte[] {(byte) data}, 1, to));
    }

    private DatagramPacket receiveOutside() throws IOException {
        var packet = new DatagramPacket(new byte[2000], 2000);
        outside.receive(packet);
        return packet;
    }

    @Test
    void aDatagramOnAnotherSocketIsARouteAndItsAnswerLeavesThere() throws Exception {
        int fixed =
                driven.call(() -> driven.port.addSocket(new InetSocketAddress(Driven.LOOPBACK, 0)));
        int free = addSockets(1).getFirst();
        for (int socket : new int[] {fixed, free, fixed}) {
            sendFromOutside(local(socket), socket + 40);
            EchoEngine.Datagram seen = driven.engine.received.take();
            assertEquals(Route.through(socket, outsideAddress), seen.address());
            DatagramPacket answer = receiveOutside();
            assertEquals(socket + 40, answer.getData()[0]);
            assertEquals(local(socket), answer.getSocketAddress());
        }
        sendFromOutside(driven.port.local(), 39);
        assertEquals(outsideAddress, driven.engine.received.take().address());
        assertEquals(driven.port.local(), receiveOutside().getSocketAddress());
    }

    @Test
    void manySocketsAreReachedEachByItsNumberOnly() throws Exception {
        List<Integer> sockets = addSockets(400);
        assertEquals(IntStream.rangeClosed(1, 400).boxed().toList(), sockets);
        var sources = new HashSet<Integer>();
        for (int socket : sockets) {
            driven.send(Route.through(socket, outsideAddress), (byte) 1, (byte) socket);
            DatagramPacket packet = receiveOutside();
            assertEquals((byte) socket, packet.getData()[1]);
            assertEquals(local(socket), packet.getSocketAddress());
            sources.add(packet.getPort());
        }
        assertEquals(400, sources.size());
    }

    @Test
    void atMost512SocketsAreOpenAtOnceForSearches() throws Exception {
        assertEquals(500, addSockets(500).size());
        assertEquals(12, addSockets(500).size());
        assertEquals(List.of(), addSockets(1));
        driven.run(() -> driven.port.closeSocket(7));
        assertEquals(List.of(513), addSockets(2));
        int fixed =
                driven.call(() -> driven.port.addSocket(new InetSocketAddress(Driven.LOOPBACK, 0)));
        assertEquals(514, fixed);
    }

    @Test
    void whatGoesToAClosedSocketIsDroppedAndTheRestGoesOn() throws Exception {
        List<Integer> sockets = addSockets(2);
        InetSocketAddress first = Route.through(sockets.get(0), outsideAddress);
        driven.send(first, (byte) 1);
        assertEquals(1, receiveOutside().getData()[0]);
        driven.run(() -> driven.port.closeSocket(sockets.get(0)));
        driven.send(first, (byte) 2);
        driven.send(Route.through(4711, outsideAddress), (byte) 3);
        driven.send(Route.relayed(1), (byte) 4);
        driven.send(Route.connected(1), (byte) 5);
        driven.send(Route.through(sockets.get(1), outsideAddress), (byte) 6);
        assertEquals(6, receiveOutside().getData()[0]);
        assertEquals(Optional.empty(), driven.call(() -> driven.port.local(sockets.get(0))));
        assertNotEquals(sockets.get(0), addSockets(1).getFirst());
    }

    @Test
    void closingThePortClosesItsSockets() throws Exception {
        int socket = addSockets(1).getFirst();
        InetSocketAddress local = local(socket);
        driven.send(Route.through(socket, outsideAddress), (byte) 1);
        driven.run(
                () -> {
                    driven.engine.send(Route.through(socket, outsideAddress), (byte) 9);
                    driven.port.close();
                });
        assertEquals(1, receiveOutside().getData()[0]);
        assertEquals(9, receiveOutside().getData()[0]);
        // The selector holds a socket until its next turn, or its own end.
        driven.close();
        try (var again = new DatagramSocket(local)) {
            assertTrue(again.isBound());
        }
    }

    @Test
    void anAddressOfNoIpv4SocketIsRefused() throws Exception {
        var six = new InetSocketAddress(InetAddress.ofLiteral("::1"), 0);
        var refused =
                assertThrows(
                        ExecutionException.class,
                        () -> driven.call(() -> driven.port.addSocket(six)));
        assertInstanceOf(IllegalArgumentException.class, refused.getCause());
        InetSocketAddress taken = driven.port.local();
        var inUse =
                assertThrows(
                        ExecutionException.class,
                        () -> driven.call(() -> driven.port.addSocket(taken)));
        assertInstanceOf(IOException.class, inUse.getCause());
    }

    @Test
    void aSearchSocketCarriesDatagramsOfEveryLengthOnceItIsThePath() throws Exception {
        int socket = addSockets(1).getFirst();
        InetSocketAddress to = local(socket);
        for (int length = 0; length <= 1500; length++) {
            var data = new byte[length];
            Arrays.fill(data, (byte) length);
            outside.send(new DatagramPacket(data, length, to));
            assertArrayEquals(data, driven.engine.received.take().data());
            DatagramPacket answer = receiveOutside();
            assertArrayEquals(data, Arrays.copyOf(answer.getData(), answer.getLength()));
        }
        assertFalse(driven.driver.failure().isDone());
    }
}
