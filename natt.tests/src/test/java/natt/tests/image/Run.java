package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.tests.Natt;
import natt.tests.Processes;
import natt.tests.RunningProcess;

import java.time.Duration;
import java.util.List;

/// One run of a program of the image to its end.
///
/// @param lines what it wrote, both streams
record Run(int status, List<String> lines) {
    private static final Duration LIMIT = Duration.ofSeconds(40);

    static Run of(Processes.Start start) throws Exception {
        RunningProcess process = start.start();
        process.stdin().close();
        int status = process.awaitExit(LIMIT);
        return new Run(status, process.text().lines().map(line -> line.substring(8)).toList());
    }

    static Run of(Processes processes, String program, String... arguments) throws Exception {
        return of(processes.prepare(program, Natt.program(program)).with(arguments));
    }

    /// The one line that a failed program says, checked to be one.
    String onlyLine() {
        assertEquals(1, lines.size(), () -> String.join("\n", lines));
        return lines.getFirst();
    }

    /// What it said last.
    String lastLine() {
        return lines.isEmpty() ? "" : lines.getLast();
    }
}
