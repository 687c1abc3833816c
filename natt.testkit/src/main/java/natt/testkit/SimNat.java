package natt.testkit;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/// A NAT or firewall: a translator, and counters of what went through it. It has neither clock
/// nor wires; see [SimRealm] for those.
public final class SimNat {
    private final SimTranslator.Model model;
    private final SimTranslator translator;
    private final Map<SimFate, Long> fates = new EnumMap<>(SimFate.class);
    private final SimRate outwards = new SimRate();
    private final SimRate inwards = new SimRate();
    private InetAddress externalAddress;

    public SimNat(SimTranslator.Model model, InetAddress externalAddress, RandomGenerator random) {
        this.model = model;
        this.externalAddress = externalAddress;
        translator = model.translator(externalAddress, random);
    }

    /// On how much of the remote transport address a behavior depends.
    public enum Dependence {
        ENDPOINT_INDEPENDENT,
        ADDRESS_DEPENDENT,
        ADDRESS_AND_PORT_DEPENDENT;

        /// The part of a remote transport address that matters.
        Object part(InetSocketAddress remote) {
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
        /// One after the other, as [Sequence] says.
        SEQUENTIAL
    }

    /// What keeps a mapping alive (RFC 4787, section 4.3).
    public enum Refresh {
        /// Packets that leave; and each permission by packets to its own remote.
        OUTBOUND,
        /// Packets of both directions; permissions live as long as their mapping.
        BOTH
    }

    /// Whether inside hosts reach each other by external addresses (RFC 4787, section 6).
    public enum Hairpinning {
        NONE,
        /// They see each other's external addresses.
        EXTERNAL_SOURCE,
        /// They see each other's inside addresses.
        INSIDE_SOURCE
    }

    /// The order of sequential ports.
    ///
    /// @param first 0 for an arbitrary one
    /// @param step from one to the next, negative to go down
    public record Sequence(int first, int step) {
        public Sequence {
            if (step == 0) {
                throw new IllegalArgumentException("a sequence needs a step");
            }
        }
    }

    /// To which remote ports UDP goes at all.
    ///
    /// @param onlyPort [#ALL], [#NONE], or the one port
    public record Udp(int onlyPort) {
        public static final Udp ALL = new Udp(-1);
        public static final Udp NONE = new Udp(0);

        boolean passes(int remotePort) {
            return onlyPort == ALL.onlyPort || onlyPort != NONE.onlyPort && onlyPort == remotePort;
        }
    }

    /// A NAT on the two axes of RFC 4787: mapping (section 4.1) and filtering (section 5).
    ///
    /// @param mappingLifetime how long a mapping lives after the last packet that refreshes it
    /// @param unrepliedLifetime the same until the first packet has come in
    /// @param quota the most mappings at once
    public record Behavior(
            Dependence mapping,
            Dependence filtering,
            PortAllocation ports,
            Sequence sequence,
            Duration mappingLifetime,
            Duration unrepliedLifetime,
            Refresh refresh,
            Hairpinning hairpinning,
            Udp udp,
            int quota)
            implements SimTranslator.Model {

        /// Random ports, the two minutes of RFC 4787, REQ-5, for packets that leave, and
        /// hairpinning.
        public static Behavior of(Dependence mapping, Dependence filtering) {
            Duration lifetime = Duration.ofMinutes(2);
            return new Behavior(
                    mapping,
                    filtering,
                    PortAllocation.RANDOM,
                    new Sequence(0, 1),
                    lifetime,
                    lifetime,
                    Refresh.OUTBOUND,
                    Hairpinning.EXTERNAL_SOURCE,
                    Udp.ALL,
                    Integer.MAX_VALUE);
        }

        public Behavior withPorts(PortAllocation newPorts) {
            return withAllocation(newPorts, sequence);
        }

        /// With sequential ports.
        ///
        /// @param first 0 for an arbitrary one
        public Behavior withSequence(int first, int step) {
            return withAllocation(PortAllocation.SEQUENTIAL, new Sequence(first, step));
        }

        public Behavior withMappingLifetime(Duration newLifetime) {
            return withLifetimes(newLifetime, newLifetime, refresh);
        }

        public Behavior withUnrepliedLifetime(Duration newLifetime) {
            return withLifetimes(mappingLifetime, newLifetime, refresh);
        }

        public Behavior withRefresh(Refresh newRefresh) {
            return withLifetimes(mappingLifetime, unrepliedLifetime, newRefresh);
        }

        public Behavior withHairpins(boolean hairpins) {
            return with(hairpins ? Hairpinning.EXTERNAL_SOURCE : Hairpinning.NONE);
        }

        public Behavior with(Hairpinning newHairpinning) {
            return withLimits(newHairpinning, udp, quota);
        }

        public Behavior with(Udp newUdp) {
            return withLimits(hairpinning, newUdp, quota);
        }

        public Behavior withQuota(int newQuota) {
            return withLimits(hairpinning, udp, newQuota);
        }

        @Override
        public SimTranslator translator(InetAddress externalAddress, RandomGenerator random) {
            return new MappingTranslator(this, externalAddress, random);
        }

        private Behavior withAllocation(PortAllocation allocation, Sequence newSequence) {
            return new Behavior(
                    mapping,
                    filtering,
                    allocation,
                    newSequence,
                    mappingLifetime,
                    unrepliedLifetime,
                    refresh,
                    hairpinning,
                    udp,
                    quota);
        }

        private Behavior withLifetimes(Duration replied, Duration unreplied, Refresh newRefresh) {
            return new Behavior(
                    mapping,
                    filtering,
                    ports,
                    sequence,
                    replied,
                    unreplied,
                    newRefresh,
                    hairpinning,
                    udp,
                    quota);
        }

        private Behavior withLimits(Hairpinning newHairpinning, Udp newUdp, int newQuota) {
            return new Behavior(
                    mapping,
                    filtering,
                    ports,
                    sequence,
                    mappingLifetime,
                    unrepliedLifetime,
                    refresh,
                    newHairpinning,
                    newUdp,
                    newQuota);
        }
    }

