package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.time.Ticker;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What a port hands to its socket at once.
class PortRunTests {
    private static final InetSocketAddress HERE = new InetSocketAddress("127.0.0.1", 1);
    private static final InetSocketAddress THERE = new InetSocketAddress("127.0.0.1", 2);

    private final EchoEngine engine = new EchoEngine(false);
    private final Socket socket = new Socket();
    private Driver driver;
    private Port port;

    @BeforeEach
    void open() throws IOException {
        driver = new Driver(Ticker.system(), "test-runs");
        port = new Port(driver, _ -> socket);
        port.attach(List.of(engine), _ -> Long.MAX_VALUE);
    }

    @AfterEach
    void close() {
        driver.discard();
    }

    private void send(InetSocketAddress to, int... lengths) {
        for (int length : lengths) {
            var data = new byte[length];
            Arrays.fill(data, (byte) socket.marks++);
            engine.send(to, data);
        }
    }

    private List<String> sent() {
        port.serve(0);
        List<String> sent = List.copyOf(socket.sent);
        socket.sent.clear();
        return sent;
    }

    @Test
    void datagramsOfOneLengthLeaveTogether() {
        send(HERE, 100, 100, 100);
        assertEquals(List.of("1: 100 100 100"), sent());
        assertEquals(List.of(), sent());
    }

    @Test
    void aShorterOneIsTheLastAndALongerOneTheNextFirst() {
        send(HERE, 100, 100, 40, 40, 41, 41, 7);
        assertEquals(List.of("1: 100 100 40", "1: 40", "1: 41 41 7"), sent());
    }

    @Test
    void anotherDestinationIsAnotherRun() {
        send(HERE, 100, 100);
        send(THERE, 100);
        send(HERE, 100);
        // An address that is equal is the same.
        send(new InetSocketAddress("127.0.0.1", 1), 100);
        assertEquals(List.of("1: 100 100", "2: 100", "1: 100 100"), sent());
    }

    @Test
    void aRunHas64DatagramsAnd65000BytesAtMost() {
        for (int i = 0; i < 130; i++) {
            send(HERE, 3);
        }
        assertEquals(List.of(64, 64, 2), sent().stream().map(PortRunTests::count).toList());
        for (int i = 0; i < 50; i++) {
            send(HERE, 1472);
        }
        assertEquals(List.of(44, 6), sent().stream().map(PortRunTests::count).toList());
        for (int i = 0; i < 33; i++) {
            send(HERE, 2048);
        }
        assertEquals(List.of(31, 2), sent().stream().map(PortRunTests::count).toList());
    }

    private static int count(String run) {
        return run.split(" ").length - 1;
    }

    @Test
    void anEmptyDatagramGoesAlone() {
        send(HERE, 0, 0, 5, 0, 5);
        assertEquals(List.of("1: 0", "1: 0", "1: 5", "1: 0", "1: 5"), sent());
    }

    @Test
    void whatTheSocketDoesNotTakeIsKeptInOrder() {
        socket.room = 2;
        send(HERE, 100, 100, 100, 40);
        send(THERE, 9, 9);
        assertEquals(List.of("1: 100 100"), sent());
        assertEquals(List.of(), sent());
        socket.room = 3;
        send(HERE, 100);
        assertEquals(List.of("1: 100 40", "2: 9"), sent());
        socket.room = 100;
        assertEquals(List.of("2: 9", "1: 100"), sent());
        assertEquals(7, socket.seen);
    }

    @Test
    void aRunThatWaitsDoesNotGrowBeforeItIsTriedAgain() {
        socket.room = 0;
        send(HERE, 100);
        assertEquals(List.of(), sent());
        send(HERE, 100);
        socket.room = 100;
        assertEquals(List.of("1: 100", "1: 100"), sent());
    }

    @Test
    void whatAnEngineHasIsSentAlthoughAnotherFailsEachTime() {
        var failing =
                new EchoEngine(false) {
                    @Override
                    public @Nullable InetSocketAddress pollTransmit(
                            ByteBuffer into, long nowNanos) {
                        throw new IllegalStateException("as meant");
                    }
                };
        port.attach(List.of(engine, failing), _ -> Long.MAX_VALUE);
        send(HERE, 100, 100);
        assertThrows(IllegalStateException.class, () -> port.serve(0));
        assertEquals(List.of("1: 100 100"), socket.sent);
    }

    /// Takes as many datagrams as there is room for, and checks their marks.
    private static final class Socket implements OwnSocket {
        final List<String> sent = new ArrayList<>();
        int room = 1000;
        int marks;
        int seen;

        @Override
        public boolean send(ByteBuffer datagram, InetSocketAddress remote) {
            throw new AssertionError("runs are sent");
        }

        @Override
        public boolean send(ByteBuffer run, int length, InetSocketAddress remote) {
            var line = new StringBuilder();
            boolean all = true;
            do {
                if (room == 0) {
                    all = false;
                    break;
                }
                room--;
                var datagram = new byte[Math.min(length, run.remaining())];
                run.get(datagram);
                for (byte each : datagram) {
                    assertEquals((byte) seen, each);
                }
                seen++;
                line.append(' ').append(datagram.length);
            } while (run.hasRemaining());
            if (!line.isEmpty()) {
                sent.add(remote.getPort() + ":" + line);
            }
            return all;
        }

        @Override
        public InetSocketAddress local() {
            return HERE;
        }

        @Override
        public boolean isShared() {
            return false;
        }

        @Override
        public void keepWhole() {}

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }
}
