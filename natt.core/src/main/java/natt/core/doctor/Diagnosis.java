package natt.core.doctor;

import natt.core.Dependence;
import natt.core.doctor.Finding.Grade;
import natt.core.doctor.Side.Six;
import natt.core.status.Report;

import java.net.InetAddress;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What follows from an examination.
public final class Diagnosis {
    /// Before this program was written no clock can be right: 2026-01-01.
    private static final Instant EARLIEST = Instant.ofEpochSecond(1_767_225_600);

    private final Instant at;
    private final PeerReport mine;
    private final boolean broker;
    private final List<Section> sections = new ArrayList<>();
    private final List<Finding> findings = new ArrayList<>();
    private final List<Report> brokers = new ArrayList<>();
    private final List<Pairing> table;
    private final Optional<Pairing> pair;

    /// @param peer the other end of a pair
    Diagnosis(Facts facts, Instant now, Optional<PeerReport> peer) {
        at = now;
        broker = facts.brokers().stream().anyMatch(BrokerFacts::isReached);
        mine = side(facts);
        judge(facts, now);
        boolean known = facts.nat().asked() > 0;
        table = known ? Pairing.table(mine, broker) : List.of();
        pair = peer.map(each -> Pairing.of(mine, each, broker));
    }

    private static PeerReport side(Facts facts) {
        NatFacts nat = facts.nat();
        Side own = nat.side();
        boolean mapped = !facts.gateway().usable(nat.external()).isEmpty();
        Six six = facts.six().six();
        var side = new Side(own.behavior(), own.nat(), own.udp(), mapped && own.udp(), six);
        return new PeerReport(side, nat.external());
    }

    private void judge(Facts facts, Instant now) {
        NatFacts nat = facts.nat();
        boolean tls = facts.brokers().stream().anyMatch(each -> each.tls().isPresent());
        add(nat.judge(tls));
        add(facts.six().judge());
        add(facts.gateway().judge(nat.external(), nat.own()));
        add(facts.width().judge());
        for (BrokerFacts each : facts.brokers()) {
            Section section = each.judge();
            findings.addAll(section.findings());
            brokers.add(section.facts());
        }
        var here = new ArrayList<InetAddress>(facts.six().global());
        nat.external().ifPresent(here::add);
        facts.dns().ifPresent(each -> add(each.judge(here, now)));
        facts.rights().ifPresent(each -> add(each.judge()));
        add(facts.services().judge());
        facts.peer().ifPresent(each -> add(each.judge()));
        findings.add(clock(facts, now));
        findings.add(reach(facts));
    }

    private void add(Section section) {
        sections.add(section);
        findings.addAll(section.findings());
    }

    private static Finding clock(Facts facts, Instant now) {
        String remedy = "Set this machine's clock, by NTP if it may.";
        if (now.isBefore(EARLIEST)) {
            return Finding.problem(
                    "clock", "the clock says %s, which cannot be".formatted(now), remedy);
        }
        if (facts.dns().filter(each -> each.isAhead(now)).isPresent()) {
            return Finding.problem(
                    "clock", "the own record is from the future: the clock is behind", remedy);
        }
        return Finding.ok("clock", "the clock says " + now.truncatedTo(ChronoUnit.MINUTES));
    }

    /// Whether natts on this machine would be reached.
    private Finding reach(Facts facts) {
        var ways = new ArrayList<String>();
        Side side = mine.side();
        if (side.udp() && facts.nat().isKnown() && isFullCone(side)) {
            ways.add(side.nat() ? "through its NAT as it is" : "at its own address");
        }
        List<String> protocols = facts.gateway().usable(facts.nat().external());
        if (side.udp() && !facts.nat().own() && !protocols.isEmpty()) {
            ways.add("through a port mapped by " + protocols.getFirst());
        }
        if (side.six() == Six.OPEN) {
            ways.add("over IPv6");
        }
        if (!ways.isEmpty()) {
            return Finding.ok("verdict", "natts here is reached " + String.join(", and ", ways));
        }
        if (broker) {
            return Finding.ok(
                    "verdict", "natts here is reached by the broker, and then as the table says");
        }
        if (!facts.nat().isKnown() && facts.nat().asked() == 0) {
            return Finding.note("verdict", "whether natts here is reached is not known");
        }
        return Finding.problem(
                "verdict",
                "natts here is not reached: nobody who has not been called gets in",
                side.udp()
                        ? "Turn on UPnP, NAT-PMP or PCP at the router, or let it lead a UDP port to"
                                + " this machine, or use a broker: --broker HOST."
                        : "Let UDP out at the firewall, or use a broker that listens for TLS:"
                                + " --broker HOST.");
    }

    private static boolean isFullCone(Side side) {
        return side.behavior().mapping() == Dependence.ENDPOINT_INDEPENDENT
                && side.behavior().filtering() == Dependence.ENDPOINT_INDEPENDENT;
    }

    /// In the order in which they are to be read.
    public List<Finding> findings() {
        return List.copyOf(findings);
    }

    /// How this side meets each class of peers; none if too little is known.
    public List<Pairing> table() {
        return table;
    }

    /// How it meets the peer whose report was given.
    public Optional<Pairing> pair() {
        return pair;
    }

    /// What this side is, in household words.
    public String name() {
        return mine.side().name();
    }

    /// Whether nothing has to be done.
    public boolean isWell() {
        return findings.stream().noneMatch(each -> each.grade() == Grade.PROBLEM);
    }

    /// Lines for a person, each ended: one a finding, below it what to do, then the verdicts.
    public String toText() {
        return DiagnosisText.write(this);
    }

    /// For a program: see docs/doctor.md.
    public Report report(String version) {
        var report =
                Report.builder()
                        .count("format", PeerReport.FORMAT)
                        .text("program", "natt doctor")
                        .text("version", version)
                        .instant("at", at)
                        .flag("well", isWell())
                        .report("side", mine.report());
        for (Section each : sections) {
            report.report(each.name(), each.facts());
        }
        report.reports("brokers", brokers)
                .reports("findings", findings.stream().map(Diagnosis::report).toList())
                .reports("verdicts", table.stream().map(Pairing::report).toList());
        pair.ifPresent(each -> report.report("pair", each.report()));
        return report.build();
    }

    private static Report report(Finding finding) {
        var report =
                Report.builder()
                        .text("grade", finding.grade().name().toLowerCase(Locale.ROOT))
                        .text("topic", finding.topic())
                        .text("text", finding.text());
        finding.remedy().ifPresent(each -> report.text("remedy", each));
        return report.build();
    }
}
