package natt.tests.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.sim.HostileScenarios.Flood;

import org.junit.jupiter.api.Test;

/// Datagrams from strangers, among those of sessions.
class HostileSimTests {
    /// The target's rate for ten seconds instead of sixty.
    @Test
    void tenThousandBogusDatagramsASecondDrawNoAnswerAndDisturbNobody() {
        Flood calm = HostileScenarios.flood(false);
        Flood flooded = HostileScenarios.flood(true);
        assertEquals(100_000, flooded.sent());
        assertEquals(0, flooded.answered());
        assertTrue(flooded.seconds() <= 1.1 * calm.seconds(), calm + " " + flooded);
        assertTrue(flooded.newSession() <= 3, flooded.toString());
    }
}