    /// Whether it gives packets its external address.
    public boolean translates() {
        return model.translates();
    }

    /// @throws IllegalStateException if it keeps addresses
    public InetAddress externalAddress() {
        if (!translates()) {
            throw new IllegalStateException("a firewall has no external address");
        }
        return externalAddress;
    }

    /// Translates the source of a packet that leaves, making or refreshing a mapping.
    public SimTranslator.Passage outbound(
            InetSocketAddress inside, InetSocketAddress remote, long nowNanos) {
        outwards.count(nowNanos);
        return counted(translator.outbound(inside, remote, nowNanos));
    }

    /// Translates the destination of a packet that arrives.
    public SimTranslator.Passage inbound(
            InetSocketAddress remote, InetSocketAddress external, long nowNanos) {
        inwards.count(nowNanos);
        return counted(translator.inbound(remote, external, nowNanos));
    }

    /// Drops all mappings, as a restart does. New ones have other ports, preserved or not.
    public void rebind() {
        translator.rebind();
    }

    /// Changes the external address and drops all mappings.
    public void renumber(InetAddress newExternalAddress) {
        translator.renumber(newExternalAddress);
        externalAddress = newExternalAddress;
    }

    /// Goes over the next sequential ports, as if mappings of other hosts had taken them.
    public void skipPorts(int count) {
        translator.skipPorts(count);
    }

    /// How many mappings (or flows that began inside) are alive.
    public int mappings(long nowNanos) {
        return translator.counts(nowNanos).mappings();
    }

    /// All counts of mappings, the most at once among them.
    public SimTranslator.Counts counts(long nowNanos) {
        return translator.counts(nowNanos);
    }

    /// How many packets met this fate here.
    public long count(SimFate fate) {
        return fates.getOrDefault(fate, 0L);
    }

    /// How many packets the filter has kept out.
    public long filtered() {
        return count(SimFate.FILTERED);
    }

    /// How many packets came to an external port without a mapping.
    public long unmapped() {
        return count(SimFate.UNMAPPED);
    }

    /// How many packets came from inside, whether they passed or not.
    public long packetsOut() {
        return outwards.total();
    }

    /// How many packets came from outside, whether they passed or not.
    public long packetsIn() {
        return inwards.total();
    }

    /// The most packets that came from inside within any one second.
    public int mostOutPerSecond() {
        return outwards.most();
    }

    /// The most packets that came from outside within any one second.
    public int mostInPerSecond() {
        return inwards.most();
    }

    /// Begins to look for the most packets per second anew, at the beginning of what is measured.
    public void forgetMostPerSecond() {
        outwards.forgetMost();
        inwards.forgetMost();
    }

    /// Whether inside hosts that meet at the external address see each other's inside sources.
    boolean hairpinsWithInsideSources() {
        return translator.hairpinsWithInsideSources();
    }

    private SimTranslator.Passage counted(SimTranslator.Passage passage) {
        fates.merge(passage.fate(), 1L, Long::sum);
        return passage;
    }
}
