package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.PlainTransport;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.time.Duration;

/// Error correction and congestion control between two natts.
class RecoveryTests {
    private static final int PARITY = 0xf2;

    private final SimNet net = new SimNet(8);
    private final SimNet.Node client = net.node(1, 40000, false);
    private final SimNet.Node server = net.node(2, 30000, true);

    private PlainTransport.Stream dialed;
    private PlainTransport.Stream accepted;
    private Bulk bulk;

    private void connect(int roundTripMillis) {
        net.path.delay = Duration.ofMillis(roundTripMillis / 2);
        net.path.rate = 12.5e6;
        dialed = client.endpoint.dial(server.address, net.now);
        net.runUntil(() -> !server.accepted.isEmpty(), Duration.ofSeconds(9));
        accepted = server.onlyAccepted();
        bulk = new Bulk(accepted, dialed, Long.MAX_VALUE, 1);
    }

    /// Sends from the server as fast as it goes and returns the bytes that arrived.
    private long download(int seconds) {
        long before = bulk.received;
        long limit = net.now + seconds * 1_000_000_000L;
        while (limit - net.now > 0) {
            net.step(limit);
            bulk.pump(net.now);
            server.drain();
        }
        return bulk.received - before;
    }

    @Test
    void parityRecoversWhatIsLost() {
        connect(50);
        net.path.loss = 0.05;
        download(5);
        long lost = server.counter("segmentsSent") * 5 / 100;
        assertTrue(client.counter("fecParityReceived") > 0);
        assertTrue(
                client.counter("fecRecovered") > lost / 2, () -> client.endpoint.counters() + "");
    }

    @Test
    void streamsThatShareAnAddressTakeNoParityOfEachOther() {
        connect(50);
        PlainTransport.Stream secondDialed = client.endpoint.dial(server.address, net.now);
        net.runUntil(() -> server.accepted.size() == 2, Duration.ofSeconds(9));
        net.path.loss = 0.05;
        var first = new Bulk(accepted, dialed, 3_000_000, 1);
        var second = new Bulk(server.accepted.get(1), secondDialed, 3_000_000, 2);
        net.runUntil(
                () -> {
                    first.pump(net.now);
                    second.pump(net.now);
                    return first.done() && second.done();
                },
                Duration.ofSeconds(30));
        assertEquals(0, client.counter("fecRecovered"));
    }

    @Test
    void parityStopsOnAPathThatLosesNothing() {
        connect(20);
        for (int i = 0; i < 40; i++) {
            SimNet.write(accepted, "x", net.now);
            net.run(Duration.ofMillis(100));
        }
        assertTrue(client.counter("fecParityReceived") > 0);
        net.recording = true;
        net.run(Duration.ofSeconds(1));
        for (int i = 0; i < 40; i++) {
            SimNet.write(accepted, "x", net.now);
            net.run(Duration.ofMillis(100));
        }
        var seqids = new java.util.TreeSet<Integer>();
        for (byte[] bytes : net.wire) {
            assertTrue(Datagrams.command(bytes) != PARITY);
            seqids.add((bytes[0] & 0xff) % 13);
        }
        assertEquals(
                java.util.List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), java.util.List.copyOf(seqids));
    }

    @Test
    void cleanPathIsFilledWithoutAStandingQueue() {
        connect(20);
        download(5);
        long bytes = download(5);
        assertTrue(bytes * 8 / 5 > 90_000_000, () -> bytes + " bytes in 5 s");
        assertTrue(accepted.roundTripTime().toMillis() <= 30, accepted.roundTripTime()::toString);
        assertEquals(0, server.counter("timeouts"));
    }

    @Test
    void randomLossDoesNotCollapseTheRate() {
        connect(100);
        net.path.loss = 0.05;
        download(5);
        long bytes = download(10);
        assertTrue(bytes * 8 / 10 > 30_000_000, () -> bytes + " bytes in 10 s");
    }

    @Test
    void deepLossDoesNotCollapseTheRate() {
        connect(50);
        net.path.loss = 0.4;
        long bytes = download(60);
        assertTrue(bytes > 10_000_000, () -> bytes + " bytes in 60 s");
    }

    @Test
    void smallQueueIsNotFloodedForLong() {
        net.path.queue = Duration.ofMillis(5);
        connect(50);
        download(5);
        long sent = server.bytesSent;
        long bytes = download(10);
        assertTrue(bytes * 8 / 10 > 60_000_000, () -> bytes + " bytes in 10 s");
        double each = (double) (server.bytesSent - sent) / bytes;
        assertTrue(each < 1.7, () -> each + " bytes sent for each");
    }

    @Test
    void transferGoesOnAfterAPauseOfThePath() {
        connect(50);
        download(3);
        net.path.loss = 1;
        download(10);
        net.path.loss = 0;
        long bytes = download(10);
        assertTrue(bytes > 50_000_000, () -> bytes + " bytes in 10 s");
    }

    @Test
    void thinPathIsNotDrowned() {
        net.path.queue = Duration.ofMillis(500);
        connect(50);
        net.path.rate = 125_000;
        download(10);
        long bytes = download(10);
        assertTrue(bytes * 8 / 10 > 600_000, () -> bytes + " bytes in 10 s");
    }

    @Test
    void streamsOpenThroughDeepLoss() {
        int opened = 0;
        for (int seed = 0; seed < 300; seed++) {
            var world = new SimNet(seed);
            var caller = world.node(1, 40000, false);
            var answerer = world.node(2, 30000, true);
            world.path.delay = Duration.ofMillis(25);
            world.path.loss = 0.4;
            caller.endpoint.dial(answerer.address, world.now);
            world.run(Duration.ofSeconds(10));
            opened += answerer.accepted.size();
        }
        assertTrue(opened >= 297, opened + " of 300");
    }

    @Test
    void interactiveStreamSendsWithoutWaiting() {
        connect(50);
        var into = ByteBuffer.allocate(10);
        for (int i = 0; i < 200; i++) {
            SimNet.write(dialed, "x", net.now);
            long millis =
                    net.runUntil(
                            () -> accepted.read(into.clear(), net.now) == 1, Duration.ofSeconds(1));
            assertEquals(25, millis);
        }
        SimNet.write(dialed, "y".repeat(60_000), net.now);
        var paste = ByteBuffer.allocate(60_000);
        long millis =
                net.runUntil(
                        () -> {
                            accepted.read(paste, net.now);
                            return !paste.hasRemaining();
                        },
                        Duration.ofSeconds(1));
        assertTrue(millis < 100, () -> millis + " ms");
    }
}
