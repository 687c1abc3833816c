package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import natt.core.noise.Aead;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// What receiver indexes stand for.
class SlotsTests {
    private static final Aead KEY = new Aead(Aead.Algorithm.CHACHA20_POLY1305, new byte[Aead.KEY]);

    private final Slots slots = new Slots(2048, new Random(1));

    private Keys add() {
        var keys = new Keys(slots.free(), 0, KEY, KEY, 0);
        slots.put(keys);
        return keys;
    }

    @Test
    void thereAreIndexesForAllThatTheCapsAllow() {
        int live = 64 * 3;
        int halfOpen = 64;
        // 200 handshakes at once and 200 a second, while the keys of ended sessions say so.
        int ended = 200 + 3 * 200;
        int attempts = 64 * 8;
        List<Keys> all = new ArrayList<>();
        for (int i = 0; i < live + halfOpen + ended + attempts; i++) {
            all.add(add());
        }
        all.forEach(each -> assertSame(each, slots.get(each.index())));
        assertEquals(all.size(), all.stream().map(Keys::index).distinct().count());
    }

    @Test
    void indexThatIsFreeAgainIsAnother() {
        Keys keys = add();
        slots.remove(keys);
        assertNull(slots.get(keys.index()));
        for (int i = 0; i < 2048; i++) {
            slots.remove(add());
        }
        assertNull(slots.get(keys.index()));
    }
}
