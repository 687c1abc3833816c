package natt.testkit;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.random.RandomGenerator;

/// A table of flows, as [SimConntrack] describes it.
final class FlowTranslator implements SimTranslator {
    private static final int FIRST_PORT = 1024;
    private static final int PORTS = 65_536 - FIRST_PORT;
    private static final int MOST_ATTEMPTS = 128;

    /// Only a flow that is still used at this age gets the longer lifetime.
    private static final long STREAM_AGE_NANOS = 2_000_000_000L;

    private static final int PRESERVED_SHIFT = 7919;

    private final SimConntrack rules;
    private final RandomGenerator random;
    private final Set<Flow> flows = new LinkedHashSet<>();

    /// Each flow twice, once for each direction.
    private final Map<Tuple, Flow> byTuple = new HashMap<>();

    /// Flows that began inside, by their inside transport address, the newest first.
    private final Map<InetSocketAddress, Deque<Flow>> bySource = new HashMap<>();

    private InetAddress externalAddress;
    private int restarts;
    private int unsolicited;
    private int most;
    private int mostInAll;
    private long created;
    private long expired;

    FlowTranslator(SimConntrack rules, InetAddress externalAddress, RandomGenerator random) {
        this.rules = rules;
        this.externalAddress = externalAddress;
        this.random = random;
    }

    @Override
    public Passage outbound(InetSocketAddress inside, InetSocketAddress remote, long nowNanos) {
        if (rules.masquerades() && remote.getAddress().equals(externalAddress)) {
            return Passage.refused(SimFate.UNMAPPED);
        }
        var tuple = new Tuple(inside, remote);
        Flow flow = live(tuple, nowNanos);
        if (flow != null) {
            flow.touch(tuple, rules, nowNanos);
            return Passage.to(flow.reply.to);
        }
        sweep(nowNanos);
        OptionalInt port =
                rules.masquerades()
                        ? choosePort(inside, remote, nowNanos)
                        : OptionalInt.of(inside.getPort());
        if (port.isEmpty()) {
            return Passage.refused(SimFate.NAT_FULL);
        }
        InetAddress source = rules.masquerades() ? externalAddress : inside.getAddress();
        var external = new InetSocketAddress(source, port.getAsInt());
        begin(new Flow(tuple, new Tuple(remote, external), true, rules, nowNanos));
        return Passage.to(external);
    }

    @Override
    public Passage inbound(InetSocketAddress remote, InetSocketAddress external, long nowNanos) {
        var tuple = new Tuple(remote, external);
        Flow flow = live(tuple, nowNanos);
        if (flow != null) {
            flow.touch(tuple, rules, nowNanos);
            return flow.fromInside
                    ? Passage.to(flow.original.from)
                    : Passage.refused(SimFate.UNMAPPED);
        }
        if (!rules.masquerades()) {
            return Passage.refused(SimFate.FILTERED);
        }
        if (rules.keepsUnsolicited() && external.getAddress().equals(externalAddress)) {
            sweep(nowNanos);
            begin(new Flow(tuple, new Tuple(external, remote), false, rules, nowNanos));
        }
        return Passage.refused(SimFate.UNMAPPED);
    }

    @Override
    public void rebind() {
        flows.clear();
        byTuple.clear();
        bySource.clear();
        unsolicited = 0;
        restarts++;
    }

    @Override
    public void renumber(InetAddress newExternalAddress) {
        rebind();
        externalAddress = newExternalAddress;
    }

    @Override
    public Counts counts(long nowNanos) {
        sweep(nowNanos);
        int mappings = flows.size() - unsolicited;
        return new Counts(mappings, most, created, expired, unsolicited, mostInAll);
    }

    private OptionalInt choosePort(
            InetSocketAddress inside, InetSocketAddress remote, long nowNanos) {
        if (!rules.randomPorts()) {
            Deque<Flow> others = bySource.get(inside);
            if (others != null) {
                int latest = others.getFirst().reply.to.getPort();
                if (isUnique(latest, remote, nowNanos)) {
                    return OptionalInt.of(latest);
                }
            }
            int preserved = inside.getPort();
            if (restarts > 0) {
                preserved = FIRST_PORT + (preserved + restarts * PRESERVED_SHIFT) % PORTS;
            }
            if (isUnique(preserved, remote, nowNanos)) {
                return OptionalInt.of(preserved);
            }
        }
        int offset = random.nextInt(PORTS);
        for (int i = 0; i < MOST_ATTEMPTS; i++) {
            int port = FIRST_PORT + (offset + i) % PORTS;
            if (isUnique(port, remote, nowNanos)) {
                return OptionalInt.of(port);
            }
        }
        return OptionalInt.empty();
    }

    /// Whether the remote's answers to this external port would belong to one flow only.
    private boolean isUnique(int port, InetSocketAddress remote, long nowNanos) {
        var answer = new Tuple(remote, new InetSocketAddress(externalAddress, port));
        return live(answer, nowNanos) == null;
    }

    private void begin(Flow flow) {
        flows.add(flow);
        byTuple.put(flow.original, flow);
        byTuple.put(flow.reply, flow);
        mostInAll = Math.max(mostInAll, flows.size());
        if (flow.fromInside) {
            created++;
            bySource.computeIfAbsent(flow.original.from, _ -> new ArrayDeque<>()).addFirst(flow);
            most = Math.max(most, flows.size() - unsolicited);
        } else {
            unsolicited++;
        }
    }

    private @Nullable Flow live(Tuple tuple, long nowNanos) {
        Flow flow = byTuple.get(tuple);
        return flow == null || end(flow, nowNanos) ? null : flow;
    }

    /// Forgets a flow whose time is over.
    private boolean end(Flow flow, long nowNanos) {
        if (nowNanos - flow.usedNanos < flow.lifetimeNanos) {
            return false;
        }
        flows.remove(flow);
        byTuple.remove(flow.original);
        byTuple.remove(flow.reply);
        if (flow.fromInside) {
            expired++;
            Deque<Flow> others = bySource.get(flow.original.from);
            if (others != null && others.remove(flow) && others.isEmpty()) {
                bySource.remove(flow.original.from);
            }
        } else {
            unsolicited--;
        }
        return true;
    }

    private void sweep(long nowNanos) {
        List.copyOf(flows).forEach(flow -> end(flow, nowNanos));
    }

    /// The addresses of packets of one direction.
    private record Tuple(InetSocketAddress from, InetSocketAddress to) {}

    private static final class Flow {
        /// As the packets that began the flow arrive at the translator, and as those of the other
        /// direction do.
        private final Tuple original;

        private final Tuple reply;
        private final boolean fromInside;
        private final long sinceNanos;
        private long usedNanos;
        private long lifetimeNanos;
        private boolean replied;

        private Flow(
                Tuple original, Tuple reply, boolean fromInside, SimConntrack rules, long now) {
            this.original = original;
            this.reply = reply;
            this.fromInside = fromInside;
            sinceNanos = now;
            usedNanos = now;
            lifetimeNanos = rules.unreplied().toNanos();
        }

        private void touch(Tuple tuple, SimConntrack rules, long nowNanos) {
            boolean stream = replied && nowNanos - sinceNanos > STREAM_AGE_NANOS;
            lifetimeNanos = (stream ? rules.replied() : rules.unreplied()).toNanos();
            usedNanos = nowNanos;
            replied |= tuple.equals(reply);
        }
    }
}
