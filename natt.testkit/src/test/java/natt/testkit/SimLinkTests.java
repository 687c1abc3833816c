package natt.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.testkit.SimLink.Arrival;
import natt.testkit.SimLink.Shape;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;

class SimLinkTests {

    private static final long MILLI = 1_000_000;
    private static final int MANY = 100_000;

    /// A minute before the wrap, so that long runs cross it.
    private final long start = new FakeTicker().nanoTime();

    @Test
    void cleanLinkDeliversEachDatagramOnceAfterItsDelay() {
        var link = link(Shape.clean().withDelay(Duration.ofMillis(20)));
        for (int i = 0; i < MANY; i++) {
            byte[] payload = {(byte) i, (byte) (i >> 8)};
            List<Arrival> arrivals = link.transmit(payload, start + i * MILLI).arrivals();
            assertEquals(1, arrivals.size());
            assertArrayEquals(payload, arrivals.get(0).payload());
            assertEquals(start + (i + 20) * MILLI, arrivals.get(0).atNanos());
        }
        assertEquals(MANY, link.count(SimFate.PASSED));
    }

    @Test
    void jitterSpreadsEvenlyAndKeepsTheOrder() {
        Duration jitter = Duration.ofMillis(8);
        var link = link(Shape.clean().withDelay(Duration.ofMillis(20)).withJitter(jitter));
        double sum = 0;
        long last = start;
        for (int i = 0; i < MANY; i++) {
            long sent = start + i * 10 * MILLI;
            long at = link.transmit(new byte[1], sent).arrivals().get(0).atNanos();
            assertTrue(at - sent >= 20 * MILLI && at - sent <= 28 * MILLI);
            assertTrue(at - last >= 0);
            last = at;
            sum += at - sent;
        }
        assertEquals(24, sum / MANY / MILLI, 0.05);
        var dense = link(Shape.clean().withJitter(jitter));
        last = start;
        for (int i = 0; i < MANY; i++) {
            long at = dense.transmit(new byte[1], start + i).arrivals().get(0).atNanos();
            assertTrue(at - last >= 0);
            last = at;
        }
    }

    @Test
    void randomLossIsAsFrequentAsSaidAndIndependent() {
        var lost = losses(link(Shape.clean().withLoss(0.05)));
        assertEquals(0.05, lost.cardinality() / (double) MANY, 0.003);
        assertEquals(1 / 0.95, meanRun(lost), 0.03);
    }

    @Test // A burst of mean length 5 begins after one of a hundred datagrams that arrive.
    void burstsAreAsFrequentAndAsLongAsSaid() {
        var lost = losses(link(Shape.clean().withBursts(0.01, 5)));
        assertEquals(5 / (5 + 100.0), lost.cardinality() / (double) MANY, 0.005);
        assertEquals(5, meanRun(lost), 0.4);
    }

    @Test
    void heldBackDatagramsAreOvertakenByThoseBehind() {
        var link = link(Shape.clean().withReorder(0.1, Duration.ofMillis(5)));
        int late = 0;
        for (int i = 0; i < MANY; i++) {
            long sent = start + i * MILLI;
            long at = link.transmit(new byte[1], sent).arrivals().get(0).atNanos();
            assertTrue(at == sent + MILLI || at == sent + 6 * MILLI);
            late += at == sent + 6 * MILLI ? 1 : 0;
        }
        assertEquals(late, link.reordered());
        assertEquals(0.1, late / (double) MANY, 0.004);
    }

    @Test
    void duplicatesArriveTwiceAsSeparateCopies() {
        var link = link(Shape.clean().withDuplicate(0.02));
        int twice = 0;
        for (int i = 0; i < MANY; i++) {
            var arrivals = link.transmit(new byte[] {7}, start + i).arrivals();
            if (arrivals.size() == 2) {
                twice++;
                arrivals.get(0).payload()[0] = 0;
                assertEquals(7, arrivals.get(1).payload()[0]);
            }
        }
        assertEquals(twice, link.duplicated());
        assertEquals(0.02, twice / (double) MANY, 0.002);
    }

