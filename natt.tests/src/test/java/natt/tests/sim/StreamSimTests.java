package natt.tests.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.sim.StreamScenarios.Stalled;

import org.junit.jupiter.api.Test;

/// Many streams of one session, and how they end.
class StreamSimTests {
    private static final long MOST_OF_A_STREAM = 4 << 20;

    @Test
    void aReaderThatHasStoppedHoldsFourMebibytesAndNoOtherStream() {
        Stalled alone = StreamScenarios.stalledReader(false);
        Stalled beside = StreamScenarios.stalledReader(true);
        assertTrue(beside.held() > 100_000 && beside.held() <= MOST_OF_A_STREAM, beside.toString());
        assertTrue(beside.others() <= 1.1 * alone.others(), alone + " " + beside);
    }

    /// The target's 100 runs, with up to 140 kB instead of 100 MB.
    @Test
    void bothDirectionsEndInOrderWhicheverEndsFirst() {
        assertEquals(100, StreamScenarios.orderlyEnds(100));
    }
}
