package natt.core.status;

import natt.core.NodeKey;
import natt.core.Text;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What was refused lately, to whom and why: for the question why somebody does not get in.
///
/// The same refusal of the same peer is one entry. Holds the 64 entries that happened last. Not
/// safe for use by several threads.
public final class Refusals {
    private static final int CAPACITY = 64;

    private record Refusal(String reason, String who) {}

    private record Tally(long count, long lastNanos) {}

    /// The longest ago is first.
    private final LinkedHashMap<Refusal, Tally> refusals = new LinkedHashMap<>();

    public Refusals() {}

    /// Notes a refusal of somebody who is known by an address only. Ports are not told apart, for a
    /// new attempt has another.
    public void note(String reason, InetAddress who, long nowNanos) {
        note(reason, who.getHostAddress(), nowNanos);
    }

    /// Notes a refusal of somebody who has proven a key.
    public void note(String reason, NodeKey who, long nowNanos) {
        note(reason, who.toString(), nowNanos);
    }

    /// @param reason may be foreign; what is long is cut
    /// @param who may be foreign; what is long is cut
    public void note(String reason, String who, long nowNanos) {
        var refusal = new Refusal(cut(reason), cut(who));
        Tally before = refusals.remove(refusal);
        if (before == null && refusals.size() == CAPACITY) {
            refusals.pollFirstEntry();
        }
        refusals.put(refusal, new Tally(before == null ? 1 : before.count + 1, nowNanos));
    }

    private static String cut(String text) {
        return text.substring(0, Math.min(text.length(), Text.LONGEST_ESCAPED));
    }

    /// One report an entry, the latest first: `reason`, `who`, `count`, `agoSeconds`.
    public List<Report> reports(long nowNanos) {
        var reports = new ArrayList<Report>(refusals.size());
        for (Map.Entry<Refusal, Tally> entry : refusals.sequencedEntrySet().reversed()) {
            Tally tally = entry.getValue();
            reports.add(
                    Report.builder()
                            .text("reason", entry.getKey().reason())
                            .text("who", entry.getKey().who())
                            .count("count", tally.count)
                            .seconds("ago", Duration.ofNanos(nowNanos - tally.lastNanos))
                            .build());
        }
        return reports;
    }
}
