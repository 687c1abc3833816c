package natt.discovery.stun.proto;

import natt.core.PortAllocation;

import java.util.Arrays;

/// What a series of new mappings says about how their ports are chosen.
final class PortRule {
    /// Fewer look like a rule by accident.
    static final int LEAST_SAMPLES = 4;

    /// How far apart the ports of two mappings made one after the other may be if a rule is behind
    /// them. Others behind the NAT make mappings as well.
    private static final int MOST_STEP = 64;

    private static final int PORTS = 1 << 16;

    /// How many of the samples may have found their port taken: one in this many.
    private static final int EXCEPTIONS = 4;

    private PortRule() {}

    /// Whether the NAT keeps the ports, but for a few.
    static boolean preserves(int[] local, int[] mapped) {
        int kept = 0;
        for (int i = 0; i < mapped.length; i++) {
            kept += local[i] == mapped[i] ? 1 : 0;
        }
        return mapped.length > 0 && mapped.length - kept <= mapped.length / EXCEPTIONS;
    }

    /// @param mapped ports of new mappings, in the order in which they were made
    static PortAllocation of(int[] mapped) {
        if (mapped.length < LEAST_SAMPLES) {
            return new PortAllocation.Unknown();
        }
        int[] steps = new int[mapped.length - 1];
        for (int i = 0; i < steps.length; i++) {
            // As if port 0 followed 65535, which NATs that count make true nearly: a step over the
            // end is the exception that is allowed below.
            steps[i] = (short) (mapped[i + 1] - mapped[i] + PORTS);
        }
        long up = Arrays.stream(steps).filter(s -> s > 0 && s <= MOST_STEP).count();
        long down = Arrays.stream(steps).filter(s -> s < 0 && s >= -MOST_STEP).count();
        // One may go astray: over the end of the NAT's range.
        int enough = steps.length - 1;
        if (steps.length < 3 || Math.max(up, down) < enough) {
            return new PortAllocation.Random();
        }
        int direction = up > down ? 1 : -1;
        // What others take in between only makes steps larger.
        int step =
                Arrays.stream(steps)
                        .map(s -> s * direction)
                        .filter(s -> s > 0 && s <= MOST_STEP)
                        .min()
                        .orElseThrow();
        return new PortAllocation.Sequential(step * direction);
    }
}
