package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

@Timeout(30)
class LoopbackSocketTests {
    private final BlockingQueue<Byte> received = new LinkedBlockingQueue<>();
    private Driven driven;
    private DatagramSocket program;
    private DatagramSocket other;
    private LoopbackSocket socket;

    @BeforeEach
    void open() throws Exception {
        driven = Driven.silent();
        program = new DatagramSocket(new InetSocketAddress(Driven.LOOPBACK, 0));
        other = new DatagramSocket(new InetSocketAddress(Driven.LOOPBACK, 0));
        socket =
                driven.call(
                        () ->
                                new LoopbackSocket(
                                        driven.driver,
                                        program.getLocalPort(),
                                        (datagram, _) -> received.add(datagram.get())));
    }

    @AfterEach
    void close() throws Exception {
        driven.run(socket::close);
        program.close();
        other.close();
        driven.close();
    }

    private void send(DatagramSocket from, int data) throws IOException {
        from.send(new DatagramPacket(new byte[] {(byte) data}, 1, socket.local()));
    }

    private byte[] receive(DatagramSocket at) throws IOException {
        var packet = new DatagramPacket(new byte[100], 100);
        at.receive(packet);
        assertEquals(socket.local(), packet.getSocketAddress());
        return new byte[] {packet.getData()[0]};
    }

    @Test
    void whatTheProgramSendsIsTakenAndNothingElse() throws Exception {
        send(other, 1);
        send(program, 2);
        assertEquals((byte) 2, received.take());
        assertEquals(1, driven.call(socket::strangers));
        assertEquals(0, received.size());
    }

    @Test
    void theProgramGetsWhatIsSentAlsoAfterItsPortChanged() throws Exception {
        driven.run(() -> socket.send(ByteBuffer.wrap(new byte[] {3})));
        assertArrayEquals(new byte[] {3}, receive(program));
        driven.run(() -> socket.expect(other.getLocalPort()));
        driven.run(() -> socket.send(ByteBuffer.wrap(new byte[] {4})));
        assertArrayEquals(new byte[] {4}, receive(other));
        send(program, 5);
        send(other, 6);
        assertEquals((byte) 6, received.take());
        assertEquals(1, driven.call(socket::strangers));
    }

    @Test
    void whatCannotBeSentIsCounted() throws Exception {
        driven.run(() -> socket.send(ByteBuffer.allocate(70_000)));
        assertEquals(1, driven.call(socket::lost));
    }
}
