package natt.core.doctor;

import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.PortAllocation;

/// The words for what NATs do: those of RFC 4787, and those of households.
final class Words {
    private Words() {}

    /// In the words of RFC 4787, and with the household's in brackets.
    static String describe(Side side) {
        NatBehavior behavior = side.behavior();
        String filtering = of(behavior.filtering()) + " filtering";
        String all = side.nat() ? of(behavior.mapping()) + " mapping, " + filtering : filtering;
        return "%s (%s)".formatted(all, household(side));
    }

    static String of(Dependence dependence) {
        return switch (dependence) {
            case ENDPOINT_INDEPENDENT -> "endpoint-independent";
            case ADDRESS_DEPENDENT -> "address-dependent";
            case ADDRESS_AND_PORT_DEPENDENT -> "address-and-port-dependent";
            case AT_MOST_ADDRESS_DEPENDENT -> "endpoint-independent or address-dependent";
            case AT_LEAST_ADDRESS_DEPENDENT -> "address-dependent or address-and-port-dependent";
            case UNKNOWN -> "unknown";
        };
    }

    static String household(Side side) {
        NatBehavior behavior = side.behavior();
        if (!side.nat()) {
            return behavior.filtering() == Dependence.ENDPOINT_INDEPENDENT
                    ? "open"
                    : behavior.filtering() == Dependence.UNKNOWN ? "no NAT" : "firewall";
        }
        if (behavior.mapping().most() == Dependence.ENDPOINT_INDEPENDENT) {
            return cone(behavior.filtering());
        }
        if (behavior.mapping().least() == Dependence.ENDPOINT_INDEPENDENT) {
            return "unknown NAT";
        }
        return switch (behavior.ports()) {
            case PortAllocation.Sequential _ -> "symmetric with counting ports";
            case PortAllocation.Random _ -> "symmetric with random ports";
            default -> "symmetric";
        };
    }

    private static String cone(Dependence filtering) {
        return switch (filtering) {
            case ENDPOINT_INDEPENDENT -> "full cone";
            case ADDRESS_DEPENDENT -> "address-restricted";
            case ADDRESS_AND_PORT_DEPENDENT -> "port-restricted";
            case AT_MOST_ADDRESS_DEPENDENT -> "full cone or address-restricted";
            case AT_LEAST_ADDRESS_DEPENDENT -> "address- or port-restricted";
            case UNKNOWN -> "some cone";
        };
    }

    /// How ports are chosen, or empty if that is not known.
    static String ports(PortAllocation ports) {
        return switch (ports) {
            case PortAllocation.Preserving _ -> "the NAT keeps the inside port (preserving)";
            case PortAllocation.Sequential(int step) ->
                    "the NAT counts its ports, by %d (sequential)".formatted(step);
            case PortAllocation.Random _ -> "the NAT chooses its ports at random";
            case PortAllocation.Unknown _ -> "";
        };
    }

    /// The same as one word for a program.
    static String key(PortAllocation ports) {
        return switch (ports) {
            case PortAllocation.Preserving _ -> "preserving";
            case PortAllocation.Sequential _ -> "sequential";
            case PortAllocation.Random _ -> "random";
            case PortAllocation.Unknown _ -> "unknown";
        };
    }
}
