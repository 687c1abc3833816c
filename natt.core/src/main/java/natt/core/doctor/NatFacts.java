package natt.core.doctor;

import natt.core.Addresses;
import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.status.Report;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What STUN servers tell of the NATs and the firewall in front of IPv4.
///
/// @param asked how many servers
/// @param answered how many of them
/// @param external the address that they see
/// @param own whether this machine has that address itself
/// @param behavior [NatBehavior#UNKNOWN] if nobody answers
/// @param port53 whether something answers by UDP on port 53 though no server does elsewhere
/// @param longestLifetime until what idle time the mapping lifetime was looked for; zero if it
///     was not
record NatFacts(
        int asked,
        int answered,
        Optional<InetAddress> external,
        boolean own,
        NatBehavior behavior,
        boolean port53,
        Duration longestLifetime) {

    /// Below it, keepalives of 15 s do not keep a mapping.
    private static final Duration KEEPALIVE = Duration.ofSeconds(15);

    static NatFacts unasked() {
        return new NatFacts(
                0, 0, Optional.empty(), false, NatBehavior.UNKNOWN, false, Duration.ZERO);
    }

    /// Nobody answers.
    static NatFacts silent(int asked) {
        return new NatFacts(
                asked, 0, Optional.empty(), false, NatBehavior.UNKNOWN, false, Duration.ZERO);
    }

    boolean isKnown() {
        return answered > 0;
    }

    /// @param tls whether a broker answers over TLS, so that blocked UDP is no end
    Section judge(boolean tls) {
        var findings = new ArrayList<Finding>();
        if (asked == 0) {
            findings.add(
                    Finding.note(
                            "nat",
                            "no server is asked, so that nothing is known of a NAT",
                            "Name a STUN server with --stun, or a broker with --broker."));
        } else if (answered == 0) {
            findings.add(silence(tls));
        } else {
            answered(findings);
        }
        return new Section("nat", report(), findings);
    }

    private Finding silence(boolean tls) {
        String text =
                port53
                        ? "UDP passes to port 53 only: no STUN server answers on its own port"
                        : asked == 1
                                ? "the STUN server does not answer: UDP is blocked, or it is down"
                                : "none of %d STUN servers answers: UDP is blocked, or there is no way to them"
                                        .formatted(asked);
        return tls
                ? Finding.note("udp", text + "; the broker is reached over TLS, at its pace")
                : Finding.problem(
                        "udp",
                        text,
                        "Let UDP out at the firewall, or use a broker that listens for TLS on port"
                                + " 443: --broker HOST.");
    }

    private void answered(List<Finding> findings) {
        String seen = external.map(each -> ", which see " + Addresses.format(each)).orElse("");
        findings.add(
                Finding.ok(
                        "udp",
                        "UDP passes: %d of %d STUN servers answer%s"
                                .formatted(answered, asked, seen)));
        Side side = side();
        String words = (own ? "no NAT, " : "") + Words.describe(side);
        boolean dependent = behavior.mapping().least() != Dependence.ENDPOINT_INDEPENDENT;
        findings.add(
                dependent
                        ? Finding.note(
                                "nat",
                                words,
                                "On pfSense or OPNsense set 'static port' for this machine in the"
                                    + " outbound NAT; elsewhere let the router map ports, or use a"
                                    + " broker.")
                        : Finding.ok("nat", words));
        String ports = Words.ports(behavior.ports());
        if (!own && !ports.isEmpty()) {
            findings.add(Finding.ok("ports", ports));
        }
        behavior.hairpins().filter(_ -> !own).map(NatFacts::hairpin).ifPresent(findings::add);
        if (longestLifetime.isPositive()) {
            findings.add(lifetimeFinding());
        }
    }

    private static Finding hairpin(boolean hairpins) {
        return hairpins
                ? Finding.ok("hairpin", "the NAT leads its own address back inside")
                : Finding.note(
                        "hairpin",
                        "the NAT does not lead its own address back inside: nodes behind it meet by"
                                + " their local addresses, which natt offers");
    }

    private Finding lifetimeFinding() {
        if (behavior.mappingLifetime().isEmpty()) {
            return Finding.note("lifetime", "the mapping lifetime could not be found out");
        }
        Duration lasts = behavior.mappingLifetime().get();
        String text = "a mapping without traffic lives at least %d s".formatted(lasts.toSeconds());
        boolean enough = lasts.compareTo(KEEPALIVE) >= 0 || lasts.equals(longestLifetime);
        return enough
                ? Finding.ok("lifetime", text)
                : Finding.problem(
                        "lifetime",
                        text + ", less than the 15 s between keepalives",
                        "Raise the router's UDP timeout to 30 s or more.");
    }

    /// This side of a pair, but for port mapping and IPv6.
    Side side() {
        boolean udp = asked == 0 || answered > 0;
        return new Side(behavior, !own, udp, false, Side.Six.NONE);
    }

    private Report report() {
        var report =
                Report.builder()
                        .count("serversAsked", asked)
                        .count("serversAnswered", answered)
                        .flag("udp", answered > 0)
                        .flag("port53Only", answered == 0 && port53);
        external.ifPresent(each -> report.text("external", Addresses.format(each)));
        if (answered > 0) {
            report.flag("translates", !own).text("household", Words.household(side()));
        }
        behavior.hairpins().ifPresent(each -> report.flag("hairpins", each));
        behavior.mappingLifetime().ifPresent(each -> report.seconds("mappingLifetime", each));
        return report.build();
    }
}
