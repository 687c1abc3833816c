package natt.testkit;

import natt.testkit.SimNat.Behavior;
import natt.testkit.SimNat.Hairpinning;
import natt.testkit.SimNat.Refresh;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/// A translator with mappings and permissions in them, as RFC 4787 describes it.
///
/// Whom the filter lets in is kept for each mapping, as in translators that have one table: a
/// packet sent through one mapping opens no other. (Read word by word, RFC 4787 keeps it for
/// each internal endpoint. The two differ only where the mapping is not endpoint-independent.)
final class MappingTranslator implements SimTranslator {
    private static final int FIRST_PORT = 1024;
    private static final int PORTS = 65_536 - FIRST_PORT;

    /// How far preserved ports move with a restart, and how far a sequence does.
    private static final int PRESERVED_SHIFT = 7919;

    private static final int SEQUENCE_SHIFT = 101;

    private final Behavior behavior;
    private final RandomGenerator random;
    private final Map<Key, Mapping> byInside = new LinkedHashMap<>();
    private final Map<Integer, Mapping> byExternalPort = new HashMap<>();
    private InetAddress externalAddress;
    private int restarts;
    private int nextPort;
    private int most;
    private long created;
    private long expired;

    MappingTranslator(Behavior behavior, InetAddress externalAddress, RandomGenerator random) {
        this.behavior = behavior;
        this.externalAddress = externalAddress;
        this.random = random;
        int first = behavior.sequence().first();
        nextPort = first == 0 ? FIRST_PORT + random.nextInt(PORTS) : first;
    }

    @Override
    public Passage outbound(InetSocketAddress inside, InetSocketAddress remote, long nowNanos) {
        if (!behavior.udp().passes(remote.getPort())) {
            return Passage.refused(SimFate.BLOCKED);
        }
        boolean hairpin = remote.getAddress().equals(externalAddress);
        if (hairpin && behavior.hairpinning() == Hairpinning.NONE) {
            return Passage.refused(SimFate.UNMAPPED);
        }
        var key = new Key(inside, behavior.mapping().part(remote));
        Mapping mapping = live(byInside.get(key), nowNanos);
        if (mapping == null) {
            mapping = begin(key, nowNanos);
            if (mapping == null) {
                return Passage.refused(SimFate.NAT_FULL);
            }
        }
        mapping.usedNanos = nowNanos;
        mapping.permissions.put(behavior.filtering().part(remote), nowNanos);
        return Passage.to(new InetSocketAddress(externalAddress, mapping.externalPort));
    }

    @Override
    public Passage inbound(InetSocketAddress remote, InetSocketAddress external, long nowNanos) {
        boolean own = external.getAddress().equals(externalAddress);
        if (!behavior.udp().passes(remote.getPort())) {
            return Passage.refused(SimFate.BLOCKED);
        }
        Mapping mapping = live(byExternalPort.get(external.getPort()), nowNanos);
        if (mapping == null || !own) {
            return Passage.refused(SimFate.UNMAPPED);
        }
        if (!permitted(mapping, remote, nowNanos)) {
            return Passage.refused(SimFate.FILTERED);
        }
        mapping.replied = true;
        if (behavior.refresh() == Refresh.BOTH) {
            mapping.usedNanos = nowNanos;
        }
        return Passage.to(mapping.key.inside);
    }

    @Override
    public boolean hairpinsWithInsideSources() {
        return behavior.hairpinning() == Hairpinning.INSIDE_SOURCE;
    }

    @Override
    public void rebind() {
        byInside.clear();
        byExternalPort.clear();
        restarts++;
        skipPorts(SEQUENCE_SHIFT);
    }

    @Override
    public void renumber(InetAddress newExternalAddress) {
        rebind();
        externalAddress = newExternalAddress;
    }

    @Override
    public void skipPorts(int count) {
        nextPort = wrap(nextPort + count * behavior.sequence().step());
    }

    @Override
    public Counts counts(long nowNanos) {
        sweep(nowNanos);
        return new Counts(byInside.size(), most, created, expired, 0, most);
    }

    private @Nullable Mapping begin(Key key, long nowNanos) {
        sweep(nowNanos);
        if (byInside.size() >= Math.min(behavior.quota(), PORTS)) {
            return null;
        }
        var mapping = new Mapping(key, allocatePort(key.inside.getPort()));
        byInside.put(key, mapping);
        byExternalPort.put(mapping.externalPort, mapping);
        created++;
        most = Math.max(most, byInside.size());
        return mapping;
    }

    private boolean permitted(Mapping mapping, InetSocketAddress remote, long nowNanos) {
        Long opened = mapping.permissions.get(behavior.filtering().part(remote));
        return opened != null
                && (behavior.refresh() == Refresh.BOTH
                        || nowNanos - opened < behavior.mappingLifetime().toNanos());
    }

    private @Nullable Mapping live(@Nullable Mapping mapping, long nowNanos) {
        if (mapping == null) {
            return null;
        }
        Duration lifetime =
                mapping.replied ? behavior.mappingLifetime() : behavior.unrepliedLifetime();
        if (nowNanos - mapping.usedNanos < lifetime.toNanos()) {
            return mapping;
        }
        byInside.remove(mapping.key);
        byExternalPort.remove(mapping.externalPort);
        expired++;
        return null;
    }

    private void sweep(long nowNanos) {
        List.copyOf(byInside.values()).forEach(mapping -> live(mapping, nowNanos));
    }

    private int allocatePort(int insidePort) {
        int step = 1;
        int port =
                switch (behavior.ports()) {
                    case PRESERVE -> Math.max(insidePort, FIRST_PORT) + restarts * PRESERVED_SHIFT;
                    case RANDOM -> FIRST_PORT + random.nextInt(PORTS);
                    case SEQUENTIAL -> {
                        step = behavior.sequence().step();
                        yield nextPort;
                    }
                };
        port = wrap(port);
        while (byExternalPort.containsKey(port)) {
            port = wrap(port + step);
        }
        nextPort = wrap(port + step);
        return port;
    }

    private static int wrap(int port) {
        return FIRST_PORT + Math.floorMod(port - FIRST_PORT, PORTS);
    }

    private record Key(InetSocketAddress inside, Object remotePart) {}

    private static final class Mapping {
        private final Key key;
        private final int externalPort;
        private final Map<Object, Long> permissions = new HashMap<>();
        private long usedNanos;
        private boolean replied;

        private Mapping(Key key, int externalPort) {
            this.key = key;
            this.externalPort = externalPort;
        }
    }
}
