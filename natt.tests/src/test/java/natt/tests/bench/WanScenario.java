package natt.tests.bench;

import java.io.IOException;
import java.util.List;

/// One table of [WanBench].
///
/// @param settings of the link, for the emulator
/// @param what which is measured, and when
record WanScenario(
        String name,
        String settings,
        String what,
        List<String> subjects,
        List<Column> columns,
        Measurement measurement) {
    /// @param aim what natt should reach; empty for a figure without one
    record Column(String name, int decimals, String aim) {}

    interface Measurement {
        void run(WanRun run) throws IOException, InterruptedException;
    }

    static Column column(String name, int decimals, String aim) {
        return new Column(name, decimals, aim);
    }
}
