package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.Engine;
import natt.core.time.Ticker;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

@Timeout(30)
class DriverTests {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    private Driver driver;
    private DatagramSocket outside;

    @BeforeEach
    void open() throws IOException {
        driver = new Driver(Ticker.system(), "test-driver").start();
        outside = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0));
    }

    @AfterEach
    void close() {
        outside.close();
        driver.close();
    }

    private Port open(List<? extends Engine> engines) throws Exception {
        var opened = new CompletableFuture<Port>();
        driver.execute(
                () -> {
                    try {
                        Port port = driver.openPort(new InetSocketAddress(LOOPBACK, 0));
                        port.attach(engines, now -> Engine.NEVER);
                        opened.complete(port);
                    } catch (IOException failed) {
                        opened.completeExceptionally(failed);
                    }
                });
        return opened.get();
    }

    private void send(Port port, int... bytes) throws IOException {
        var data = new byte[bytes.length];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) bytes[i];
        }
        outside.send(new DatagramPacket(data, data.length, port.local()));
    }

    private byte[] receive() throws IOException {
        var packet = new DatagramPacket(new byte[2000], 2000);
        outside.receive(packet);
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    @Test
    void aDatagramGoesToTheFirstEngineThatTakesIt() throws Exception {
        var first = new Echo(1);
        var second = new Echo(2);
        Port port = open(List.of(first, second));
        send(port, 2, 42);
        assertEquals(42, receive()[1]);
        send(port, 3, 43);
        send(port, 1, 44);
        assertEquals(44, receive()[1]);
        assertEquals(List.of(1), List.copyOf(first.taken));
        assertEquals(List.of(1), List.copyOf(second.taken));
    }

    @Test
    void anEmptyDatagramIsOfferedAsAnyOther() throws Exception {
        var engine = new Echo(7);
        Port port = open(List.of(engine));
        send(port);
        send(port, 7);
        assertEquals(7, receive()[0]);
    }

    @Test
    void aTimeoutIsServedWithoutAnyInput() throws Exception {
        var engine = new Echo(1);
        engine.greet = (InetSocketAddress) outside.getLocalSocketAddress();
        long due = driver.nanoTime() + 20_000_000;
        engine.greetAtNanos = due;
        open(List.of(engine));
        assertEquals(99, receive()[0]);
        assertTrue(driver.nanoTime() - due >= 0);
    }

    @Test
    void actionsRunInOrderAndScheduledOnesWhenDue() throws Exception {
        var now = new AtomicLong(Long.MAX_VALUE - 10_000_000);
        BlockingQueue<String> ran = new LinkedBlockingQueue<>();
        try (var frozen = new Driver(now::get, "test-frozen").start()) {
            frozen.execute(
                    () -> {
                        frozen.schedule(Duration.ofMillis(30), () -> ran.add("later"));
                        frozen.schedule(Duration.ofMillis(5), () -> ran.add("sooner"));
                        ran.add("now");
                    });
            assertEquals("now", ran.take());
            now.addAndGet(4_999_999);
            frozen.execute(() -> ran.add("too early"));
            assertEquals("too early", ran.take());
            now.addAndGet(25_000_001);
            // The driver sleeps as long as it thought it had to; anything wakes it.
            frozen.execute(() -> {});
            assertEquals("sooner", ran.take());
            assertEquals("later", ran.take());
        }
    }

    @Test
    void aPortInUseIsRefused() throws Exception {
        Port port = open(List.of());
        var failed = new CompletableFuture<IOException>();
        driver.execute(
                () ->
                        failed.complete(
                                assertThrows(
                                        IOException.class, () -> driver.openPort(port.local()))));
        assertEquals("Address already in use", failed.get().getMessage());
    }

    @Test
    void closingAPortSendsWhatItsEnginesStillHave() throws Exception {
        var engine = new Echo(1);
        Port port = open(List.of(engine));
        driver.execute(
                () -> {
                    engine.greet = (InetSocketAddress) outside.getLocalSocketAddress();
                    engine.pending.add(new byte[] {5});
                    port.close();
                });
        assertEquals(5, receive()[0]);
    }

    @Test
    void aFaultOfAnEngineOrAnActionDoesNotStopTheOthers() throws Exception {
        Port faulty = open(List.of(new Faulty()));
        Port sound = open(List.of(new Echo(1)));
        driver.execute(
                () -> {
                    throw new IllegalStateException("for a test");
                });
        driver.execute(
                () ->
                        driver.schedule(
                                Duration.ZERO,
                                () -> {
                                    throw new AssertionError("for a test");
                                }));
        send(faulty, 1);
        send(sound, 1, 46);
        assertEquals(46, receive()[1]);
        send(faulty, 1);
        send(sound, 1, 47);
        assertEquals(47, receive()[1]);
        assertFalse(driver.failure().isDone());
    }

    @Test
    void aThreadThatDiesSaysSo() throws Exception {
        driver.execute(
                () -> {
                    throw new StackOverflowError("for a test");
                });
        assertTrue(driver.failure().get().contains("for a test"));
    }

    @Test
    void aWallClockThatPartsFromTheTickerIsNoticed() throws Exception {
        var now = new AtomicLong();
        var wall = new AtomicLong(1_795_000_000_000L);
        BlockingQueue<String> ran = new LinkedBlockingQueue<>();
        try (var slept = new Driver(now::get, wall::get, "test-clock").start()) {
            slept.execute(() -> slept.onClockJump(() -> ran.add("jump")));
            slept.execute(
                    () -> {
                        now.addAndGet(3_600_000_000_000L);
                        wall.addAndGet(3_600_000 + 5_000);
                    });
            slept.execute(() -> ran.add("together"));
            assertEquals("together", ran.take());
            wall.addAndGet(5_001);
            slept.execute(() -> {});
            assertEquals("jump", ran.take());
            wall.addAndGet(-5_001);
            slept.execute(() -> {});
            assertEquals("jump", ran.take());
        }
    }

    @Test
    void thePortOfTheIpv6WildcardTakesAndSendsIpv4() throws Exception {
        var engine = new Echo(7);
        var any = new InetSocketAddress(InetAddress.ofLiteral("::"), 0);
        var opened = new CompletableFuture<Port>();
        driver.execute(
                () -> {
                    try {
                        Port port = driver.openPort(any);
                        port.attach(List.of(engine), now -> Engine.NEVER);
                        opened.complete(port);
                    } catch (IOException failed) {
                        opened.completeExceptionally(failed);
                    }
                });
        var to = new InetSocketAddress(LOOPBACK, opened.get().local().getPort());
        outside.send(new DatagramPacket(new byte[] {7, 42}, 2, to));
        assertEquals(42, receive()[1]);
    }

    @Test
    void withinOneTurnTheTimeStandsStill() throws Exception {
        var ticks = new AtomicLong();
        var counted = new Driver(ticks::incrementAndGet, "counted").start();
        var seen = new CompletableFuture<Long>();
        counted.execute(() -> seen.complete(counted.nanoTime() - counted.nanoTime()));
        assertEquals(0, seen.get());
        counted.close();
    }

    /// Fails at everything.
    private static final class Faulty implements Engine {
        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            throw new IllegalStateException("for a test");
        }

        @Override
        public void handleTimeout(long nowNanos) {
            throw new IllegalStateException("for a test");
        }

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            throw new AssertionError("for a test");
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return 0;
        }
    }

    /// Sends back what begins with its own first byte.
    private static final class Echo implements Engine {
        private final int mine;
        final BlockingQueue<Integer> taken = new LinkedBlockingQueue<>();
        final ArrayDeque<byte[]> pending = new ArrayDeque<>();
        @Nullable InetSocketAddress greet;
        long greetAtNanos;

        Echo(int mine) {
            this.mine = mine;
        }

        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            if (!datagram.hasRemaining() || datagram.get(datagram.position()) != mine) {
                return false;
            }
            taken.add(1);
            greet = from;
            var copy = new byte[datagram.remaining()];
            datagram.get(copy);
            pending.add(copy);
            return true;
        }

        @Override
        public void handleTimeout(long nowNanos) {
            pending.add(new byte[] {99});
            greetAtNanos = 0;
        }

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            byte[] next = pending.poll();
            if (next == null) {
                return null;
            }
            into.put(next);
            return greet;
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return greetAtNanos == 0 ? NEVER : greetAtNanos - nowNanos;
        }
    }
}
