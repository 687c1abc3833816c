package natt.discovery.stun.proto;

/// Looks for the longest idle time that a mapping survives, with several mappings in each round:
/// the first round tries the longest time too, each further one divides what is left.
final class LifetimeSearch {
    private final int longest;

    /// Survived, in seconds.
    private int alive;

    /// Not survived, once there is one such; else one more than the longest.
    private int dead;

    private boolean begun;

    /// @param longestSeconds at least 1
    LifetimeSearch(int longestSeconds) {
        longest = longestSeconds;
        dead = longestSeconds + 1;
    }

    /// Whether the lifetime is known to the second, or known to be the longest or more.
    boolean isOver() {
        return dead - alive <= 1;
    }

    /// The idle times to try next, in seconds, ascending and different from each other.
    ///
    /// @param mappings how many mappings there are at most
    int[] next(int mappings) {
        int between = dead - alive - 1;
        int count = Math.min(mappings, between);
        int[] times = new int[count];
        for (int i = 0; i < count; i++) {
            // In the first round up to the longest itself, later strictly in between.
            times[i] =
                    begun
                            ? alive + (int) ((long) (between + 1) * (i + 1) / (count + 1))
                            : (int) ((long) longest * (i + 1) / count);
        }
        return times;
    }

    /// Takes what has become of the mappings.
    void learn(int[] times, boolean[] survived) {
        begun = true;
        for (int i = 0; i < times.length; i++) {
            if (!survived[i]) {
                dead = Math.min(dead, times[i]);
            }
        }
        for (int i = 0; i < times.length; i++) {
            if (survived[i] && times[i] < dead) {
                alive = Math.max(alive, times[i]);
            }
        }
    }

    /// The longest time known to be survived, in seconds.
    int aliveSeconds() {
        return alive;
    }
}
