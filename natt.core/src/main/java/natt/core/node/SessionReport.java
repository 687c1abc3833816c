package natt.core.node;

import natt.core.Route;
import natt.core.forward.Splice;
import natt.core.session.SearchState;
import natt.core.session.Session;
import natt.core.spi.Transport.Estimate;
import natt.core.status.Report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// How a session is. Made on the driver's thread.
final class SessionReport {
    private SessionReport() {}

    /// @param comment on the peer's key, foreign
    static Report of(SessionPumps.Link link, Optional<String> comment, long nowNanos) {
        Session session = link.session();
        var report = Report.builder().key("peer", session.peer());
        comment.ifPresent(text -> report.text("comment", text));
        report.text("state", session.state().name().toLowerCase(Locale.ROOT))
                .address("path", session.path())
                .seconds("age", session.age(nowNanos))
                .seconds("silent", session.silence(nowNanos));
        if (session.path().filter(path -> !Route.isDirect(path)).isPresent()) {
            session.search().whyRelayed().ifPresent(why -> report.text("whyRelayed", why));
        }
        session.heldFor(nowNanos).ifPresent(left -> report.seconds("heldFor", left));
        addPath(report, session);
        addSearch(report, session.search());
        addTraffic(report, session.counters());
        return report.reports("streams", streams(link.pump().splices(), nowNanos)).build();
    }

    private static void addPath(Report.Builder report, Session session) {
        Estimate estimate = session.streams().estimate();
        boolean measured = !estimate.roundTrip().isZero();
        if (measured) {
            report.milliseconds("roundTrip", estimate.roundTrip());
        }
        report.percent("loss", measured ? estimate.lost() : Double.NaN)
                .rate(
                        "rate",
                        estimate.bytesPerSecond() > 0 ? estimate.bytesPerSecond() : Double.NaN)
                .count("datagramBytes", session.datagramSize());
        session.cipher().ifPresent(each -> report.text("cipher", each.toString()));
    }

    private static void addSearch(Report.Builder report, SearchState search) {
        if (search.searches() > 0) {
            report.count("searches", search.searches()).count("checks", search.checks());
        }
    }

    private static void addTraffic(Report.Builder report, Map<String, Long> counters) {
        report.bytes("received", counters.getOrDefault("bytesReceived", 0L))
                .bytes("sent", counters.getOrDefault("bytesSent", 0L))
                .count("datagramsReceived", counters.getOrDefault("datagramsReceived", 0L))
                .count("datagramsSent", counters.getOrDefault("datagramsSent", 0L));
        for (String name : List.of("moved", "rekeyed", "suspended")) {
            report.count(name, counters.getOrDefault(name, 0L));
        }
    }

    /// One report a stream: `service`, `ageSeconds`, `receivedBytes`, `sentBytes`.
    private static List<Report> streams(Collection<Splice> splices, long nowNanos) {
        var streams = new ArrayList<Report>();
        for (Splice each : splices) {
            streams.add(
                    Report.builder()
                            .text("service", each.stream().service())
                            .seconds("age", each.age(nowNanos))
                            .bytes("received", each.bytesIn())
                            .bytes("sent", each.bytesOut())
                            .build());
        }
        return streams;
    }
}
