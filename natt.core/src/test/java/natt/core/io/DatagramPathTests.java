package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.Engine;
import natt.core.time.Ticker;
import natt.core.unix.DatagramRuns;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

/// The same with and without runs: what is sent arrives, each datagram as it was.
@Timeout(60)
class DatagramPathTests {
    private static final String CASES =
            """
            false, 127.0.0.1, 127.0.0.1
            true, 127.0.0.1, 127.0.0.1
            false, ::1, ::1
            true, ::1, ::1
            false, ::, 127.0.0.1
            true, ::, 127.0.0.1
            true, ::, ::1
            """;

    private final Driver driver = newDriver();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private End one;
    private End other;

    private static Driver newDriver() {
        try {
            return new Driver(Ticker.system(), "test-paths");
        } catch (java.io.IOException failed) {
            throw new AssertionError(failed);
        }
    }

    /// A socket that is driven, and what has come there.
    private final class End implements OwnSocket.Receiver {
        record Arrival(InetSocketAddress from, byte[] data) {}

        final BlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
        final PortSocket socket;
        final InetSocketAddress address;

        End(String bind, String reached) throws Exception {
            var local = new InetSocketAddress(InetAddress.ofLiteral(bind), 0);
            socket = call(() -> new PortSocket(driver, 0, local, PortSocket.LARGE_BUFFERS, this));
            address =
                    new InetSocketAddress(InetAddress.ofLiteral(reached), socket.local().getPort());
        }

        @Override
        public void received(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            var data = new byte[datagram.remaining()];
            datagram.get(data);
            arrivals.add(new Arrival(from, data));
        }

        boolean send(ByteBuffer run, int length, InetSocketAddress to) throws Exception {
            return call(() -> socket.send(run, length, to));
        }

        void expect(InetSocketAddress from, byte[] data) throws InterruptedException {
            Arrival next = arrivals.take();
            assertEquals(from, next.from);
            assertEquals(data.length, next.data.length);
            assertArrayEquals(data, next.data);
        }
    }

    private <T> T call(Callable<T> action) throws Exception {
        var done = new CompletableFuture<T>();
        driver.execute(
                () -> {
                    try {
                        done.complete(action.call());
                    } catch (Exception | AssertionError failed) {
                        done.completeExceptionally(failed);
                    }
                });
        return done.get();
    }

    private void open(boolean runs, String bind, String reached) throws Exception {
        Assumptions.assumeTrue(
                !runs || DatagramRuns.arePossible(), "needs Linux, for runs of datagrams");
        if (!runs) {
            driver.useNoRuns();
        }
        driver.start();
        one = new End(bind, reached);
        other = new End(bind, reached);
        // By so many datagrams a socket carries data.
        for (int i = 0; i < 100; i++) {
            assertTrue(one.send(ByteBuffer.allocate(1), 1, other.address));
            other.arrivals.take();
            assertTrue(other.send(ByteBuffer.allocate(1), 1, one.address));
            one.arrivals.take();
        }
        while (runs && !call(() -> one.socket.hasRuns() && other.socket.hasRuns())) {
            Thread.onSpinWait();
        }
        assertEquals(runs, call(() -> one.socket.hasRuns()));
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        if (one != null && other != null) {
            call(
                    () -> {
                        one.socket.close();
                        other.socket.close();
                        return true;
                    });
            driver.close();
        } else {
            driver.discard();
        }
    }

    private static byte[] data(int length, int mark) {
        var data = new byte[length];
        for (int i = 0; i < length; i++) {
            data[i] = (byte) (mark + 31 * i);
        }
        return data;
    }

