package natt.discovery.stun.proto;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import natt.core.Dependence;
import natt.core.Route;
import natt.core.spi.AddressDiscovery.Observation;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What the answers of several servers to one socket say about the mapping (RFC 4787, section
/// 4.1): both addresses of one server that speaks RFC 5780, or those of several servers.
final class MappingRule {
    private MappingRule() {}

    static Dependence of(List<Observation> seen) {
        Map<InetAddress, List<Observation>> byAddress =
                seen.stream().collect(groupingBy(each -> remote(each).getAddress()));
        if (isAgreed(seen, byAddress.size())) {
            return byAddress.size() > 1
                    ? Dependence.ENDPOINT_INDEPENDENT
                    : ports(seen) > 1 ? Dependence.AT_MOST_ADDRESS_DEPENDENT : Dependence.UNKNOWN;
        }
        if (byAddress.values().stream().anyMatch(each -> mappings(each) > 1)) {
            return Dependence.ADDRESS_AND_PORT_DEPENDENT;
        }
        return byAddress.values().stream().anyMatch(each -> ports(each) > 1)
                ? Dependence.ADDRESS_DEPENDENT
                : Dependence.AT_LEAST_ADDRESS_DEPENDENT;
    }

    /// Whether all see the same, or, of at least three servers, more than half: the others lie or
    /// are reached in another way, since a dependent mapping shows no two of them the same.
    private static boolean isAgreed(List<Observation> seen, int addresses) {
        if (mappings(seen) <= 1) {
            return true;
        }
        Map<InetSocketAddress, Long> seers =
                seen.stream()
                        .map(each -> new Sight(each.mapped(), remote(each).getAddress()))
                        .distinct()
                        .collect(groupingBy(Sight::mapped, counting()));
        return addresses > 2 && seers.values().stream().anyMatch(count -> 2 * count > addresses);
    }

    private record Sight(InetSocketAddress mapped, InetAddress by) {}

    private static InetSocketAddress remote(Observation observation) {
        return Route.remote(observation.server());
    }

    private static int mappings(List<Observation> seen) {
        Set<InetSocketAddress> all = new HashSet<>();
        seen.forEach(each -> all.add(each.mapped()));
        return all.size();
    }

    private static int ports(List<Observation> seen) {
        Set<Integer> all = new HashSet<>();
        seen.forEach(each -> all.add(remote(each).getPort()));
        return all.size();
    }
}
