package natt.core.node;

import natt.core.HostAndPort;
import natt.core.PreSharedKey;
import natt.core.status.Refusals;
import natt.core.status.Report;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// How a server is. Made on the driver's thread.
final class ServerReport {
    private final ServerConfig config;
    private final Optional<SessionPort> sessions;
    private final Optional<SessionService> service;
    private final Optional<PlainWire> plain;
    private final Notice notice;
    private final Refusals refusals;
    private final long now;

    ServerReport(
            ServerConfig config,
            Optional<SessionPort> sessions,
            Optional<SessionService> service,
            Optional<PlainWire> plain,
            Notice notice,
            Refusals refusals,
            long nowNanos) {
        this.config = config;
        this.sessions = sessions;
        this.service = service;
        this.plain = plain;
        this.notice = notice;
        this.refusals = refusals;
        now = nowNanos;
    }

    Report build(long startedAt) {
        var report = NodeReport.begin("natts", config.name(), Duration.ofNanos(now - startedAt));
        config.sessions().ifPresent(each -> report.key("key", each.identity().publicKey()));
        report.text("admits", admits())
                .reports("wires", wires())
                .reports("services", services())
                .report("publication", notice.report());
        sessions.filter(wire -> !wire.brokers().isEmpty())
                .ifPresent(wire -> report.reports("brokers", wire.brokers().reports()));
        sessions.ifPresent(wire -> addSessions(report, wire));
        plain.ifPresent(
                wire ->
                        report.reports(
                                "plainStreams",
                                wire.splices().stream()
                                        .map(each -> PlainReport.of(each, now))
                                        .toList()));
        addLimits(report);
        return report.reports("refusals", refusals.reports(now))
                .report("counters", counters())
                .build();
    }

    /// Who may have a session; the original's wire asks nobody.
    private String admits() {
        if (config.sessions().isEmpty()) {
            return "anybody";
        }
        ServerConfig.Sessions wanted = config.sessions().orElseThrow();
        boolean secret = !wanted.secret().equals(PreSharedKey.NONE);
        if (wanted.authorizedClients().isPresent()) {
            return secret ? "listed keys that know the secret" : "listed keys";
        }
        return secret ? "whoever knows the secret" : "anybody";
    }

    private List<Report> wires() {
        var wires = new ArrayList<Report>();
        sessions.ifPresent(
                wire ->
                        wires.add(
                                wire("natt", wire.local(), wire.reachabilities(), wire.mapping())));
        plain.ifPresent(
                wire ->
                        wires.add(
                                wire(
                                        "kcp-go",
                                        wire.local(),
                                        wire.reachability().stream().toList(),
                                        Optional.empty())));
        return wires;
    }

    private static Report wire(
            String kind,
            InetSocketAddress local,
            List<Reachability> asking,
            Optional<PortMapping> mapping) {
        var report = Report.builder().text("kind", kind).address("local", local);
        var discovered = new ArrayList<String>();
        for (Reachability each : asking) {
            boolean four = each.family() == Reachability.Family.IPV4;
            InetSocketAddress address = each.address();
            if (address != null) {
                report.address(four ? "public" : "publicIpv6", address);
            }
            discovered.add((four ? "IPv4 " : "IPv6 ") + each.state());
        }
        if (asking.isEmpty()) {
            discovered.add("none, the local address is taken for the public one");
        }
        report.texts("discovery", discovered);
        mapping.ifPresent(each -> report.texts("portMapping", each.report()));
        return report.build();
    }

    private List<Report> services() {
        var services = new ArrayList<Report>();
        config.sessions()
                .ifPresent(
                        wanted ->
                                new TreeMap<>(wanted.services())
                                        .forEach(
                                                (name, target) ->
                                                        services.add(service(name, target))));
        if (config.sessions().isEmpty()) {
            config.plain().ifPresent(wanted -> services.add(service("ssh", wanted.target())));
        }
        return services;
    }

    private Report service(String name, HostAndPort target) {
        var report = Report.builder().text("service", name).text("target", target.toString());
        this.service.ifPresent(
                each -> {
                    SessionService.Use use = each.use(name);
                    report.share("young", use.young(), SessionService.YOUNG.most())
                            .count("waiting", use.waiting());
                });
        return report.build();
    }

    private void addSessions(Report.Builder report, SessionPort wire) {
        Doorkeeper known = service.orElseThrow().doorkeeper();
        var all = new ArrayList<Report>();
        for (SessionPumps.Link link : wire.pumps().links()) {
            all.add(SessionReport.of(link, known.comment(link.session().peer()), now));
        }
        report.reports("sessions", all);
        wire.packets().ifPresent(each -> report.reports("peers", each.reports(now)));
    }

    private void addLimits(Report.Builder report) {
        var limits = Report.builder();
        long held = 0;
        if (sessions.isPresent()) {
            SessionPort wire = sessions.get();
            var load = wire.engine().load();
            limits.share("sessions", load.sessions(), load.mostSessions())
                    .share("halfOpen", load.halfOpen(), load.mostHalfOpen())
                    .share("streams", service.orElseThrow().streams(), SessionService.MOST_STREAMS);
            for (SessionPumps.Link link : wire.pumps().links()) {
                held += held(link.session().streams().counters());
            }
        }
        if (plain.isPresent()) {
            held += held(plain.get().endpoint().counters());
        }
        report.report("limits", limits.bytes("memory", held).build());
    }

    /// What waits to be acknowledged or read, in bytes, if the transport tells.
    private static long held(Map<String, Long> counters) {
        return counters.getOrDefault("bytesHeld", 0L);
    }

    private Report counters() {
        var counters = Report.builder();
        sessions.ifPresent(
                wire -> {
                    counters.counts("sessionEngine", wire.engine().counters());
                    addDiscovery(counters, "discovery", wire.reachabilities());
                });
        plain.ifPresent(
                wire -> {
                    counters.counts("kcpGo", wire.endpoint().counters());
                    addDiscovery(counters, "kcpGoDiscovery", wire.reachability().stream().toList());
                });
        return counters.build();
    }

    private static void addDiscovery(Report.Builder into, String name, List<Reachability> asking) {
        for (Reachability each : asking) {
            boolean four = each.family() == Reachability.Family.IPV4;
            into.counts(name + (four ? "Ipv4" : "Ipv6"), each.engine().counters());
        }
    }
}