    @Test
    void corruptionFlipsExactlyOneBitAndNeverTheSendersCopy() {
        var link = link(Shape.clean().withCorrupt(0.3));
        byte[] payload = new byte[40];
        int flipped = 0;
        for (int i = 0; i < 10_000; i++) {
            var arriving = link.transmit(payload, start + i).arrivals().get(0).payload();
            int bits = BitSet.valueOf(arriving).cardinality();
            assertTrue(bits <= 1);
            flipped += bits;
        }
        assertArrayEquals(new byte[40], payload);
        assertEquals(flipped, link.corrupted());
        assertEquals(0.3, flipped / 10_000.0, 0.02);
    }

    @Test // 1 Mbit/s is 125 bytes per millisecond; packets of 250 bytes take two.
    void rateSpacesDatagramsAndAFullQueueDropsTheTail() {
        var link = link(Shape.clean().withRate(1_000_000, 1000));
        byte[] payload = new byte[250 - SimLink.HEADERS_LENGTH];
        var arrivals = new ArrayList<Long>();
        for (int i = 0; i < 6; i++) {
            link.transmit(payload, start)
                    .arrivals()
                    .forEach(arrival -> arrivals.add((arrival.atNanos() - start) / MILLI));
        }
        assertEquals(List.of(3L, 5L, 7L, 9L), arrivals);
        assertEquals(2, link.count(SimFate.QUEUE_FULL));
        var next = link.transmit(payload, start + 2 * MILLI);
        assertEquals(start + 11 * MILLI, next.arrivals().get(0).atNanos());
        var afterIdling = link.transmit(payload, start + 100 * MILLI);
        assertEquals(start + 103 * MILLI, afterIdling.arrivals().get(0).atNanos());
    }

    @Test
    void mtuCountsTheHeaders() {
        var link = link(Shape.clean().withMtu(1280));
        assertEquals(SimFate.PASSED, link.transmit(new byte[1252], start).fate());
        assertEquals(SimFate.TOO_LARGE, link.transmit(new byte[1253], start).fate());
    }

    @Test
    void anOutageLosesEverythingUntilItEnds() {
        var link = link(Shape.clean());
        link.outage(true);
        for (int i = 0; i < 100; i++) {
            assertEquals(SimFate.OUTAGE, link.transmit(new byte[1], start).fate());
        }
        link.outage(false);
        assertEquals(SimFate.PASSED, link.transmit(new byte[1], start).fate());
        assertEquals(100, link.count(SimFate.OUTAGE));
    }

    @Test
    void senselessShapesAreRefused() {
        var clean = Shape.clean();
        assertThrows(IllegalArgumentException.class, () -> clean.withLoss(1.1));
        assertThrows(IllegalArgumentException.class, () -> clean.withCorrupt(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> clean.withBursts(0.1, 0.5));
        var back = Duration.ofMillis(-1);
        assertThrows(IllegalArgumentException.class, () -> clean.withDelay(back));
    }

    private static SimLink link(Shape shape) {
        return new SimLink(shape, new SplittableRandom(20));
    }

    private BitSet losses(SimLink link) {
        var lost = new BitSet();
        for (int i = 0; i < MANY; i++) {
            lost.set(i, link.transmit(new byte[1], start + i).fate() == SimFate.LOST);
        }
        assertEquals(lost.cardinality(), link.count(SimFate.LOST));
        return lost;
    }

    /// The mean number of losses that follow one another.
    private static double meanRun(BitSet lost) {
        int runs = 0;
        for (int i = lost.nextSetBit(0); i >= 0; i = lost.nextSetBit(lost.nextClearBit(i))) {
            runs++;
        }
        return lost.cardinality() / (double) runs;
    }
}
