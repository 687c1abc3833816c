package natt.core.doctor;

import natt.core.Addresses;
import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.PortAllocation;
import natt.core.doctor.Side.Six;
import natt.core.status.Report;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What the other end's doctor said of it: the field `side` of its report.
///
/// @param external the address at which others see it, if it is behind a NAT
public record PeerReport(Side side, Optional<InetAddress> external) {
    /// Changes when what older programs read in a report means something else.
    static final int FORMAT = 1;

    /// Reads a report.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static PeerReport parse(String json) {
        Map<String, Object> all;
        try {
            all = Json.object(json);
        } catch (IllegalArgumentException malformed) {
            throw new IllegalArgumentException(
                    "is no report of natt doctor --json: " + malformed.getMessage(), malformed);
        }
        double format = Json.number(all, "format").orElse(0.0);
        Map<String, Object> side = Json.object(all, "side");
        if (format != FORMAT || side.isEmpty()) {
            throw new IllegalArgumentException(
                    "is no report of natt doctor --json of format " + FORMAT);
        }
        return new PeerReport(side(side), Json.string(side, "external").flatMap(Addresses::parse));
    }

    private static Side side(Map<String, Object> side) {
        var behavior =
                new NatBehavior(
                        dependence(side, "mapping"),
                        dependence(side, "filtering"),
                        ports(side),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty());
        String six = Json.string(side, "ipv6").orElse("").toUpperCase(Locale.ROOT);
        return new Side(
                behavior,
                Json.isTrue(side, "translates"),
                Json.isTrue(side, "udp"),
                Json.isTrue(side, "mapped"),
                Arrays.stream(Six.values())
                        .filter(each -> each.name().equals(six))
                        .findFirst()
                        .orElse(Six.NONE));
    }

    private static Dependence dependence(Map<String, Object> side, String key) {
        String words = Json.string(side, key).orElse("");
        return Arrays.stream(Dependence.values())
                .filter(each -> Words.of(each).equals(words))
                .findFirst()
                .orElse(Dependence.UNKNOWN);
    }

    private static PortAllocation ports(Map<String, Object> side) {
        return switch (Json.string(side, "ports").orElse("")) {
            case "preserving" -> new PortAllocation.Preserving();
            case "random" -> new PortAllocation.Random();
            case "sequential" ->
                    new PortAllocation.Sequential(
                            Json.number(side, "portStep").orElse(1.0).intValue());
            default -> new PortAllocation.Unknown();
        };
    }

    Report report() {
        NatBehavior behavior = side.behavior();
        var report =
                Report.builder()
                        .text("household", side.name())
                        .flag("udp", side.udp())
                        .flag("translates", side.nat())
                        .text("mapping", Words.of(behavior.mapping()))
                        .text("filtering", Words.of(behavior.filtering()))
                        .text("ports", Words.key(behavior.ports()));
        if (behavior.ports() instanceof PortAllocation.Sequential(int step)) {
            report.count("portStep", step);
        }
        report.flag("mapped", side.mapped())
                .text("ipv6", side.six().name().toLowerCase(Locale.ROOT));
        external.ifPresent(each -> report.text("external", Addresses.format(each)));
        return report.build();
    }
}
