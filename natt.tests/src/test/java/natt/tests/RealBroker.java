package natt.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;

/// `natt broker` on `pub`, which can be killed and started again.
public final class RealBroker {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final Processes processes;
    private final List<String> command;
    private final Node node;
    private RunningProcess running;
    private String address;

    private RealBroker(Processes processes, List<String> command, Node node) {
        this.processes = processes;
        this.command = command;
        this.node = node;
    }

    /// @param on the start of its command line
    /// @param at `HOST:PORT` that it listens on
    public static RealBroker start(
            Processes processes, String[] on, Path directory, String at, String... options)
            throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(on));
        command.addAll(List.of("broker", "--open", "--listen", at));
        command.addAll(List.of(options));
        var broker = new RealBroker(processes, command, new Node(directory.resolve("broker")));
        broker.start();
        return broker;
    }

    /// Starts it again, with what it has on disk.
    public void start() throws IOException, InterruptedException {
        running =
                processes
                        .prepare("broker", command.toArray(String[]::new))
                        .env(node.environment())
                        .start();
        Matcher told = running.awaitLine("nodes use it with: --broker (\\S+)", SOON);
        address = told.group(1);
    }

    /// Waits until it has on disk whom to wake after a restart, which it writes every 5 s.
    public void awaitKept() throws IOException, InterruptedException {
        Path nodes = node.state().resolve("nodes");
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!Files.exists(nodes) || Files.size(nodes) == 0) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("the broker keeps no nodes in " + nodes);
            }
            Thread.sleep(50);
        }
    }

    public void kill9() {
        running.kill9();
    }

    /// `KEY@HOST:PORT`.
    public String address() {
        return address;
    }
}