    private void sendRun(End from, End to, int count, int length, int last) throws Exception {
        var run = ByteBuffer.allocate(count * length + last + 5).position(5);
        for (int i = 0; i < count; i++) {
            run.put(data(length, i));
        }
        run.put(data(last, count)).flip().position(5);
        assertTrue(from.send(run, length, to.address));
        assertFalse(run.hasRemaining());
        for (int i = 0; i < count; i++) {
            to.expect(from.address, data(length, i));
        }
        if (last > 0) {
            to.expect(from.address, data(last, count));
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = CASES)
    void aRunArrivesDatagramByDatagram(boolean runs, String bind, String reached) throws Exception {
        open(runs, bind, reached);
        sendRun(one, other, 44, 1472, 0);
        sendRun(one, other, 43, 1472, 300);
        sendRun(one, other, 1, 900, 0);
        sendRun(other, one, 63, 1, 0);
        sendRun(one, other, 30, 2048, 2047);
        sendRun(other, one, 2, 20, 19);
    }

    @ParameterizedTest
    @CsvSource(textBlock = CASES)
    void everyLengthArrives(boolean runs, String bind, String reached) throws Exception {
        open(runs, bind, reached);
        for (int length = 0; length <= 1500; length += 7) {
            assertTrue(one.send(ByteBuffer.wrap(data(length, 1)), length, other.address));
            other.expect(one.address, data(length, 1));
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = CASES)
    void datagramsOfStrangersKeepTheirSources(boolean runs, String bind, String reached)
            throws Exception {
        open(runs, bind, reached);
        var any = new InetSocketAddress(InetAddress.ofLiteral(reached), 0);
        var first = new DatagramSocket(any);
        opened.add(first);
        var second = new DatagramSocket(any);
        opened.add(second);
        for (int i = 0; i < 50; i++) {
            for (DatagramSocket each : List.of(first, first, second)) {
                byte[] data = data(200, each.getLocalPort() + i);
                each.send(new DatagramPacket(data, data.length, other.address));
            }
            assertTrue(one.send(ByteBuffer.wrap(data(200, i)), 200, other.address));
        }
        for (int i = 0; i < 50; i++) {
            for (DatagramSocket each : List.of(first, first, second)) {
                other.expect(
                        new InetSocketAddress(any.getAddress(), each.getLocalPort()),
                        data(200, each.getLocalPort() + i));
            }
            other.expect(one.address, data(200, i));
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = CASES)
    void aRunGoesToProgramsThatKnowNothingOfRuns(boolean runs, String bind, String reached)
            throws Exception {
        open(runs, bind, reached);
        var plain = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral(reached), 0));
        opened.add(plain);
        var run = ByteBuffer.allocate(1050);
        Arrays.fill(run.array(), (byte) 3);
        var to = (InetSocketAddress) plain.getLocalSocketAddress();
        assertTrue(one.send(run, 500, to));
        for (int length : new int[] {500, 500, 50}) {
            var packet = new DatagramPacket(new byte[2000], 2000);
            plain.receive(packet);
            assertEquals(length, packet.getLength());
            assertEquals(one.address.getPort(), packet.getPort());
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = CASES)
    void aRunThatTheKernelDoesNotCutIsSentOneByOne(boolean runs, String bind, String reached)
            throws Exception {
        open(runs, bind, reached);
        // More than it takes at once.
        sendRun(one, other, 200, 1, 0);
        sendRun(one, other, 3, 100, 0);
    }

    @ParameterizedTest
    @CsvSource(textBlock = CASES)
    void whatCannotBeSentIsLostAndTheRestGoesOn(boolean runs, String bind, String reached)
            throws Exception {
        open(runs, bind, reached);
        var nowhere = new InetSocketAddress(InetAddress.ofLiteral(reached), 0);
        var run = ByteBuffer.allocate(30);
        assertTrue(one.send(run, 10, nowhere));
        assertFalse(run.hasRemaining());
        sendRun(one, other, 3, 10, 0);
    }

    @ParameterizedTest
    @CsvSource(textBlock = CASES)
    void aClosedSocketLeavesItsPortToOthers(boolean runs, String bind, String reached)
            throws Exception {
        open(runs, bind, reached);
        InetSocketAddress local = other.socket.local();
        call(
                () -> {
                    other.socket.close();
                    return true;
                });
        // The selector lets go of it in a turn.
        call(() -> Engine.NEVER);
        call(() -> Engine.NEVER);
        try (var again = new DatagramSocket(local)) {
            assertEquals(local.getPort(), again.getLocalPort());
        }
    }
}
