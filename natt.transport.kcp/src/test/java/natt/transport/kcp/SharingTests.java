package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.Transport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// How the streams of a session share one path of 100 Mbit/s and a queue of 50 ms: bulk with bulk,
/// and keystrokes with bulk. Virtual time.
class SharingTests {
    private static final long MILLI = 1_000_000;
    private static final ByteBuffer BYTES = ByteBuffer.allocate(16_384);

    /// A stream that always has more to send.
    private final class Flood {
        private final Transport.Stream from;
        private final Transport.Stream to;
        private long received;

        private Flood(SessionNet.Side sender) {
            from = sender.mux.dial("flood", net.now);
            to = net.connect(sender, from);
        }

        private void pump() {
            while (from.write(BYTES.clear(), net.now) > 0) {}
            for (int n; (n = to.read(BYTES.clear(), net.now)) > 0; ) {
                received += n;
            }
        }
    }

    /// Single bytes that come back, each some time after the one before.
    private final class Typing {
        private final Transport.Stream here;
        private final Transport.Stream there;
        private final long pause;
        private final List<Long> nanos = new ArrayList<>();
        private final ByteBuffer one = ByteBuffer.allocate(1);
        private long nextAt = net.now;
        private long typedAt;
        private boolean waiting;

        private Typing(SessionNet.Side typist, long pauseMillis) {
            here = typist.mux.dial("echo", net.now);
            there = net.connect(typist, here);
            pause = pauseMillis * MILLI;
        }

        private void pump() {
            while (there.read(one.clear(), net.now) > 0) {
                there.write(one.flip(), net.now);
            }
            if (here.read(one.clear(), net.now) > 0) {
                nanos.add(net.now - typedAt);
                waiting = false;
                nextAt = typedAt + pause - net.now > 0 ? typedAt + pause : net.now;
            }
            if (!waiting && net.now - nextAt >= 0) {
                here.write(one.clear(), net.now);
                typedAt = net.now;
                waiting = true;
            }
        }

        /// In milliseconds, what a part of the bytes took at most.
        private double millis(double part) {
            List<Long> sorted = nanos.stream().sorted().toList();
            return sorted.get((int) Math.ceil(part * sorted.size()) - 1) / 1e6;
        }
    }

    private final SessionNet net = new SessionNet(1);
    private final List<Flood> floods = new ArrayList<>();
    private final List<Typing> typing = new ArrayList<>();

    private void path(int roundTripMillis, double loss) {
        net.path.delay = Duration.ofNanos(roundTripMillis * MILLI / 2);
        net.path.rate = 12.5e6;
        net.path.loss = loss;
        net.client.mux.roundTripMeasured(roundTripMillis * MILLI, net.now);
        net.server.mux.roundTripMeasured(roundTripMillis * MILLI, net.now);
    }

    private void run(long millis) {
        long limit = net.now + millis * MILLI;
        while (limit - net.now > 0) {
            floods.forEach(Flood::pump);
            typing.forEach(Typing::pump);
            long until = limit;
            for (Typing each : typing) {
                if (!each.waiting && each.nextAt - until < 0) {
                    until = each.nextAt;
                }
            }
            net.step(until);
        }
        floods.forEach(Flood::pump);
    }

    @ParameterizedTest
    @CsvSource({"1, 0, 0", "0, 1, 0", "16, 0, 0", "1, 1, 0", "1, 0, 0.01"})
    void keystrokesWaitForLittleOfTheBulkFromItsBeginningOn(int up, int down, double loss) {
        path(20, loss);
        typing.add(new Typing(net.client, 50));
        flood(net.client, up);
        flood(net.server, down);
        run(12_000);
        double millis = typing.get(0).millis(0.95);
        assertTrue(millis <= 2 * 20 + 20, () -> millis + " ms");
        assertTrue(typing.get(0).nanos.size() > 190);
        long bytes = floods.stream().mapToLong(each -> each.received).sum();
        assertTrue(bytes * 8 / 12 > (up + down) / Math.max(up, down) * 75_000_000L);
    }

    private void flood(SessionNet.Side from, int streams) {
        for (int i = 0; i < streams; i++) {
            floods.add(new Flood(from));
        }
    }

