package natt.core.session;

import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.PortAllocation;

import java.util.List;

/// Where a node may be reached, and what is known of the NATs in front of it.
///
/// @param behavior [NatBehavior#UNKNOWN] until it has been found out
/// @param candidates the best first; what does not fit into an offer is left out
public record LocalCandidates(NatBehavior behavior, List<Candidate> candidates) {
    public LocalCandidates {
        candidates =
                candidates.stream()
                        .filter(each -> each.address().getPort() != 0)
                        .distinct()
                        .limit(Offer.MOST_CANDIDATES)
                        .toList();
    }

    /// What of the behavior matters to a peer.
    Offer.Ports ports() {
        Dependence mapping = behavior.mapping();
        if (mapping.most() == Dependence.ENDPOINT_INDEPENDENT) {
            return Offer.Ports.INDEPENDENT;
        }
        if (mapping.least() == Dependence.ENDPOINT_INDEPENDENT) {
            return Offer.Ports.UNKNOWN;
        }
        return step() == 0 ? Offer.Ports.RANDOM : Offer.Ports.PREDICTABLE;
    }

    /// Whether a peer's datagram that comes too early takes a port away. Where it is not known,
    /// one that keeps ports is taken for Linux.
    boolean keepsUnsolicited() {
        return behavior.keepsUnsolicited()
                .orElse(behavior.ports() instanceof PortAllocation.Preserving);
    }

    /// From one new mapping to the next; 0 if that cannot be told.
    int step() {
        boolean counts =
                behavior.ports() instanceof PortAllocation.Sequential(int step)
                        && Math.abs(step) <= Short.MAX_VALUE;
        return counts && behavior.ports() instanceof PortAllocation.Sequential(int step) ? step : 0;
    }
}
