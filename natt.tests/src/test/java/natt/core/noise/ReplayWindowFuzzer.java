package natt.core.noise;

import natt.tests.fuzz.Input;

import java.util.HashSet;
import java.util.Set;

/// Against a set of all counters received.
public final class ReplayWindowFuzzer {
    private static final int MOST_STEPS = 1000;
    private static final int WIDTH = 8192;

    private ReplayWindowFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        var window = new ReplayWindow(WIDTH);
        Set<Long> seen = new HashSet<>();
        long highest = -1;
        for (int step = 0; step < MOST_STEPS && !input.isEmpty(); step++) {
            long counter =
                    switch (input.choice(6)) {
                        case 0 -> highest + 1;
                        case 1 -> highest + input.small();
                        case 2 -> highest - WIDTH + input.small();
                        case 3 -> highest + input.pair();
                        case 4 -> (long) input.number() << 31 ^ input.number();
                        default -> highest - input.pair();
                    };
            boolean expected =
                    counter >= 0
                            && (counter > highest || highest - counter < WIDTH)
                            && !seen.contains(counter);
            if (window.isNew(counter) != expected) {
                throw new AssertionError(
                        "%d is new: %b, highest %d".formatted(counter, !expected, highest));
            }
            if (input.flag()) {
                window.accept(counter);
                if (expected) {
                    seen.add(counter);
                    highest = Math.max(highest, counter);
                }
            }
            if (window.highest() != highest) {
                throw new AssertionError("%d, not %d".formatted(window.highest(), highest));
            }
        }
    }
}
