package natt.core.doctor;

import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.PortAllocation;

/// One of two peers, as far as it matters to whether they meet.
///
/// @param nat whether there is a NAT; if not, `behavior` is that of a firewall
/// @param udp whether UDP leaves the network
/// @param mapped whether the gateway maps a port to it that everybody can send to
/// @param six what its IPv6 does
public record Side(NatBehavior behavior, boolean nat, boolean udp, boolean mapped, Six six) {

    /// What becomes of IPv6.
    public enum Six {
        /// There is none that leads to the Internet.
        NONE,
        /// A firewall lets in only those whom the machine has called, or may.
        FILTERED,
        /// Everybody can send to it.
        OPEN
    }

    /// Where nothing leaves by UDP.
    public static final Side BLOCKED = new Side(NatBehavior.UNKNOWN, true, false, false, Six.NONE);

    /// A NAT that preserves ports and hides nothing else.
    static Side of(Dependence mapping, Dependence filtering, PortAllocation ports) {
        var behavior =
                new NatBehavior(
                        mapping,
                        filtering,
                        ports,
                        NatBehavior.UNKNOWN.hairpins(),
                        NatBehavior.UNKNOWN.keepsUnsolicited(),
                        NatBehavior.UNKNOWN.mappingLifetime());
        return new Side(behavior, true, true, false, Six.NONE);
    }

    /// Whether the other can send to it before it has sent anything itself.
    boolean isOpenTo(Side other) {
        return udp && other.udp && (mapped || isFullCone() || six == Six.OPEN && other.hasSix());
    }

    boolean hasSix() {
        return six != Six.NONE;
    }

    private boolean isFullCone() {
        return behavior.mapping() == Dependence.ENDPOINT_INDEPENDENT
                && behavior.filtering() == Dependence.ENDPOINT_INDEPENDENT;
    }

    /// The household name, as in `port-restricted`.
    public String name() {
        return udp ? Words.household(this) : "UDP blocked";
    }
}
