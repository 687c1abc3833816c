package natt.discovery.stun.proto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LifetimeSearchTests {
    private static final int LONGEST = 300;

    @Test
    void everyLifetimeIsFoundToTheSecondInFewRounds() {
        int[] mostRounds = {0, 10, 6, 5, 4, 4, 4, 3, 3};
        for (int mappings = 1; mappings <= 8; mappings++) {
            int most = 0;
            for (int lifetime = 0; lifetime <= LONGEST + 1; lifetime++) {
                most = Math.max(most, roundsToFind(lifetime, mappings));
            }
            assertEquals(mostRounds[mappings], most, mappings + " at a time");
        }
    }

    private static int roundsToFind(int lifetime, int mappings) {
        var search = new LifetimeSearch(LONGEST);
        int rounds = 0;
        for (; !search.isOver(); rounds++) {
            int[] times = search.next(mappings);
            assertTrue(times.length > 0 && times.length <= mappings);
            var survived = new boolean[times.length];
            for (int i = 0; i < times.length; i++) {
                assertTrue(i == 0 ? times[i] > 0 : times[i] > times[i - 1]);
                assertTrue(times[i] <= LONGEST);
                survived[i] = times[i] <= lifetime;
            }
            search.learn(times, survived);
        }
        assertEquals(Math.min(lifetime, LONGEST), search.aliveSeconds());
        return rounds;
    }

    @Test
    void theFirstRoundTriesTheLongest() {
        assertArrayEquals(new int[] {75, 150, 225, 300}, new LifetimeSearch(300).next(4));
        assertArrayEquals(new int[] {1, 2, 3}, new LifetimeSearch(3).next(8));
    }

    @Test
    void ofContradictingOutcomesTheShorterLifetimeIsBelieved() {
        var search = new LifetimeSearch(100);
        search.learn(new int[] {25, 50, 75, 100}, new boolean[] {true, false, true, true});
        assertFalse(search.isOver());
        assertEquals(25, search.aliveSeconds());
        assertArrayEquals(new int[] {37}, search.next(1));
    }
}
