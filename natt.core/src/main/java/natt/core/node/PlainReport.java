package natt.core.node;

import natt.core.forward.Splice;
import natt.core.spi.PlainTransport;
import natt.core.status.Report;

/// How a stream of the original's wire is. Made on the driver's thread.
final class PlainReport {
    private PlainReport() {}

    static Report of(Splice splice, long nowNanos) {
        var stream = (PlainTransport.Stream) splice.stream();
        var report =
                Report.builder()
                        .address("peer", stream.peer())
                        .seconds("age", splice.age(nowNanos))
                        .flag("answered", stream.answered());
        if (!stream.roundTripTime().isZero()) {
            report.milliseconds("roundTrip", stream.roundTripTime());
        }
        return report.bytes("received", splice.bytesIn()).bytes("sent", splice.bytesOut()).build();
    }
}
