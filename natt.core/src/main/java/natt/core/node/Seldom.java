package natt.core.node;

import java.time.Duration;

/// Keeps a flood of like events from being a flood of lines: so many in a minute are said, and how
/// many were not is said with the first of the next.
final class Seldom {
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();

    private final int most;
    private boolean any;
    private long minuteAt;
    private int said;
    private int unsaid;

    Seldom(int most) {
        this.most = most;
    }

    /// Returns what to say of an event, or an empty string for nothing.
    String say(String event, long nowNanos) {
        if (!any || nowNanos - minuteAt >= MINUTE) {
            any = true;
            minuteAt = nowNanos;
            said = 0;
        }
        if (said == most) {
            unsaid++;
            return "";
        }
        said++;
        String line = unsaid == 0 ? event : "%s (and %d more before)".formatted(event, unsaid);
        unsaid = 0;
        return line;
    }
}
