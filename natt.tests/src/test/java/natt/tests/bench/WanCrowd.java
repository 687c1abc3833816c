package natt.tests.bench;

import static natt.tests.bench.WanScenario.column;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Many streams and many sessions at once of one server, on the direct link of the two hosts.
final class WanCrowd {
    private static final String ONE = "1 stream Mbit/s";
    private static final String STREAMS = "128 streams of 4 sessions";
    private static final String SESSIONS = "64 sessions";
    private static final String REST = "MB at rest";
    private static final String LOADED = "MB at most";

    /// Until what was on its way has arrived, on a link without delay.
    private static final Duration UNDER_WAY = Duration.ofSeconds(1);

    private WanCrowd() {}

    static WanScenario scenario() {
        return new WanScenario(
                "clean-many",
                "rate=0 delay=0",
                "no emulator; in all, from 4 to 9 s after the last stream began (64 sessions: from"
                        + " 10 to 18 s); resident memory of the server",
                List.of(WanRoom.NATT, WanRoom.KCPTUN),
                List.of(
                        column(ONE, 0, ""),
                        column(STREAMS, 0, "80 %"),
                        column(SESSIONS, 0, "80 %"),
                        column(REST, 0, "60"),
                        column(LOADED, 0, "150")),
                WanCrowd::measure);
    }

    private static void measure(WanRun run) throws IOException, InterruptedException {
        try (var room = run.room().direct()) {
            run.put(ONE, total(run, room, 1, 1, 4, 9));
            run.put(STREAMS, total(run, room, 4, 32, 4, 9));
            run.put(SESSIONS, total(run, room, 64, 1, 10, 18));
        }
    }

    /// In Mbit/s.
    private static double total(
            WanRun run, WanRoom room, int count, int streams, double from, double to)
            throws IOException, InterruptedException {
        List<WanRoom.Session> sessions = room.open(run.subject(), count);
        var flows = new ArrayList<Flow>();
        try {
            long server = sessions.getFirst().pids()[1];
            if (count == 1) {
                run.put(REST, ProcStat.residentMegabytes(server));
            }
            for (WanRoom.Session each : sessions) {
                for (int i = 0; i < streams; i++) {
                    flows.add(each.bulk(to + 20));
                }
            }
            double total = Arrays.stream(WanScenarios.shares(flows, from, to)).sum();
            run.put(LOADED, ProcStat.peakMegabytes(server));
            return total;
        } finally {
            WanScenarios.close(flows);
            Thread.sleep(UNDER_WAY);
            sessions.parallelStream().forEach(WanRoom.Session::close);
        }
    }
}
