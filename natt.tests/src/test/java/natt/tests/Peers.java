package natt.tests;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// A broker on the loopback, and the ways to run peers that use it.
public final class Peers {
    public static final Duration SOON = Duration.ofSeconds(20);

    private final Processes processes;
    private final Path directory;
    private final int port;
    private RunningProcess broker;

    private Peers(Processes processes, Path directory, int port) {
        this.processes = processes;
        this.directory = directory;
        this.port = port;
    }

    /// Starts a broker that anybody may use.
    public static Peers start(Processes processes, Path directory)
            throws IOException, InterruptedException {
        int port;
        try (var free = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1"))) {
            port = free.getLocalPort();
        }
        var peers = new Peers(processes, directory, port);
        peers.startBroker();
        return peers;
    }

    public void startBroker() throws IOException, InterruptedException {
        broker =
                processes
                        .prepare("broker", Natt.program("natt"), "broker")
                        .with("--listen", address(), "--open")
                        .env(node("broker").environment())
                        .start();
        broker.awaitLine("nodes use it with", SOON);
    }

    public RunningProcess broker() {
        return broker;
    }

    /// Of the broker.
    public String address() {
        return "127.0.0.1:" + port;
    }

    public Node node(String name) {
        return new Node(directory.resolve(name));
    }

    /// Starts a node of a name that lets peers reach something, and waits until it does.
    public RunningProcess listen(String name, String... options)
            throws IOException, InterruptedException {
        RunningProcess listening = prepareListen(name, options).start();
        listening.awaitLine("peers may reach", SOON);
        return listening;
    }

    public Processes.Start prepareListen(String name, String... options) {
        return prepare("listen", name, List.of(options));
    }

    /// Prepares a node of a name that reaches peers.
    public Processes.Start forward(String name, String... arguments) {
        return prepare("forward", name, List.of(arguments));
    }

    private Processes.Start prepare(String command, String name, List<String> arguments) {
        return processes
                .prepare(name, Natt.program("natt"), command)
                .with("--name", name, "--broker", address())
                .with(arguments.toArray(String[]::new))
                .env(node(name).environment());
    }

    /// The port that a node accepts on, once it does.
    public static int accepting(RunningProcess node) throws InterruptedException {
        return Integer.parseInt(
                node.awaitLine("accepting on TCP 127\\.0\\.0\\.1:([0-9]+)", SOON).group(1));
    }
}