    @Test // A datagram takes 10 ms, what is in flight 40.
    void keystrokeLeavesAtOnceWhileTheBulkWaitsForItsPace() {
        path(20, 0);
        net.path.rate = 125_000;
        var keys = new Typing(net.client, 1000);
        keys.nextAt += Long.MAX_VALUE / 4;
        typing.add(keys);
        flood(net.client, 4);
        run(5000);
        for (int i = 0; i < 50; i++) {
            net.client.drain();
            assertLeavesAtOnce(keys);
            run(73);
            while (keys.there.read(keys.one.clear(), net.now) > 0) {}
        }
    }

    @Test
    void keystrokeLeavesAtOnceThoughTheWindowIsFull() {
        path(20, 0);
        var keys = new Typing(net.client, 1000);
        keys.nextAt += Long.MAX_VALUE / 4;
        typing.add(keys);
        flood(net.client, 1);
        run(3000);
        net.path.dropped = bytes -> true;
        run(35);
        int sent = net.client.sent;
        net.client.drain();
        assertEquals(sent, net.client.sent, "the window is full");
        assertLeavesAtOnce(keys);
    }

    private void assertLeavesAtOnce(Typing keys) {
        net.recording = true;
        net.wire.clear();
        keys.here.write(ByteBuffer.allocate(1), net.now);
        net.client.drain();
        // Itself, perhaps twice, and no bulk.
        assertFalse(net.wire.isEmpty());
        net.wire.forEach(each -> assertEquals(24 + 1, each.length));
        net.recording = false;
    }

    @Test
    void smallWritesOfOneTurnShareADatagramAndWaitForNothing() {
        path(20, 0);
        for (int i = 0; i < 4; i++) {
            typing.add(new Typing(net.client, 1000));
        }
        net.run(Duration.ofSeconds(1));
        int sent = net.client.sent;
        net.recording = true;
        for (Typing each : typing) {
            for (int i = 0; i < 10; i++) {
                each.here.write(ByteBuffer.allocate(3), net.now);
            }
        }
        net.client.drain();
        assertEquals(sent + 1, net.client.sent);
        assertEquals(4 * (24 + 30), net.wire.get(0).length);
        for (Typing each : typing) {
            assertEquals(0, each.there.read(BYTES.clear(), net.now));
        }
        net.run(Duration.ofMillis(11));
        for (Typing each : typing) {
            assertEquals(30, each.there.read(BYTES.clear(), net.now));
        }
    }

    @ParameterizedTest
    @CsvSource({"20, 0, 1, 0.004", "20, 0, 16, 0.01", "100, 0.01, 1, 0.015", "100, 0.05, 1, 0.02"})
    void acknowledgementsCostLittle(int roundTrip, double loss, int streams, double part) {
        path(roundTrip, loss);
        flood(net.client, streams);
        run(3000);
        long before = floods.stream().mapToLong(each -> each.received).sum();
        long back = net.server.bytesSent;
        run(5000);
        long bytes = floods.stream().mapToLong(each -> each.received).sum() - before;
        double share = (double) (net.server.bytesSent - back) / bytes;
        assertTrue(share < part, () -> share + " bytes back for each");
        assertTrue(bytes * 8 / 5 > 70_000_000, () -> bytes + " bytes");
    }

    @Test
    void whatArrivesTogetherIsAcknowledgedByOneDatagramAtOnce() {
        path(20, 0);
        flood(net.client, 1);
        net.run(Duration.ofSeconds(1));
        int sent = net.server.sent;
        floods.get(0).from.write(ByteBuffer.allocate(5000), net.now);
        net.runUntil(floods.get(0).from::delivered, Duration.ofMillis(22));
        // One for the first datagram, which comes after a pause, one for the rest.
        assertEquals(sent + 2, net.server.sent);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0.01, 0", "0, 5000", "0.01, 5000"})
    void sixteenStreamsShareFairly(double loss, int laterMillis) {
        path(20, loss);
        flood(net.client, 8);
        run(laterMillis);
        flood(net.client, 8);
        long[] before = floods.stream().mapToLong(each -> each.received).toArray();
        run(10_000);
        double sum = 0;
        double squares = 0;
        double least = Double.MAX_VALUE;
        for (int i = 0; i < before.length; i++) {
            double bytes = floods.get(i).received - before[i];
            sum += bytes;
            squares += bytes * bytes;
            least = Math.min(least, bytes);
        }
        double jain = sum * sum / before.length / squares;
        double leastShare = least * before.length / sum;
        assertTrue(jain >= 0.95, () -> "Jain's index " + jain);
        assertTrue(leastShare >= 0.5, () -> leastShare + " of a share");
        assertTrue(sum * 8 / 10 > 85e6, "the path is filled");
    }
}
