package natt.rendezvous.proto;

import natt.core.NodeKey;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The quotas of keys. The one that has been known for longest is forgotten when there are too
/// many.
final class Quotas {
    private static final int CAPACITY = 20_000;

    private final Limits limits;
    private final LinkedHashMap<NodeKey, Quota> byKey = new LinkedHashMap<>();

    Quotas(Limits limits) {
        this.limits = limits;
    }

    Quota of(NodeKey key, long nowNanos) {
        Quota known = byKey.get(key);
        if (known != null) {
            return known;
        }
        if (byKey.size() >= CAPACITY) {
            byKey.pollFirstEntry();
        }
        var quota = new Quota(limits, nowNanos);
        byKey.put(key, quota);
        return quota;
    }

    /// Who has had the most relayed, the most first.
    List<Map.Entry<NodeKey, Quota>> top(int count) {
        Comparator<Map.Entry<NodeKey, Quota>> byTotal =
                Comparator.comparingLong(each -> each.getValue().total());
        return byKey.entrySet().stream().sorted(byTotal.reversed()).limit(count).toList();
    }
}
