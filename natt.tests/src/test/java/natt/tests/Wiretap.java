package natt.tests;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.regex.Matcher;

/// One who sits on the wire in front of `hostB`: `src/peer/python/wiretap.py`, which says what it
/// can do.
public final class Wiretap {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final RunningProcess process;

    private Wiretap(RunningProcess process) {
        this.process = process;
    }

    /// What it has put on the wire.
    public record Sent(int sent, int recorded) {}

    public static Wiretap start(Processes processes, Network network)
            throws IOException, InterruptedException {
        String script =
                Repository.root().resolve("natt.tests/src/peer/python/wiretap.py").toString();
        RunningProcess process =
                processes
                        .prepare("wiretap", network.on("natB", "python3", script))
                        .with("lan", Network.HOST_B)
                        .start();
        process.awaitLine("^ready", SOON);
        return new Wiretap(process);
    }

    public void record() throws IOException, InterruptedException {
        ask("record", "^recording");
    }

    /// Puts something on the wire that was recorded, or made from it.
    public Sent send(String command) throws IOException, InterruptedException {
        Matcher said = ask(command, "sent ([0-9]+) of ([0-9]+)");
        return new Sent(Integer.parseInt(said.group(1)), Integer.parseInt(said.group(2)));
    }

    private Matcher ask(String command, String answer) throws IOException, InterruptedException {
        int mark = process.mark();
        process.stdin().write((command + "\n").getBytes(StandardCharsets.US_ASCII));
        process.stdin().flush();
        return process.awaitLine(answer, mark, SOON);
    }
}
