package natt.core.noise;

import java.util.Arrays;

/// Which counters have been received, among the highest and those below it that a window is wide.
/// Older ones count as received.
public final class ReplayWindow {
    private final int width;

    /// A ring of words, twice as wide as the window: whole words are cleared ahead of the highest
    /// counter and never hold one that is still in the window.
    private final long[] seen;

    private long highest = -1;

    /// @param width in counters, a power of 2 from 64
    public ReplayWindow(int width) {
        if (width < Long.SIZE || Integer.bitCount(width) != 1) {
            throw new IllegalArgumentException("a window of %d counters".formatted(width));
        }
        this.width = width;
        seen = new long[2 * width / Long.SIZE];
    }

    /// Whether a counter has not been received yet. Asked before its datagram is opened.
    public boolean isNew(long counter) {
        if (counter < 0) {
            return false;
        }
        if (counter > highest) {
            return true;
        }
        return highest - counter < width && (seen[word(counter)] & 1L << counter) == 0;
    }

    /// Notes a counter, once its datagram has been opened.
    public void accept(long counter) {
        if (counter < 0 || counter <= highest && highest - counter >= width) {
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
        if (words >= seen.length) {
            Arrays.fill(seen, 0);
        } else {
            for (long each = (highest >> 6) + 1; each <= counter >> 6; each++) {
                seen[(int) each & seen.length - 1] = 0;
            }
        }
        highest = counter;
    }

    private int word(long counter) {
        return (int) (counter >> 6) & seen.length - 1;
    }

    /// The highest counter received, or -1.
    public long highest() {
        return highest;
    }
}
