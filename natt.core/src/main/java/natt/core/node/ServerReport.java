package natt.core.node;

import natt.core.status.Report;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How a server is. Made on the driver's thread.
final class ServerReport {
    private static final int MOST_SESSIONS = 64;

    private final ServerConfig config;
    private final Optional<SessionWire> sessions;
    private final Optional<PlainWire> plain;
    private final Optional<Doorkeeper> doorkeeper;
    private final Notice notice;
    private final long now;

    ServerReport(
            ServerConfig config,
            Optional<SessionWire> sessions,
            Optional<PlainWire> plain,
            Optional<Doorkeeper> doorkeeper,
            Notice notice,
            long nowNanos) {
        this.config = config;
        this.sessions = sessions;
        this.plain = plain;
        this.doorkeeper = doorkeeper;
        this.notice = notice;
        now = nowNanos;
    }

    Report build(long startedAt) {
        var report =
                Report.builder()
                        .text("program", "natts")
                        .count("process", ProcessHandle.current().pid())
                        .text("name", config.name());
        config.sessions().ifPresent(each -> report.key("key", each.identity().publicKey()));
        report.seconds("age", Duration.ofNanos(now - startedAt))
                .reports("wires", wires())
                .report("published", notice.report());
        sessions.ifPresent(wire -> addSessions(report, wire));
        report.report("counters", counters());
        doorkeeper.ifPresent(each -> report.reports("refusals", each.refusals().reports(now)));
        return report.build();
    }

    private List<Report> wires() {
        var wires = new ArrayList<Report>();
        sessions.ifPresent(wire -> wires.add(wire("natt", wire.local(), wire.reachabilities())));
        plain.ifPresent(
                wire ->
                        wires.add(
                                wire(
                                        "kcp-go",
                                        wire.local(),
                                        wire.reachability().stream().toList())));
        return wires;
    }

    private static Report wire(String kind, InetSocketAddress local, List<Reachability> asking) {
        var report = Report.builder().text("kind", kind).address("local", local);
        for (Reachability each : asking) {
            InetSocketAddress address = each.address();
            if (address != null) {
                boolean four = address.getAddress().getAddress().length == 4;
                report.address(four ? "public" : "publicIpv6", address);
            }
        }
        return report.texts("discovery", asking.stream().map(Reachability::state).toList()).build();
    }

    private void addSessions(Report.Builder report, SessionWire wire) {
        Doorkeeper known = doorkeeper.orElseThrow();
        var all = new ArrayList<Report>();
        for (SessionPumps.Link link : wire.pumps().links()) {
            all.add(SessionReport.of(link, known.comment(link.session().peer()), now));
        }
        report.reports("sessions", all)
                .report(
                        "limits",
                        Report.builder()
                                .share("sessions", all.size(), MOST_SESSIONS)
                                .share(
                                        "streams",
                                        wire.service().streams(),
                                        SessionService.MOST_STREAMS)
                                .build());
    }

    private Report counters() {
        var counters = Report.builder();
        sessions.ifPresent(
                wire -> {
                    counters.report("sessionEngine", counts(wire.engine().counters()));
                    for (Reachability each : wire.reachabilities()) {
                        counters.report(
                                "discovery"
                                        + (each.family() == Reachability.Family.IPV4
                                                ? "Ipv4"
                                                : "Ipv6"),
                                counts(each.engine().counters()));
                    }
                });
        plain.ifPresent(wire -> counters.report("kcpGo", counts(wire.endpoint().counters())));
        return counters.build();
    }

    private static Report counts(Map<String, Long> counts) {
        return Report.builder().counts(counts).build();
    }
}
