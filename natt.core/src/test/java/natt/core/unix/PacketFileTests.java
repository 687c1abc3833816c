package natt.core.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.io.Driver;
import natt.core.time.Ticker;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;

/// Over a connected UDP socket, of which each read is a datagram.
@Timeout(30)
@EnabledOnOs(OS.LINUX)
class PacketFileTests {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final int MOST = 1_500;

    /// Actions that the file has asked the driver for.
    private final BlockingQueue<Runnable> asked = new LinkedBlockingQueue<>();

    private final List<Integer> received = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private int batches;
    private DatagramSocket peer;
    private Libc libc;
    private PacketFile file;

    private final PacketFile.Receiver receiver =
            new PacketFile.Receiver() {
                @Override
                public void packet(ByteBuffer packet, long nowNanos) {
                    assertEquals(42, nowNanos);
                    received.add(packet.getShort(0) & 0xffff);
                }

                @Override
                public void batchEnded(long nowNanos) {
                    batches++;
                }

                @Override
                public void failed(IOException why) {
                    failures.add(why.getMessage());
                }
            };

    @BeforeEach
    void open() throws IOException {
        libc = Libc.load();
        peer = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0));
        peer.setReceiveBufferSize(4 << 20);
        file = PacketFile.start("packets", connected(), MOST, asked::add, () -> 42, receiver);
    }

    private int connected() throws IOException {
        int socket = libc.socket(Libc.AF_INET, Libc.SOCK_DGRAM, 0);
        libc.setOption(socket, Libc.SOL_SOCKET, Libc.SO_RCVBUF, 4 << 20);
        libc.bind(socket, new InetSocketAddress(LOOPBACK, 0));
        InetSocketAddress local = libc.localAddress(socket);
        libc.connect(socket, new InetSocketAddress(LOOPBACK, peer.getLocalPort()));
        peer.connect(local);
        return socket;
    }

    @AfterEach
    void close() {
        file.close();
        peer.close();
    }

    private void send(int number, int length) throws IOException {
        var bytes = ByteBuffer.allocate(length).putShort(0, (short) number).array();
        peer.send(new DatagramPacket(bytes, length));
    }

    private void runOne() throws InterruptedException {
        asked.take().run();
    }

    @Test
    void packetsArriveInOrderAndWhole() throws Exception {
        for (int i = 0; i < 100; i++) {
            send(i, 2 + i);
        }
        while (received.size() < 100) {
            runOne();
        }
        for (int i = 0; i < 100; i++) {
            assertEquals(i, received.get(i));
        }
        assertEquals(100, file.counters().read());
    }

    @Test
    void aFloodIsTakenInBatchesAndTheDriverIsAskedOnceAtATime() throws Exception {
        for (int i = 0; i < 400; i++) {
            send(i, 1_000);
        }
        // The driver has been asked once, for as much as there is room for.
        Runnable first = asked.take();
        while (!isWaiting()) {
            Thread.onSpinWait();
        }
        assertEquals(0, asked.size());
        first.run();
        assertEquals(64, received.size());
        assertEquals(1, batches);
        assertEquals(1, asked.size());
        while (received.size() < 400) {
            runOne();
        }
        assertEquals(400, file.counters().read());
        assertEquals(399, received.getLast());
    }

    /// A thread in poll(2) sleeps, whatever Java calls its state.
    private boolean isWaiting() {
        try (var tasks = Files.list(Path.of("/proc/self/task"))) {
            for (Path task : tasks.toList()) {
                if (Files.readString(task.resolve("comm")).strip().equals("packets")) {
                    return Files.readString(task.resolve("stat")).contains(") S ");
                }
            }
        } catch (IOException gone) {
            return false;
        }
        return false;
    }

    private static Thread thread() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(each -> each.getName().equals("packets"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aPacketThatIsTooLongIsLostAndCounted() throws Exception {
        send(1, MOST + 1);
        send(2, MOST + 500);
        send(3, MOST);
        runOne();
        assertEquals(List.of(3), received);
        assertEquals(2, file.counters().tooLong());
    }

    @Test
    void aWrittenPacketArrivesAndTheBufferStaysAsItWas() throws Exception {
        ByteBuffer packet = ByteBuffer.wrap(new byte[] {9, 1, 2, 3, 9}, 1, 3);
        assertTrue(file.write(packet));
        assertTrue(file.write(ByteBuffer.allocateDirect(7)));
        assertEquals(3, packet.remaining());
        var first = new DatagramPacket(new byte[2_000], 2_000);
        peer.receive(first);
        assertEquals(3, first.getLength());
        assertEquals(1, first.getData()[0]);
        var second = new DatagramPacket(new byte[2_000], 2_000);
        peer.receive(second);
        assertEquals(7, second.getLength());
        assertEquals(2, file.counters().written());
    }

    @Test
    void aPacketThatIsTooLongOrEmptyIsNotWritten() {
        assertFalse(file.write(ByteBuffer.allocate(MOST + 1)));
        assertFalse(file.write(ByteBuffer.allocate(0)));
        assertEquals(new PacketFile.Counters(0, 0, 0, 0, 2), file.counters());
    }

    @Test
    void anErrorThatPassesEndsNothing() throws Exception {
        int port = peer.getLocalPort();
        InetSocketAddress local = (InetSocketAddress) peer.getRemoteSocketAddress();
        peer.close();
        file.write(ByteBuffer.allocate(3));
        while (file.counters().readErrors() == 0) {
            Thread.onSpinWait();
        }
        peer = new DatagramSocket(new InetSocketAddress(LOOPBACK, port));
        peer.connect(local);
        send(5, 10);
        runOne();
        assertEquals(List.of(5), received);
        assertEquals(List.of(), failures);
    }

    @Test
    void aDescriptorThatCannotBeReadIsGivenUpInOneLine() throws Exception {
        file.close();
        // A directory has no packets.
        int directory = libc.open("/", 0);
        file = PacketFile.start("packets", directory, MOST, asked::add, () -> 42, receiver);
        runOne();
        assertEquals(List.of("read: Is a directory"), failures);
        assertFalse(file.write(ByteBuffer.allocate(10)));
    }

    @Test
    void closingLeavesNoThreadAndNoDescriptor() throws Exception {
        long before = descriptors();
        Thread reading = thread();
        file.close();
        assertFalse(reading.isAlive());
        assertEquals(before - 2, descriptors());
        file.close();
        assertFalse(file.write(ByteBuffer.allocate(10)));
    }

    @Test
    void whatIsStillAskedOfTheDriverAfterTheEndDoesNothing() throws Exception {
        send(1, 10);
        Runnable late = asked.take();
        file.close();
        late.run();
        assertEquals(List.of(), received);
        assertEquals(0, batches);
    }

    @Test
    void aReceiverThatThrowsLosesOnePacket() throws Exception {
        file.close();
        peer.disconnect();
        var seen = new ArrayList<Integer>();
        PacketFile.Receiver faulty =
                (packet, _) -> {
                    seen.add((int) packet.getShort(0));
                    if (seen.size() == 1) {
                        throw new IllegalStateException("on purpose");
                    }
                };
        file = PacketFile.start("packets", connected(), MOST, asked::add, () -> 42, faulty);
        send(1, 10);
        assertThrows(IllegalStateException.class, this::runOne);
        send(2, 10);
        runOne();
        assertEquals(List.of(1, 2), seen);
    }

    @Test
    void aFloodLeavesTheSocketsOfTheDriverTheirTurn() throws Exception {
        file.close();
        peer.disconnect();
        var served = new LinkedBlockingQueue<Integer>();
        var seen = new int[1];
        Pipe pipe = Pipe.open();
        PacketFile.Receiver counting =
                (_, _) -> {
                    seen[0]++;
                    if (seen[0] == 1) {
                        write(pipe.sink());
                    } else if (seen[0] == 256) {
                        served.add(256);
                    }
                };
        try (var driver = new Driver(Ticker.system(), "test-driver").start()) {
            var begin = new CountDownLatch(1);
            driver.execute(
                    () -> {
                        register(driver, pipe.source(), () -> served.add(seen[0]));
                        await(begin);
                    });
            file = PacketFile.start("packets", connected(), MOST, driver, counting);
            for (int i = 0; i < 256; i++) {
                send(i, 1_000);
            }
            // The driver is held back until all are in the ring.
            while (!isWaiting()) {
                Thread.onSpinWait();
            }
            begin.countDown();
            assertEquals(64, served.take());
            assertEquals(256, served.take());
            file.close();
        }
        pipe.sink().close();
    }

    private static void write(Pipe.SinkChannel sink) {
        try {
            sink.write(ByteBuffer.allocate(1));
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    private static void register(Driver driver, Pipe.SourceChannel source, Runnable ready) {
        try {
            driver.register(
                    source,
                    SelectionKey.OP_READ,
                    (_, _) -> {
                        Driver.closeQuietly(source);
                        ready.run();
                    });
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException ended) {
            throw new AssertionError(ended);
        }
    }

    private static long descriptors() throws IOException {
        try (var open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }

    @Test
    void aSocketThatIsNotThereFailsInOneLine() {
        var failed = assertThrows(UnixException.class, () -> libc.setNonblocking(1_000_000));
        assertEquals(Errors.EBADF, failed.errno());
        assertEquals("fcntl: Bad file descriptor", failed.getMessage());
    }
}
