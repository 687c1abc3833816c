package natt.rendezvous;

import natt.core.PreSharedKey;
import natt.core.io.StreamListener;
import natt.core.spi.AddressDiscovery.Responder;
import natt.core.status.Refusals;
import natt.core.status.Report;
import natt.rendezvous.proto.BrokerEngine;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// How a broker is. Made on the driver's thread.
final class BrokerReport {
    private static final int MOST_USERS = 10;

    private final BrokerConfig config;
    private final BrokerEngine engine;
    private final Optional<Responder> responder;
    private final Optional<StreamListener> tls;
    private final Refusals refusals;

    BrokerReport(
            BrokerConfig config,
            BrokerEngine engine,
            Optional<Responder> responder,
            Optional<StreamListener> tls,
            Refusals refusals) {
        this.config = config;
        this.engine = engine;
        this.responder = responder;
        this.tls = tls;
        this.refusals = refusals;
    }

    Report build(InetSocketAddress local, long startedAt, long nowNanos) {
        BrokerEngine.Load load = engine.load();
        var report = Report.builder().text("program", "natt broker");
        var descriptor = BrokerReport.class.getModule().getDescriptor();
        if (descriptor != null) {
            descriptor.rawVersion().ifPresent(version -> report.text("version", version));
        }
        report.count("process", ProcessHandle.current().pid())
                .seconds("age", Duration.ofNanos(nowNanos - startedAt))
                .key("key", config.identity().publicKey())
                .address("udp", local)
                .address("tcp", tls.map(StreamListener::local))
                .text("admits", admits())
                .count("nodes", load.registered())
                .count("channels", load.channels())
                .bytes("relayed", load.relayedBytes())
                .report("limits", limits(load))
                .reports("relays", relays())
                .reports("refusals", refusals.reports(nowNanos));
        return report.report("counters", counters()).build();
    }

    /// For whom there are names and relays.
    private String admits() {
        boolean secret = !config.secret().equals(PreSharedKey.NONE);
        if (config.authorizedClients().isPresent()) {
            return secret ? "listed keys that know the secret" : "listed keys";
        }
        return secret ? "whoever knows the secret" : "anybody";
    }

    private Report limits(BrokerEngine.Load load) {
        var limits =
                Report.builder()
                        .share(
                                "sessions",
                                load.sessions().sessions(),
                                load.sessions().mostSessions())
                        .share(
                                "halfOpen",
                                load.sessions().halfOpen(),
                                load.sessions().mostHalfOpen())
                        .share("names", load.names(), load.mostNames());
        tls.ifPresent(
                each ->
                        limits.share(
                                "connections",
                                each.count(),
                                StreamListener.Limits.DEFAULT.inAll()));
        return limits.rate("relayOfKey", config.limits().relayPerSecond())
                .bytes("relayOfKeyADay", config.limits().relayPerDay())
                .build();
    }

    /// The keys that have had the most relayed.
    private List<Report> relays() {
        return engine.topUsers(MOST_USERS).stream()
                .map(
                        use ->
                                Report.builder()
                                        .key("key", use.key())
                                        .bytes("today", use.today())
                                        .bytes("total", use.total())
                                        .build())
                .toList();
    }

    private Report counters() {
        var counters =
                Report.builder()
                        .counts("broker", engine.counters())
                        .counts("sessionEngine", engine.sessionCounters());
        responder.ifPresent(each -> counters.counts("stun", each.counters()));
        return counters.build();
    }
}
