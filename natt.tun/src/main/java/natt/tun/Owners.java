package natt.tun;

import natt.core.keys.AddressPrefix;
import natt.core.status.Report;
import natt.tun.packet.AllowedIps;
import natt.tun.packet.FarEnd;
import natt.tun.packet.LocalAddress;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Who owns which inner addresses. A prefix that several claim is the first one's, and the next
/// one's once that has gone.
final class Owners {
    private record Claim(String name, FarEnd end, List<AddressPrefix> prefixes) {}

    private final Set<AddressPrefix> own;
    private final List<Claim> claims = new ArrayList<>();

    Owners(List<LocalAddress> locals) {
        own = locals.stream().map(LocalAddress::host).collect(Collectors.toSet());
    }

    /// Adds what a far end claims.
    ///
    /// @return what it does not get, and why, a line each
    List<String> add(String name, FarEnd end, List<AddressPrefix> prefixes) {
        var claim = new Claim(name, end, List.copyOf(prefixes));
        Map<AddressPrefix, Claim> before = owners();
        claims.add(claim);
        var refused = new ArrayList<String>();
        for (AddressPrefix each : prefixes) {
            Claim other = before.get(each);
            if (own.contains(each)) {
                refused.add("%s does not get %s, which is this device's own".formatted(name, each));
            } else if (other != null && other.end() != end) {
                refused.add("%s does not get %s, which %s has".formatted(name, each, other.name()));
            }
        }
        return refused;
    }

    void remove(FarEnd end) {
        claims.removeIf(each -> each.end() == end);
    }

    private Map<AddressPrefix, Claim> owners() {
        Map<AddressPrefix, Claim> owners = new HashMap<>();
        for (Claim claim : claims) {
            for (AddressPrefix each : claim.prefixes()) {
                if (!own.contains(each)) {
                    owners.putIfAbsent(each, claim);
                }
            }
        }
        return owners;
    }

    AllowedIps<FarEnd> allowed() {
        AllowedIps.Builder<FarEnd> allowed = AllowedIps.builder();
        owners().forEach((prefix, claim) -> allowed.add(prefix, claim.end()));
        return allowed.build();
    }

    /// For each far end its name and what it owns.
    List<Report> reports() {
        Map<AddressPrefix, Claim> owners = owners();
        return claims.stream()
                .map(
                        claim ->
                                Report.builder()
                                        .text("peer", claim.name())
                                        .texts(
                                                "ips",
                                                claim.prefixes().stream()
                                                        .filter(each -> owners.get(each) == claim)
                                                        .map(AddressPrefix::toString)
                                                        .toList())
                                        .build())
                .toList();
    }
}
