package natt.core.doctor;

import natt.core.Addresses;
import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.doctor.Side.Six;
import natt.core.status.Report;

import java.net.InetAddress;
import java.util.List;

/// What is known of IPv6.
///
/// @param global this machine's addresses that are not special
/// @param asked how many servers have such an address
/// @param answered how many of them
/// @param behavior of what is in front of it
record SixFacts(List<InetAddress> global, int asked, int answered, NatBehavior behavior) {
    SixFacts {
        global = List.copyOf(global);
    }

    Six six() {
        if (answered == 0) {
            return Six.NONE;
        }
        return behavior.filtering() == Dependence.ENDPOINT_INDEPENDENT ? Six.OPEN : Six.FILTERED;
    }

    Section judge() {
        return new Section("ipv6", report(), List.of(finding()));
    }

    private Finding finding() {
        if (global.isEmpty()) {
            return Finding.note("ipv6", "this machine has no global IPv6 address");
        }
        String address = Addresses.format(global.getFirst());
        if (asked == 0) {
            return Finding.note(
                    "ipv6",
                    address
                            + " is global; no server has IPv6, so whether it is reached is"
                            + " unknown");
        }
        if (answered == 0) {
            return Finding.note("ipv6", address + " is global, but no server answers over IPv6");
        }
        if (behavior.filtering() == Dependence.UNKNOWN) {
            return Finding.note(
                    "ipv6",
                    address + " is global and used; whether strangers get in is not known",
                    "Ask two servers over IPv6 that speak RFC 5780: --stun.");
        }
        String words = Words.of(behavior.filtering()) + " filtering";
        if (six() == Six.OPEN) {
            return Finding.ok("ipv6", "%s is reached by everybody (%s)".formatted(address, words));
        }
        return Finding.note(
                "ipv6",
                "%s is global, with a firewall that lets in whom this machine has called (%s)"
                        .formatted(address, words),
                "Open natts' UDP port to this machine in the router's IPv6 firewall (a pinhole).");
    }

    private Report report() {
        return Report.builder()
                .texts("global", global.stream().map(Addresses::format).toList())
                .count("serversAsked", asked)
                .count("serversAnswered", answered)
                .text("filtering", Words.of(behavior.filtering()))
                .build();
    }
}
