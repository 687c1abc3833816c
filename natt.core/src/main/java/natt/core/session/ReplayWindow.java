package natt.core.session;

import java.util.Arrays;

/// Which counters have been received, among the highest and the 8191 below it. Older ones count
/// as received.
final class ReplayWindow {
    /// In counters.
    static final int WIDTH = 8192;

    /// A ring of words, twice as wide as the window: whole words are cleared ahead of the highest
    /// counter and never hold one that is still in the window.
    private static final int WORDS = 2 * WIDTH / Long.SIZE;

    private final long[] seen = new long[WORDS];
    private long highest = -1;

    /// Whether a counter has not been received yet. Asked before its datagram is opened.
    boolean isNew(long counter) {
        if (counter < 0) {
            return false;
        }
        if (counter > highest) {
            return true;
        }
        return highest - counter < WIDTH && (seen[word(counter)] & 1L << counter) == 0;
    }

    /// Notes a counter, once its datagram has been opened.
    void accept(long counter) {
        if (counter < 0 || counter <= highest && highest - counter >= WIDTH) {
            return;
        }
        if (counter > highest) {
            advance(counter);
        }
        // Shifting takes the low 6 bits of the counter.
        seen[word(counter)] |= 1L << counter;
    }

    private void advance(long counter) {
        long words = (counter >> 6) - (highest >> 6);
        if (words >= WORDS) {
            Arrays.fill(seen, 0);
        } else {
            for (long each = (highest >> 6) + 1; each <= counter >> 6; each++) {
                seen[(int) each & WORDS - 1] = 0;
            }
        }
        highest = counter;
    }

    private static int word(long counter) {
        return (int) (counter >> 6) & WORDS - 1;
    }

    /// The highest counter received, or -1.
    long highest() {
        return highest;
    }
}
