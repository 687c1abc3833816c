package natt.tests.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.Tcp;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/// What works on the original natts by a few forged datagrams, tried on the running natts.
@Requires(Need.IMAGE)
@Timeout(120)
class StrangersTests {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int PUSH = 81;

    /// natts itself looks once at its start whether the target can be reached.
    private static final int PROBES = 1;

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    private Tcp.Service target;
    private InetSocketAddress natts;
    private Path zone;

    @BeforeEach
    void start() throws Exception {
        // As sshd does, it speaks first; then it returns what comes.
        target =
                Tcp.service(
                        socket -> {
                            var out = socket.getOutputStream();
                            out.write("SSH-2.0-target\r\n".getBytes(StandardCharsets.US_ASCII));
                            socket.getInputStream().transferTo(out);
                        });
        var server = Natt.startLocalServer(processes, directory, target.port());
        String[] address = server.udpAddress().split(":");
        natts = new InetSocketAddress(address[0], Integer.parseInt(address[1]));
        zone = server.zone();
    }

    @AfterEach
    void end() {
        target.close();
    }

    @Test
    void datagramWithTheAddressOfALiveClientLeavesItsSessionAlone() throws Exception {
        try (var relay = new Relay(natts)) {
            Path through = Natt.writeZone(directory, "127.0.0.1", relay.port());
            int port = Natt.startLocalClient(processes, through);
            try (Socket session = Tcp.connect(port, LIMIT)) {
                assertServed(session, 100_000);
                for (int conversation = 1; conversation <= 50; conversation++) {
                    relay.inject(push(conversation * 7_919, 0, ""));
                    relay.inject(push(conversation * 7_919, 0, "SSH-2.0-forged\r\n"));
                }
                assertExchange(session, 100_000, 2);
            }
        }
    }

    @Test
    void emptyPushesFromManyAddressesOpenNoConnection() throws Exception {
        for (int i = 0; i < 150; i++) {
            try (var stranger = new DatagramSocket(new InetSocketAddress("127.0.1." + i, 0))) {
                send(stranger, push(i + 1, 0, ""));
            }
        }
        assertStillServes();
        assertEquals(PROBES + 1, target.accepted().size());
    }

    @Test
    void floodFromManyAddressesLeavesRoomForAClient() throws Exception {
        var random = new Random(3);
        for (int i = 0; i < 200; i++) {
            try (var stranger = new DatagramSocket(new InetSocketAddress("127.0.2." + i, 0))) {
                for (int j = 0; j < 100; j++) {
                    send(stranger, push(random.nextInt(), 0, ""));
                }
            }
        }
        assertStillServes();
        assertEquals(PROBES + 1, target.accepted().size());
    }

    @Test
    void addressThatAcknowledgesNothingIsSentThreeTimesItsBytesAtMost() throws Exception {
        try (var stranger = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0))) {
            byte[] banner = push(1, 0, "SSH-2.0-xyz\r\n");
            assertEquals(45, banner.length);
            send(stranger, banner);
            int received = 0;
            var in = new DatagramPacket(new byte[2048], 2048);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
            try {
                while (true) {
                    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                    stranger.setSoTimeout((int) Math.max(1, left));
                    in.setLength(2048);
                    stranger.receive(in);
                    received += in.getLength();
                }
            } catch (SocketTimeoutException _) {
                assertTrue(received <= 3 * banner.length, "bytes drawn: " + received);
            }
        }
    }

    private void assertStillServes() throws Exception {
        int port = Natt.startLocalClient(processes, zone);
        try (Socket session = Tcp.connect(port, LIMIT)) {
            assertServed(session, 10_000);
        }
    }

    private static void assertServed(Socket session, int bytes) throws Exception {
        assertEquals(
                "SSH-2.0-target\r\n",
                new String(session.getInputStream().readNBytes(16), StandardCharsets.US_ASCII));
        assertExchange(session, bytes, 1);
    }

    private static void assertExchange(Socket session, int bytes, int seed) throws Exception {
        Tcp.exchange(session.getInputStream(), session.getOutputStream(), bytes, 1000, seed);
    }

    private void send(DatagramSocket from, byte[] datagram) throws IOException {
        from.send(new DatagramPacket(datagram, datagram.length, natts));
    }

    /// A KCP PUSH, with the header of forward error correction when it carries something, as
    /// the original would send it.
    private static byte[] push(int conversation, int sn, String text) {
        byte[] data = text.getBytes(StandardCharsets.US_ASCII);
        int fec = data.length == 0 ? 0 : 8;
        var out = ByteBuffer.allocate(fec + 24 + data.length).order(ByteOrder.LITTLE_ENDIAN);
        if (fec > 0) {
            out.putInt(0).putShort((short) 0xf1).putShort((short) (2 + 24 + data.length));
        }
        out.putInt(conversation).put((byte) PUSH).put((byte) 0).putShort((short) 32);
        out.putInt(1).putInt(sn).putInt(0).putInt(data.length).put(data);
        return out.array();
    }

    /// Passes datagrams between one client and natts, so that others can be sent to natts from
    /// the address that it knows as the client's.
    private static final class Relay implements AutoCloseable {
        private final DatagramSocket inside = loopback();
        private final DatagramSocket outside = loopback();
        private final InetSocketAddress natts;
        private volatile InetSocketAddress client;

        Relay(InetSocketAddress natts) throws IOException {
            this.natts = natts;
            Thread.ofVirtual().start(() -> pass(inside, outside, true));
            Thread.ofVirtual().start(() -> pass(outside, inside, false));
        }

        int port() {
            return inside.getLocalPort();
        }

        void inject(byte[] datagram) throws IOException {
            outside.send(new DatagramPacket(datagram, datagram.length, natts));
        }

        private void pass(DatagramSocket from, DatagramSocket to, boolean toNatts) {
            var packet = new DatagramPacket(new byte[2048], 2048);
            try {
                while (true) {
                    packet.setLength(2048);
                    from.receive(packet);
                    if (toNatts) {
                        client = (InetSocketAddress) packet.getSocketAddress();
                    }
                    packet.setSocketAddress(toNatts ? natts : client);
                    to.send(packet);
                }
            } catch (IOException _) {
                // Closed.
            }
        }

        private static DatagramSocket loopback() throws IOException {
            return new DatagramSocket(new InetSocketAddress("127.0.0.1", 0));
        }

        @Override
        public void close() {
            inside.close();
            outside.close();
        }
    }
}
