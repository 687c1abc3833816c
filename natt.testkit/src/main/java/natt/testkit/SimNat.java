package natt.testkit;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/// A NAT on the two axes of RFC 4787: mapping (section 4.1) and filtering (section 5). It
/// translates addresses and has neither clock nor wires; see [SimRealm] for those.
///
/// Whom the filter lets in is kept for each mapping, as in translators that have one table: a
/// packet sent through one mapping opens no other. (Read word by word, RFC 4787 keeps it for
/// each internal endpoint. The two differ only where the mapping is not endpoint-independent.)
/// What goes out refreshes the mapping and its permission, what comes in does not.
public final class SimNat {
    private static final int FIRST_PORT = 1024;
    private static final int PORTS = 65_536 - FIRST_PORT;

    private final Behavior behavior;
    private final RandomGenerator random;
    private final Map<Key, Mapping> byInside = new LinkedHashMap<>();
    private final Map<Integer, Mapping> byExternalPort = new HashMap<>();
    private InetAddress externalAddress;
    private int portShift;
    private int nextPort;
    private long created;
    private long expired;
    private long filtered;
    private long unmapped;

    public SimNat(Behavior behavior, InetAddress externalAddress, RandomGenerator random) {
        this.behavior = behavior;
        this.externalAddress = externalAddress;
        this.random = random;
        nextPort = FIRST_PORT + random.nextInt(PORTS);
    }

    /// On how much of the remote transport address a behavior depends.
    public enum Dependence {
        ENDPOINT_INDEPENDENT,
        ADDRESS_DEPENDENT,
        ADDRESS_AND_PORT_DEPENDENT;

        /// The part of a remote transport address that matters.
        private Object part(InetSocketAddress remote) {
            return switch (this) {
                case ENDPOINT_INDEPENDENT -> this;
                case ADDRESS_DEPENDENT -> remote.getAddress();
                case ADDRESS_AND_PORT_DEPENDENT -> remote;
            };
        }
    }

    /// How a new mapping gets its external port.
    public enum PortAllocation {
        /// The inside port, or the next free one above.
        PRESERVE,
        RANDOM,
        /// One after the other from an arbitrary start.
        SEQUENTIAL
    }

    /// @param mappingLifetime how long a mapping, and a permission in it, lives after the last
    ///     packet out
    /// @param hairpins whether inside hosts reach each other by external addresses (section 6)
    public record Behavior(
            Dependence mapping,
            Dependence filtering,
            PortAllocation ports,
            Duration mappingLifetime,
            boolean hairpins) {

        /// Random ports, the two minutes of RFC 4787, REQ-5, and hairpinning.
        public static Behavior of(Dependence mapping, Dependence filtering) {
            return new Behavior(
                    mapping, filtering, PortAllocation.RANDOM, Duration.ofMinutes(2), true);
        }

        public Behavior withPorts(PortAllocation newPorts) {
            return new Behavior(mapping, filtering, newPorts, mappingLifetime, hairpins);
        }

        public Behavior withMappingLifetime(Duration newLifetime) {
            return new Behavior(mapping, filtering, ports, newLifetime, hairpins);
        }

        public Behavior withHairpins(boolean newHairpins) {
            return new Behavior(mapping, filtering, ports, mappingLifetime, newHairpins);
        }
    }

    /// What comes in: whom it is for, or why it is dropped.
    ///
    /// @param to the inside transport address, null unless the fate is PASSED
    public record Entry(SimFate fate, @Nullable InetSocketAddress to) {}

    public Behavior behavior() {
        return behavior;
    }

    public InetAddress externalAddress() {
        return externalAddress;
    }

    /// Translates the source of a packet that leaves, making or refreshing a mapping.
    public InetSocketAddress outbound(
            InetSocketAddress inside, InetSocketAddress remote, long nowNanos) {
        expire(nowNanos);
        var key = new Key(inside, behavior.mapping.part(remote));
        Mapping mapping = byInside.get(key);
        if (mapping == null) {
            mapping = new Mapping(inside, allocatePort(inside.getPort()));
            byInside.put(key, mapping);
            byExternalPort.put(mapping.externalPort, mapping);
            created++;
        }
        mapping.usedNanos = nowNanos;
        mapping.permissions.put(behavior.filtering.part(remote), nowNanos);
        return new InetSocketAddress(externalAddress, mapping.externalPort);
    }

    /// Translates the destination of a packet that arrives.
    public Entry inbound(InetSocketAddress remote, InetSocketAddress external, long nowNanos) {
        expire(nowNanos);
        Mapping mapping = byExternalPort.get(external.getPort());
        if (mapping == null || !external.getAddress().equals(externalAddress)) {
            unmapped++;
            return new Entry(SimFate.UNMAPPED, null);
        }
        if (!mapping.permissions.containsKey(behavior.filtering.part(remote))) {
            filtered++;
            return new Entry(SimFate.FILTERED, null);
        }
        return new Entry(SimFate.PASSED, mapping.inside);
    }

    /// Drops all mappings, as a restart does. New ones have other ports, preserved or not.
    public void rebind() {
        byInside.clear();
        byExternalPort.clear();
        portShift++;
    }

    /// Changes the external address and drops all mappings.
    public void renumber(InetAddress newExternalAddress) {
        rebind();
        externalAddress = newExternalAddress;
    }

    /// How many mappings are alive.
    public int mappings(long nowNanos) {
        expire(nowNanos);
        return byInside.size();
    }

    /// How many mappings have been made.
    public long created() {
        return created;
    }

    /// How many mappings have ended because nothing went out.
    public long expired() {
        return expired;
    }

    /// How many packets the filter has kept out.
    public long filtered() {
        return filtered;
    }

    /// How many packets came to an external port without a mapping.
    public long unmapped() {
        return unmapped;
    }

    void countHairpinRefused() {
        unmapped++;
    }

    private void expire(long nowNanos) {
        long lifetime = behavior.mappingLifetime.toNanos();
        var all = byInside.values().iterator();
        while (all.hasNext()) {
            Mapping mapping = all.next();
            if (nowNanos - mapping.usedNanos >= lifetime) {
                all.remove();
                byExternalPort.remove(mapping.externalPort);
                expired++;
            } else {
                mapping.permissions.values().removeIf(used -> nowNanos - used >= lifetime);
            }
        }
    }

    private int allocatePort(int insidePort) {
        if (byExternalPort.size() == PORTS) {
            throw new IllegalStateException("the test has used every port of a NAT");
        }
        int port =
                switch (behavior.ports) {
                    case PRESERVE -> insidePort + portShift;
                    case RANDOM -> FIRST_PORT + random.nextInt(PORTS);
                    case SEQUENTIAL -> nextPort;
                };
        port = wrap(port);
        while (byExternalPort.containsKey(port)) {
            port = wrap(port + 1);
        }
        nextPort = wrap(port + 1);
        return port;
    }

    private static int wrap(int port) {
        return FIRST_PORT + Math.floorMod(port - FIRST_PORT, PORTS);
    }

    private record Key(InetSocketAddress inside, Object remotePart) {}

    private static final class Mapping {
        private final InetSocketAddress inside;
        private final int externalPort;
        private final Map<Object, Long> permissions = new HashMap<>();
        private long usedNanos;

        private Mapping(InetSocketAddress inside, int externalPort) {
            this.inside = inside;
            this.externalPort = externalPort;
        }
    }
}
