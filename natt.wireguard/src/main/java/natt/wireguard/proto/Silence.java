package natt.wireguard.proto;

import natt.core.NodeKey;
import natt.wireguard.control.PeerState;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Which peers WireGuard has not heard for longer than they are silent by themselves: a peer that
/// natt has set up sends something every 25 s.
public final class Silence {
    /// Longer than a keepalive's interval and the time it may take.
    static final long LONG_NANOS = 30_000_000_000L;

    private record Heard(long bytes, long atNanos) {}

    private final Map<NodeKey, Heard> heard = new HashMap<>();

    public Silence() {}

    /// Takes how the interface is, and forgets peers that it has no longer.
    public void look(List<PeerState> states, long nowNanos) {
        heard.keySet().retainAll(states.stream().map(PeerState::key).toList());
        for (PeerState each : states) {
            Heard before = heard.get(each.key());
            if (before == null || before.bytes != each.received()) {
                heard.put(each.key(), new Heard(each.received(), nowNanos));
            }
        }
    }

    /// Whether nothing has come from a peer for so long, as far as is known.
    public boolean isLong(NodeKey key, long nowNanos) {
        Heard latest = heard.get(key);
        return latest != null && nowNanos - latest.atNanos >= LONG_NANOS;
    }
}
