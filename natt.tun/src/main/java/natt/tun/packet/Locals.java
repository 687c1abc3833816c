package natt.tun.packet;

import natt.core.keys.AddressPrefix;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The addresses of the device, those that mean all hosts of its networks, and whether it is to
/// exchange packets with addresses that are good on one link only.
final class Locals {
    private enum Kind {
        HOST,
        BROADCAST
    }

    private final AllowedIps<Kind> kinds;
    private final boolean linkLocalIpv4;
    private final boolean linkLocalIpv6;

    Locals(List<LocalAddress> addresses) {
        Map<AddressPrefix, Kind> found = new LinkedHashMap<>();
        addresses.forEach(each -> found.put(each.host(), Kind.HOST));
        for (LocalAddress each : addresses) {
            if (each.hasBroadcast()) {
                found.putIfAbsent(each.broadcast(), Kind.BROADCAST);
                found.putIfAbsent(new AddressPrefix(each.network().network(), 32), Kind.BROADCAST);
            }
        }
        AllowedIps.Builder<Kind> builder = AllowedIps.builder();
        found.forEach(builder::add);
        kinds = builder.build();
        linkLocalIpv4 = addresses.stream().anyMatch(each -> !each.isIpv6() && isLinkLocal(each));
        linkLocalIpv6 = addresses.stream().anyMatch(each -> each.isIpv6() && isLinkLocal(each));
    }

    private static boolean isLinkLocal(LocalAddress local) {
        byte[] bytes = local.address().getAddress();
        return AddressScope.of(local.isIpv6(), AllowedIps.high(bytes), AllowedIps.low(bytes))
                == AddressScope.LINK_LOCAL;
    }

    boolean linkLocal(boolean isIpv6) {
        return isIpv6 ? linkLocalIpv6 : linkLocalIpv4;
    }

    boolean has(boolean isIpv6, long high, long low) {
        return kinds.find(isIpv6, high, low) == Kind.HOST;
    }

    boolean isBroadcast(boolean isIpv6, long high, long low) {
        @Nullable Kind kind = kinds.find(isIpv6, high, low);
        return kind == Kind.BROADCAST;
    }
}
