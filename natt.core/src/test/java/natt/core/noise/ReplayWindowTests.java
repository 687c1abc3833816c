package natt.core.noise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;

class ReplayWindowTests {
    private final ReplayWindow window = new ReplayWindow(8192);

    @Test
    void aCounterIsNewUntilAccepted() {
        assertTrue(window.isNew(0));
        assertTrue(window.isNew(0));
        window.accept(0);
        assertFalse(window.isNew(0));
        assertTrue(window.isNew(1));
    }

    @Test
    void theWindowIs8192Wide() {
        window.accept(10_000);
        assertTrue(window.isNew(10_000 - 8191));
        assertFalse(window.isNew(10_000 - 8192));
        assertEquals(10_000, window.highest());
    }

    @Test
    void countersBeyond63BitsAreNeverNew() {
        assertFalse(window.isNew(-1));
        window.accept(-1);
        assertFalse(window.isNew(Long.MIN_VALUE));
        assertEquals(-1, window.highest());
    }

    @Test
    void theLastCounterEndsIt() {
        window.accept(Long.MAX_VALUE);
        assertFalse(window.isNew(Long.MAX_VALUE));
        assertTrue(window.isNew(Long.MAX_VALUE - 8191));
        assertFalse(window.isNew(Long.MAX_VALUE - 8192));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 40, 70, 9_000, 20_000, 1_000_000_000})
    void isTheModelForRandomSequences(int largestJump) {
        var random = new Random(largestJump);
        var model = new Model();
        for (int i = 0; i < 40_000; i++) {
            long counter =
                    random.nextInt(4) == 0
                            ? model.highest + 1 + random.nextInt(largestJump)
                            : model.highest + 200 - random.nextInt(9_000);
            if (random.nextInt(50) == 0) {
                counter = model.highest - 8_200 + random.nextInt(20);
            }
            assertEquals(model.isNew(counter), window.isNew(counter), "counter " + counter);
            if (model.isNew(counter) && random.nextBoolean()) {
                model.accept(counter);
                window.accept(counter);
            }
        }
    }

    /// All that was ever accepted.
    private static final class Model {
        private final Set<Long> accepted = new HashSet<>();
        private long highest = -1;

        boolean isNew(long counter) {
            return counter >= 0 && counter > highest - 8192 && !accepted.contains(counter);
        }

        void accept(long counter) {
            accepted.add(counter);
            highest = Math.max(highest, counter);
        }
    }
}
