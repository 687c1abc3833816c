package natt.tests.lab;

import natt.tests.GoPeer;
import natt.tests.Lab;
import natt.tests.MiniLab;
import natt.tests.Natt;
import natt.tests.Network;
import natt.tests.Processes;
import natt.tests.RealSshd;
import natt.tests.Repository;
import natt.tests.RunningProcess;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// natts in front of an sshd on `hostB`, and the ways to reach it from `hostA`.
final class Home implements AutoCloseable {
    static final Duration SOON = Duration.ofSeconds(20);

    private static final int API_PORT = 8053;
    private static final int SSH_PORT = 22;

    private final Processes processes;
    private final Network network;
    private final RealSshd sshd;
    private final List<String> serverOptions;
    private final List<String> clientOptions;
    private RunningProcess natts;

    private Home(
            Processes processes,
            Network network,
            List<String> serverOptions,
            List<String> clientOptions)
            throws IOException, InterruptedException {
        this.processes = processes;
        this.network = network;
        this.serverOptions = serverOptions;
        this.clientOptions = clientOptions;
        sshd = RealSshd.start(processes, "127.0.0.1", SSH_PORT, network.on("hostB"));
    }

    /// With coturn, with Knot DNS, and with Cloudflare's API in front of it.
    static Home inLab(Processes processes, Lab lab) throws IOException, InterruptedException {
        lab.service("coturn");
        lab.service("dns");
        RunningProcess api =
                processes
                        .prepare("cloudflare", lab.on("pub", java(), "-cp", classPath()))
                        .with("natt.tests.FakeCloudflare", Network.PUB, "" + API_PORT)
                        .start();
        api.awaitLine("^ready", SOON);
        var options =
                List.of(
                        "--cf-api-url",
                        "http://%s:%d/client/v4".formatted(Network.PUB, API_PORT),
                        "--stun",
                        Network.PUB + ":3478");
        return new Home(processes, lab, options, List.of());
    }

    /// With coturn, and the records in a file that both sides see.
    static Home inLab(Processes processes, Lab lab, Path directory)
            throws IOException, InterruptedException {
        lab.service("coturn");
        return withFile(processes, lab, directory);
    }

    /// With a STUN server of our own, and the records in a file that both sides see.
    static Home inMiniLab(Processes processes, MiniLab lab, Path directory)
            throws IOException, InterruptedException {
        processes
                .prepare("stun", lab.on("pub", GoPeer.binary().toString(), "stun"))
                .with("-listen", Network.PUB + ":3478")
                .start()
                .awaitLine("ready", SOON);
        return withFile(processes, lab, directory);
    }

    private static Home withFile(Processes processes, Network network, Path directory)
            throws IOException, InterruptedException {
        String zone = directory.resolve("zone").toString();
        return new Home(
                processes,
                network,
                List.of("--dns", "file", "--dns-option", "path=" + zone, "--stun", stun()),
                List.of("--dns-file", zone));
    }

    private static String stun() {
        return Network.PUB + ":3478";
    }

    /// Starts natts and waits until it has published.
    RunningProcess startNatts() throws IOException, InterruptedException {
        natts =
                processes
                        .prepare("natts", network.on("hostB", Natt.program("natts")))
                        .with("--compat", "kcp-go", "--target-fqdn", Natt.NAME)
                        .with(serverOptions.toArray(String[]::new))
                        .env("CF_API_TOKEN", "lab-token-0123456789")
                        .start();
        natts.awaitLine("published " + Natt.NAME, SOON);
        return natts;
    }

    RunningProcess natts() {
        return natts;
    }

    RealSshd sshd() {
        return sshd;
    }

    /// Prepares `ssh` on `hostA` through `nattc --proxy`.
    Processes.Start ssh(String... command) {
        return on("ssh", sshd.ssh("ProxyCommand=" + proxyCommand())).with(command);
    }

    /// Prepares `scp` on `hostA` through `nattc --proxy`.
    Processes.Start scp(String from, String to) {
        return on("scp", sshd.scp("ProxyCommand=" + proxyCommand())).with(from, to);
    }

    /// Prepares `ssh` on `hostA` to a nattc there that accepts on a port.
    Processes.Start sshTo(int port, String... command) {
        return on("ssh", sshd.ssh("HostName=127.0.0.1", "Port=" + port)).with(command);
    }

    /// Starts nattc as a server on `hostA` and returns its port.
    int startNattc() throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(Natt.program("nattc")));
        line.addAll(
                List.of("--compat", "kcp-go", "--listen", "127.0.0.1:0", "--target", Natt.NAME));
        line.addAll(clientOptions);
        RunningProcess nattc = on("nattc", line).start();
        return Integer.parseInt(
                nattc.awaitLine("accepting on TCP 127\\.0\\.0\\.1:([0-9]+)", SOON).group(1));
    }

    private String proxyCommand() {
        return "%s --compat kcp-go --proxy --target %s %s"
                .formatted(Natt.program("nattc"), Natt.NAME, String.join(" ", clientOptions));
    }

    private Processes.Start on(String name, List<String> command) {
        return processes.prepare(name, network.on("hostA", command.toArray(String[]::new)));
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static String classPath() {
        return System.getProperty("java.class.path");
    }

    /// A directory below `target` for what the tests move.
    static Path directory() {
        return Repository.target("lab");
    }

    @Override
    public void close() {
        sshd.close();
        network.close();
    }
}
