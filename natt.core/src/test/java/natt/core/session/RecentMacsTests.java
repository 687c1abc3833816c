package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.ArrayDeque;
import java.util.Random;

class RecentMacsTests {
    private final RecentMacs macs = new RecentMacs(new Random(1));
    private final byte[] message = new byte[40];

    private boolean add(long head, long tail) {
        Wire.putLong(message, 7, head);
        Wire.putLong(message, 15, tail);
        return macs.addIfNew(message, 7);
    }

    @Test
    void aValueIsNewOnce() {
        assertTrue(add(1, 2));
        assertFalse(add(1, 2));
        assertTrue(add(2, 1));
        assertTrue(add(1, 3));
        assertTrue(add(0, 0));
        assertFalse(add(0, 0));
    }

    @Test
    void theLast8192AreKept() {
        for (int i = 0; i < 8192; i++) {
            assertTrue(add(i, -i));
        }
        assertFalse(add(0, 0));
        assertTrue(add(8192, -8192));
        assertTrue(add(0, 0));
        assertTrue(add(1, -1));
        assertFalse(add(3, -3));
        assertFalse(add(8192, -8192));
    }

    @Test
    void isTheModelForRandomSequences() {
        var random = new Random(5);
        var model = new ArrayDeque<Long>();
        for (int i = 0; i < 30_000; i++) {
            long value = random.nextInt(12_000);
            boolean isNew = !model.contains(value);
            if (isNew) {
                model.addLast(value);
                if (model.size() > 8192) {
                    model.removeFirst();
                }
            }
            assertEquals(isNew, add(value, 0));
        }
    }
}
