package natt.core.node;

import natt.core.forward.Splice;
import natt.core.session.Session;
import natt.core.spi.Transport.Estimate;
import natt.core.status.Report;

import java.util.ArrayList;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// How a session is. Made on the driver's thread.
final class SessionReport {
    private SessionReport() {}

    /// @param comment on the peer's key, foreign
    static Report of(SessionPumps.Link link, Optional<String> comment, long nowNanos) {
        Session session = link.session();
        Estimate estimate = session.streams().estimate();
        Map<String, Long> counters = session.counters();
        var report = Report.builder().key("peer", session.peer());
        comment.ifPresent(text -> report.text("comment", text));
        var streams = new ArrayList<Report>();
        for (Splice each : link.pump().splices()) {
            streams.add(
                    Report.builder()
                            .text("service", each.stream().service())
                            .bytes("received", each.bytesIn())
                            .bytes("sent", each.bytesOut())
                            .build());
        }
        return report.text("state", session.state().name().toLowerCase(Locale.ROOT))
                .address("path", session.path())
                .seconds("age", session.age(nowNanos))
                .milliseconds("roundTrip", estimate.roundTrip())
                .percent("loss", estimate.lost())
                .rate(
                        "rate",
                        estimate.bytesPerSecond() > 0 ? estimate.bytesPerSecond() : Double.NaN)
                .bytes("received", counters.getOrDefault("bytesReceived", 0L))
                .bytes("sent", counters.getOrDefault("bytesSent", 0L))
                .count("mtu", session.datagramSize())
                .count("moved", counters.getOrDefault("moved", 0L))
                .count("rekeyed", counters.getOrDefault("rekeyed", 0L))
                .reports("streams", streams)
                .build();
    }
}
