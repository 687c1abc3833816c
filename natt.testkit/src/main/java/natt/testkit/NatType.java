package natt.testkit;

import static natt.testkit.SimNat.Dependence.ADDRESS_AND_PORT_DEPENDENT;
import static natt.testkit.SimNat.Dependence.ADDRESS_DEPENDENT;
import static natt.testkit.SimNat.Dependence.ENDPOINT_INDEPENDENT;
import static natt.testkit.SimNat.PortAllocation.PRESERVE;
import static natt.testkit.SimNat.PortAllocation.RANDOM;

import natt.testkit.SimNat.Behavior;
import natt.testkit.SimNat.Dependence;
import natt.testkit.SimNat.Hairpinning;
import natt.testkit.SimNat.PortAllocation;
import natt.testkit.SimNat.Refresh;
import natt.testkit.SimNat.Udp;

import java.util.Arrays;
import java.util.Locale;

/// The types of NAT of the laboratory, by its names, with what it does unless told otherwise: two
/// minutes, refreshed by both directions, and no hairpinning.
public enum NatType {
    FULL_CONE(rfc4787(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT, PRESERVE)),
    FULL_CONE_RANDOM(rfc4787(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT, RANDOM)),
    ADDR_RESTRICTED(rfc4787(ENDPOINT_INDEPENDENT, ADDRESS_DEPENDENT, PRESERVE)),
    PORT_RESTRICTED(rfc4787(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT, PRESERVE)),
    PORT_RESTRICTED_RANDOM(rfc4787(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT, RANDOM)),
    SYMMETRIC(rfc4787(ADDRESS_AND_PORT_DEPENDENT, ADDRESS_AND_PORT_DEPENDENT, RANDOM)),
    SYMMETRIC_ADDR(rfc4787(ADDRESS_DEPENDENT, ADDRESS_AND_PORT_DEPENDENT, RANDOM)),
    SYMMETRIC_SEQ(
            rfc4787(ADDRESS_AND_PORT_DEPENDENT, ADDRESS_AND_PORT_DEPENDENT, RANDOM)
                    .withSequence(20_000, 1)),
    SYMMETRIC_OPEN(rfc4787(ADDRESS_AND_PORT_DEPENDENT, ENDPOINT_INDEPENDENT, RANDOM)),
    LINUX(SimConntrack.masquerade()),
    LINUX_RANDOM(SimConntrack.masqueradeFullyRandom()),
    FIREWALL(SimConntrack.firewall()),
    OPEN(SimTranslator.Model.open()),
    UDP_BLOCKED(rfc4787(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT, PRESERVE).with(Udp.NONE)),
    DNS_ONLY(rfc4787(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT, PRESERVE).with(new Udp(53)));

    private final SimTranslator.Model model;

    NatType(SimTranslator.Model model) {
        this.model = model;
    }

    private static Behavior rfc4787(Dependence mapping, Dependence filter, PortAllocation ports) {
        return Behavior.of(mapping, filter)
                .withPorts(ports)
                .withRefresh(Refresh.BOTH)
                .with(Hairpinning.NONE);
    }

    /// The type with this name in the laboratory.
    public static NatType of(String label) {
        return Arrays.stream(values())
                .filter(type -> type.label().equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no type of NAT: " + label));
    }

    /// The name in the laboratory.
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public SimTranslator.Model model() {
        return model;
    }

    /// The behavior, to be changed in detail.
    ///
    /// @throws IllegalStateException if the type is not one of RFC 4787's axes
    public Behavior behavior() {
        if (model instanceof Behavior behavior) {
            return behavior;
        }
        throw new IllegalStateException(label() + " has no behavior of RFC 4787");
    }

    /// Whether hosts behind it have addresses of their own realm. If not, they have public ones.
    public boolean translates() {
        return model.translates();
    }

    /// Whether UDP reaches ordinary ports through it.
    public boolean passesUdp() {
        return this != UDP_BLOCKED && this != DNS_ONLY;
    }
}
