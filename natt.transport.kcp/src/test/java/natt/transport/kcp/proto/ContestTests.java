package natt.transport.kcp.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/// When others have taken what was had, in cycles of half a second.
class ContestTests {
    private static final long CYCLE = 500_000_000;

    private final Contest contest = new Contest();
    private long now;

    private boolean cycle(double rate, boolean queueStoodAlways) {
        contest.take(true);
        if (!queueStoodAlways) {
            contest.take(false);
        }
        now += CYCLE;
        return contest.endCycle(rate, now);
    }

    @Test
    void isLostAfterTwoCyclesWithLessThanThreeFifthsBehindAQueueThatNeverEmpties() {
        cycle(10, false);
        cycle(6.3, true);
        cycle(6.3, true);
        assertFalse(contest.isLost());
        cycle(5.7, true);
        assertFalse(contest.isLost());
        cycle(5.7, true);
        assertTrue(contest.isLost());
    }

    @Test
    void isLostWhateverTheClockBeginsWith() {
        now = Long.MIN_VALUE;
        cycle(10, false);
        cycle(4, true);
        cycle(4, true);
        assertTrue(contest.isLost());
    }

    @Test
    void isNotLostWhileTheQueueEmpties() {
        cycle(10, false);
        cycle(1, true);
        cycle(1, false);
        assertFalse(contest.isLost());
    }

    @Test
    void isOverWithNineTenthsRegained() {
        cycle(10, false);
        cycle(4, true);
        cycle(4, true);
        cycle(8.5, true);
        assertTrue(contest.isLost());
        cycle(9, true);
        assertFalse(contest.isLost());
    }

    @Test
    void isOverWhenTheQueueEmpties() {
        cycle(10, false);
        cycle(4, true);
        cycle(4, true);
        cycle(4, false);
        assertFalse(contest.isLost());
    }

    @Test
    void whatWasHadIsForgottenByHalfInThirtySeconds() {
        cycle(10, false);
        cycle(4, true);
        cycle(4, true);
        now += 30_000_000_000L;
        cycle(4.6, true);
        assertFalse(contest.isLost());
    }

    @Test
    void theFirstOfSixCyclesDoubtsWhoseQueueItIs() {
        cycle(10, false);
        var doubts = new ArrayList<Integer>();
        for (int i = 1; i <= 12; i++) {
            if (cycle(1, true)) {
                doubts.add(i);
            }
        }
        assertEquals(List.of(1, 7), doubts);
    }
}
