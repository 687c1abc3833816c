package natt.tests;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;

/// The peer on natpunch-go's and NATpunch's wires: `src/peer/python/natpunch.py`, which says what
/// it can do.
public final class PunchPeer {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final RunningProcess process;
    private int mark;

    private PunchPeer(RunningProcess process) {
        this.process = process;
    }

    /// Starts one that needs no key.
    public static PunchPeer start(Processes processes, String... arguments) throws IOException {
        String script =
                Repository.root().resolve("natt.tests/src/peer/python/natpunch.py").toString();
        RunningProcess process =
                processes
                        .prepare("punch " + arguments[0], "python3", script)
                        .with(arguments)
                        .start();
        return new PunchPeer(process);
    }

    /// Starts one with a private key.
    public static PunchPeer start(Processes processes, byte[] privateKey, String... arguments)
            throws IOException {
        PunchPeer peer = start(processes, arguments);
        peer.write(base64(privateKey));
        return peer;
    }

    public static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    public void write(String line) throws IOException {
        process.stdin().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
        process.stdin().flush();
    }

    /// Waits for the next line that contains a match, and returns its groups from the first on,
    /// joined by blanks.
    public String await(String regex) throws InterruptedException {
        var matcher = process.awaitLine(regex, mark, SOON);
        var groups = new StringBuilder();
        for (int i = 1; i <= matcher.groupCount(); i++) {
            groups.append(i > 1 ? " " : "").append(matcher.group(i));
        }
        return groups.toString();
    }

    /// Waits for the port that it listens on.
    public int port() throws InterruptedException {
        return Integer.parseInt(await("listening on (\\d+)"));
    }

    /// What it says from now on is what [#await] looks at.
    public void forget() {
        mark = process.mark();
    }

    public boolean isAlive() {
        return process.isAlive();
    }
}
