package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.session.Offer.Ports;
import natt.core.session.Round.Kind;

import org.junit.jupiter.api.Test;

/// What is tried between which NATs.
class RoundTests {
    private static int rounds(Ports one, Ports other) {
        int count = 0;
        while (Round.of(count, one, other) != null) {
            assertEquals(Round.of(count, one, other), Round.of(count, other, one));
            count++;
        }
        return count;
    }

    @Test
    void knownCandidatesComeFirstWhateverTheNatsDo() {
        for (Ports one : Ports.values()) {
            for (Ports other : Ports.values()) {
                assertEquals(Kind.KNOWN, Round.of(0, one, other).kind());
            }
        }
    }

    @Test
    void independentOnesGetFreshSocketsInThreeOrders() {
        assertEquals(4, rounds(Ports.INDEPENDENT, Ports.UNKNOWN));
        assertEquals(new Round(Kind.FRESH, 0, 0), Round.of(1, Ports.UNKNOWN, Ports.UNKNOWN));
        assertTrue(Round.of(2, Ports.INDEPENDENT, Ports.INDEPENDENT).lead() > 0);
        assertTrue(Round.of(3, Ports.INDEPENDENT, Ports.INDEPENDENT).lead() < 0);
    }

    @Test
    void portsThatCountArePredictedThreeTimesEachTimeMore() {
        for (Ports other : new Ports[] {Ports.INDEPENDENT, Ports.PREDICTABLE}) {
            assertEquals(4, rounds(Ports.PREDICTABLE, other));
            int window = 0;
            for (int round = 1; round <= 3; round++) {
                Round next = Round.of(round, Ports.PREDICTABLE, other);
                assertNotNull(next);
                assertTrue(next.window() > window && next.window() <= Offer.MOST_CANDIDATES);
                window = next.window();
            }
        }
    }

    @Test
    void oneRandomSideIsSearchedOnceAndTwoAreNot() {
        assertEquals(2, rounds(Ports.RANDOM, Ports.INDEPENDENT));
        assertEquals(Kind.BIRTHDAY, Round.of(1, Ports.RANDOM, Ports.INDEPENDENT).kind());
        assertNull(Round.of(1, Ports.RANDOM, Ports.RANDOM));
        assertNull(Round.of(1, Ports.RANDOM, Ports.PREDICTABLE));
    }

    @Test
    void oddsAreThoseOfTheBirthday() {
        assertEquals(0.969, Round.odds(Round.SOCKETS, Round.PROBES), 0.001);
        assertTrue(Round.SOCKETS < 600 && Round.PROBES < 600 && Round.PER_SECOND < 200);
    }
}
