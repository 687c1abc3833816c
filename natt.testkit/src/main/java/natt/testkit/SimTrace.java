package natt.testkit;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// What happened to every datagram of a simulated network, in order. Counts and fingerprint
/// cover everything, the entries only the latest.
public final class SimTrace {
    private static final int KEPT = 4096;

    private final Deque<Entry> latest = new ArrayDeque<>();
    private final Map<SimFate, Long> counts = new EnumMap<>(SimFate.class);
    private final List<Watcher> watchers = new ArrayList<>();
    private long fingerprint;

    SimTrace() {}

    /// One thing that happened to a datagram.
    ///
    /// @param at since the start of the network
    /// @param place the name of the host, NAT or link
    /// @param from the source as seen at that place
    /// @param to the destination as seen at that place
    /// @param length of the payload
    public record Entry(
            Duration at,
            SimFate fate,
            String place,
            InetSocketAddress from,
            InetSocketAddress to,
            int length) {

        @Override
        public String toString() {
            return "%12.6f %-11s %s: %s:%d > %s:%d, %d bytes"
                    .formatted(
                            at.toNanos() / 1e9,
                            fate,
                            place,
                            from.getAddress().getHostAddress(),
                            from.getPort(),
                            to.getAddress().getHostAddress(),
                            to.getPort(),
                            length);
        }
    }

    /// Sees each entry with its payload, which is read-only.
    @FunctionalInterface
    public interface Watcher {
        void see(Entry entry, ByteBuffer payload);
    }

    /// Shows everything from now on to the watcher, which must not touch the network.
    public void watch(Watcher watcher) {
        watchers.add(watcher);
    }

    /// How often a datagram met this fate.
    public long count(SimFate fate) {
        return counts.getOrDefault(fate, 0L);
    }

    /// The latest entries, oldest first.
    public List<Entry> latest() {
        return List.copyOf(latest);
    }

    /// A hash of everything that happened, payloads too.
    public long fingerprint() {
        return fingerprint;
    }

    /// The last lines, to be shown with a failure.
    String tail(int lines) {
        var text = new StringBuilder();
        latest.stream()
                .skip(Math.max(0, latest.size() - lines))
                .forEach(entry -> text.append(System.lineSeparator()).append(entry));
        return text.toString();
    }

    void add(Entry entry, byte[] payload) {
        counts.merge(entry.fate, 1L, Long::sum);
        if (latest.size() == KEPT) {
            latest.removeFirst();
        }
        latest.addLast(entry);
        mix(entry.at.toNanos());
        mix(entry.fate.ordinal());
        mix(entry.place.hashCode());
        mix(entry.from.getPort());
        mix(Arrays.hashCode(entry.from.getAddress().getAddress()));
        mix(entry.to.getPort());
        mix(Arrays.hashCode(entry.to.getAddress().getAddress()));
        mix(Arrays.hashCode(payload));
        for (Watcher watcher : watchers) {
            watcher.see(entry, ByteBuffer.wrap(payload).asReadOnlyBuffer());
        }
    }

    private void mix(long value) {
        fingerprint = Long.rotateLeft(fingerprint * 0x9e37_79b9_7f4a_7c15L, 29) ^ value;
    }
}
