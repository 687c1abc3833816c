package natt.tests.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One measurement of one subject: the way to it, and the figures so far by their columns.
final class WanRun {
    private final WanRoom room;
    private final String subject;
    private final Map<String, Double> figures = new LinkedHashMap<>();
    private final List<double[]> flows = new ArrayList<>();

    WanRun(WanRoom room, String subject) {
        this.room = room;
        this.subject = subject;
    }

    WanRoom room() {
        return room;
    }

    String subject() {
        return subject;
    }

    WanRoom.Session open() throws IOException, InterruptedException {
        return room.open(subject);
    }

    WanTrace trace(WanRoom.Session session) throws IOException {
        return WanTrace.start(room.farPid(), session.pids());
    }

    void put(String column, double figure) {
        figures.put(column, figure);
    }

    /// Keeps what a flow has brought in each of its seconds.
    void keep(Flow flow, int seconds) throws IOException, InterruptedException {
        flows.add(flow.eachSecond(seconds));
    }

    List<double[]> flows() {
        return flows;
    }

    Map<String, Double> figures() {
        return figures;
    }

    /// A part of a flow's time.
    record Window(Flow flow, WanTrace trace, long fromNanos, long toNanos) {
        /// @param from in seconds after the first byte was written
        static Window of(Flow flow, WanTrace trace, double from, double to)
                throws IOException, InterruptedException {
            flow.awaitSecond(to);
            long begun = flow.begunNanos();
            return new Window(flow, trace, begun + (long) (from * 1e9), begun + (long) (to * 1e9));
        }

        double megabitsPerSecond() {
            return flow.megabitsPerSecond(fromNanos, toNanos);
        }

        /// Bytes sent for each that was delivered.
        double wire() {
            return trace.sentBytes(fromNanos, toNanos) / flow.bytes(fromNanos, toNanos);
        }

        double cpuSecondsPerGigabyte() {
            return trace.cpuSeconds(fromNanos, toNanos) / (flow.bytes(fromNanos, toNanos) / 1e9);
        }

        double roundTrip() {
            return trace.roundTrip(fromNanos, toNanos);
        }
    }
}
