package natt.core.node;

import natt.core.HostAndPort;
import natt.core.publish.SpecialPurpose;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.AddressDiscovery.Discovery;
import natt.core.spi.AddressDiscovery.Finding;
import natt.core.spi.AddressDiscovery.Observation;
import natt.core.spi.AddressDiscovery.Outvoted;

import org.jspecify.annotations.Nullable;

import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/// Learns the public address of one port in one family, and keeps to what may be published.
final class Reachability {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final Duration REFRESH = Duration.ofSeconds(15);

    /// The two families of addresses. Machines without IPv6 are common, so that its silence is not
    /// worth a warning.
    enum Family {
        IPV4,
        IPV6;

        static Family of(InetAddress address) {
            return address instanceof Inet4Address ? IPV4 : IPV6;
        }
    }

    private final Family family;
    private final int configured;
    private final boolean publishPrivate;
    private final boolean brokered;
    private final Runnable onUnanswered;
    private final Consumer<InetSocketAddress> onMapped;
    private final Discovery engine;
    private @Nullable InetSocketAddress address;
    private @Nullable InetAddress seen;
    private boolean known;
    private String state = "asking";

    /// @param configured how many STUN servers the user has named
    /// @param brokered whether clients can come by a broker
    /// @param onUnanswered called when too few servers answer
    /// @param onMapped is given every new address that may be published
    Reachability(
            Family family,
            AddressDiscovery discovery,
            int configured,
            boolean publishPrivate,
            boolean brokered,
            Runnable onUnanswered,
            Consumer<InetSocketAddress> onMapped,
            RandomGenerator random,
            long nowNanos) {
        this.family = family;
        this.configured = configured;
        this.publishPrivate = publishPrivate;
        this.brokered = brokered;
        this.onUnanswered = onUnanswered;
        this.onMapped = onMapped;
        engine = discovery.open(new AddressDiscovery.Context(REFRESH, nowNanos, random));
    }

    Family family() {
        return family;
    }

    Discovery engine() {
        return engine;
    }

    /// Whether the servers have said anything, of use or not.
    boolean known() {
        return known;
    }

    /// What the servers said last, in a few words.
    String state() {
        return state;
    }

    /// The IP address on which the servers agree, even if not on a port.
    @Nullable InetAddress seen() {
        return seen;
    }

    @Nullable InetSocketAddress address() {
        return address;
    }

    /// Replaces the servers to ask: those of this family among the given ones.
    void useServers(List<InetSocketAddress> servers, long nowNanos) {
        List<InetSocketAddress> ours =
                servers.stream().filter(s -> Family.of(s.getAddress()) == family).toList();
        if (ours.isEmpty()) {
            known = true;
        } else {
            engine.useServers(ours, Math.max(configured, ours.size()), nowNanos);
        }
    }

    void refresh(long nowNanos) {
        engine.refresh(nowNanos);
    }

    /// Takes what the engine has found.
    void poll() {
        for (Finding finding; (finding = engine.pollFinding()) != null; ) {
            known = true;
            state = describe(finding);
            found(finding);
        }
        for (Outvoted liar; (liar = engine.pollOutvoted()) != null; ) {
            LOG.log(
                    Level.WARNING,
                    "the STUN server {0} says {1}, which the majority contradicts",
                    HostAndPort.format(liar.server()),
                    HostAndPort.format(liar.said()));
        }
    }

    private static String describe(Finding finding) {
        return switch (finding) {
            case Finding.Mapped _ -> "agreed";
            case Finding.AddressDependentMapping _ -> "address-dependent mapping";
            case Finding.Disputed _ -> "disputed";
            case Finding.Unanswered(int asked, int answered) ->
                    "%d of %d servers answer".formatted(answered, asked);
        };
    }

    private void found(Finding finding) {
        switch (finding) {
            case Finding.Mapped(var mapped) -> {
                seen = mapped.getAddress();
                mapped(mapped);
            }
            case Finding.AddressDependentMapping(var each) -> {
                seen = each.getFirst().mapped().getAddress();
                LOG.log(
                        brokered ? Level.INFO : Level.WARNING,
                        "this NAT shows every STUN server another port ({0}): its mapping is"
                                + " address-dependent, so {1} and nothing new is published",
                        show(each.stream().map(Observation::mapped).toList()),
                        brokered
                                ? "clients come by the broker,"
                                : "no client can reach this port without a broker");
            }
            case Finding.Disputed(var each) ->
                    LOG.log(
                            Level.WARNING,
                            "the STUN servers contradict each other ({0}); nothing new is"
                                    + " published",
                            show(each));
            case Finding.Unanswered(int asked, int answered) -> {
                boolean expected = family == Family.IPV6 && address == null;
                LOG.log(
                        expected ? Level.DEBUG : Level.WARNING,
                        "{0} of {1} STUN servers answer{2}, too few for a majority; what was"
                                + " published stays, trying again",
                        answered,
                        asked,
                        family == Family.IPV6 ? " over IPv6" : "");
                if (!expected) {
                    onUnanswered.run();
                }
            }
        }
    }

    private static String show(List<InetSocketAddress> addresses) {
        return String.join(", ", addresses.stream().map(HostAndPort::format).toList());
    }

    private void mapped(InetSocketAddress mapped) {
        if (SpecialPurpose.includes(mapped.getAddress()) && !publishPrivate) {
            LOG.log(
                    Level.WARNING,
                    "the STUN servers see {0}, which is not a public address and is not published"
                            + " (--publish-private publishes it all the same)",
                    HostAndPort.format(mapped));
            return;
        }
        if (!mapped.equals(address)) {
            address = mapped;
            LOG.log(Level.INFO, "the public address is {0}", HostAndPort.format(mapped));
            onMapped.accept(mapped);
        }
    }
}
