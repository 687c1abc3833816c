package natt.rendezvous.proto;

/// What a broker gives to nodes.
///
/// @param names in all
/// @param relayPerSecond bytes for each key that grants, in the long run
/// @param relayPerDay bytes for each key that grants
public record Limits(int names, long relayPerSecond, long relayPerDay) {
    private static final int NAMES = 10_000;
    private static final long RELAY_PER_SECOND = 2_000_000;
    private static final long RELAY_PER_DAY = 10_000_000_000L;

    public Limits {
        if (names < 0 || relayPerSecond < 1 || relayPerDay < 0) {
            throw new IllegalArgumentException(
                    "%d names, %d bytes a second, %d a day"
                            .formatted(names, relayPerSecond, relayPerDay));
        }
    }

    /// 10,000 names; 2 MB/s and 10 GB a day for each key.
    public static Limits usual() {
        return new Limits(NAMES, RELAY_PER_SECOND, RELAY_PER_DAY);
    }
}
