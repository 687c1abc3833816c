package natt.tests.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.sim.LongScenarios.Day;
import natt.tests.sim.LongScenarios.Quiet;

import org.junit.jupiter.api.Test;

/// Sessions that last for a day.
class LongSimTests {
    private static final int MINUTES = 24 * 60;

    /// Beside the keepalives only new keys every ten minutes: two datagrams each way.
    private static final double RENEWALS = 2 / 40.0;

    @Test
    void anIdleDayCostsAPacketEachWayInAQuarterOfAMinute() {
        Quiet quiet = LongScenarios.idleDay();
        assertEquals(0, quiet.news());
        assertTrue(quiet.up() <= 1 + RENEWALS, quiet.toString());
        assertTrue(quiet.down() <= 1 + RENEWALS, quiet.toString());
        assertTrue(quiet.megabytes() <= 10, quiet.toString());
    }

    @Test
    void aSessionServesForADay() {
        Day day = LongScenarios.busyDay();
        assertEquals(MINUTES, day.echoes());
        assertEquals(0, day.breaks());
        assertTrue(day.slowest() <= 0.06, day.toString());
    }

    @Test
    void tenSessionsServeForADayBehindNatsThatForgetAndLinksThatLose() {
        Day day = LongScenarios.soak();
        assertEquals(10 * 2 * MINUTES, day.echoes());
        assertEquals(0, day.breaks());
        assertEquals(10, day.sessions());
        assertEquals(10, day.streams());
        assertTrue(day.slowest() <= 2, day.toString());
        assertTrue(day.held() <= 10 * 100_000, day.toString());
    }
}
