package natt.tests;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// natts in front of an sshd on `hostB`, and the ways to reach it from `hostA`.
public final class Home implements AutoCloseable {
    public static final Duration SOON = Duration.ofSeconds(20);

    private static final int API_PORT = 8053;
    private static final int SSH_PORT = 22;

    /// What natts and nattc speak.
    public enum Wire {
        SESSIONS,
        KCP_GO;

        private List<String> options() {
            return this == SESSIONS ? List.of() : List.of("--compat", "kcp-go");
        }
    }

    private final Processes processes;
    private final Network network;
    private final Wire wire;
    private final Path directory;
    private final Node host;
    private final Node client;
    private final RealSshd sshd;
    private final List<String> serverOptions;
    private final List<String> clientOptions;
    private RunningProcess natts;

    private Home(
            Processes processes,
            Network network,
            Wire wire,
            Path directory,
            int sshPort,
            List<String> serverOptions,
            List<String> clientOptions)
            throws IOException, InterruptedException {
        this.processes = processes;
        this.network = network;
        this.wire = wire;
        this.directory = directory;
        this.serverOptions = serverOptions;
        this.clientOptions = clientOptions;
        host = new Node(directory.resolve("host"));
        client = node("client");
        host.admit(client.key() + " the test's");
        sshd = RealSshd.start(processes, "127.0.0.1", sshPort, network.on("hostB"));
    }

    /// With coturn, with Knot DNS, and with Cloudflare's API in front of it.
    public static Home inLab(Processes processes, Lab lab, Wire wire, Path directory)
            throws IOException, InterruptedException {
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
                        stun());
        return new Home(processes, lab, wire, directory, SSH_PORT, options, List.of());
    }

    /// With coturn, and the records in a file that both sides see.
    public static Home inLabWithFile(Processes processes, Lab lab, Wire wire, Path directory)
            throws IOException, InterruptedException {
        lab.service("coturn");
        return withFile(processes, lab, wire, directory, SSH_PORT, stun());
    }

    /// With a STUN server that the test has started, and the records in a file.
    public static Home inLabWithStun(Processes processes, Lab lab, Path directory, String stun)
            throws IOException, InterruptedException {
        return withFile(processes, lab, Wire.SESSIONS, directory, SSH_PORT, stun);
    }

    /// With the records in a file, and no other STUN server than a broker.
    public static Home inLabWithBroker(
            Processes processes, Lab lab, Path directory, RealBroker broker)
            throws IOException, InterruptedException {
        String zone = directory.resolve("zone").toString();
        return new Home(
                processes,
                lab,
                Wire.SESSIONS,
                directory,
                SSH_PORT,
                List.of(
                        "--dns",
                        "file",
                        "--dns-option",
                        "path=" + zone,
                        "--stun",
                        "none",
                        "--port-map",
                        "off",
                        "--broker",
                        broker.address()),
                List.of("--dns-file", zone));
    }

    /// With a STUN server of our own, and the records in a file that both sides see.
    public static Home inMiniLab(Processes processes, MiniLab lab, Wire wire, Path directory)
            throws IOException, InterruptedException {
        processes
                .prepare("stun", lab.on("pub", GoPeer.binary().toString(), "stun"))
                .with("-listen", Network.PUB + ":3478")
                .start()
                .awaitLine("ready", SOON);
        return withFile(processes, lab, wire, directory, SSH_PORT, stun());
    }

    /// All on the loopback, without a network in between.
    public static Home here(Processes processes, Path directory)
            throws IOException, InterruptedException {
        int sshPort;
        int udpPort;
        try (var free = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
                var second = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1"))) {
            sshPort = free.getLocalPort();
            udpPort = second.getLocalPort();
        }
        String zone = directory.resolve("zone").toString();
        return new Home(
                processes,
                new ThisMachine(),
                Wire.SESSIONS,
                directory,
                sshPort,
                List.of(
                        "--dns",
                        "file",
                        "--dns-option",
                        "path=" + zone,
                        "--stun",
                        "none",
                        "--publish-private",
                        "--listen",
                        "127.0.0.1:" + udpPort),
                List.of("--dns-file", zone));
    }

    private static Home withFile(
            Processes processes,
            Network network,
            Wire wire,
            Path directory,
            int sshPort,
            String stun)
            throws IOException, InterruptedException {
        String zone = directory.resolve("zone").toString();
        return new Home(
                processes,
                network,
                wire,
                directory,
                sshPort,
                List.of("--dns", "file", "--dns-option", "path=" + zone, "--stun", stun),
                List.of("--dns-file", zone));
    }

    private static String stun() {
        return Network.PUB + ":3478";
    }

    /// Starts natts and waits until it has published.
    public RunningProcess startNatts(String... options) throws IOException, InterruptedException {
        natts = prepareNatts(options).start();
        natts.awaitLine("published " + Natt.NAME, SOON);
        return natts;
    }

    public Processes.Start prepareNatts(String... options) {
        return processes
                .prepare("natts", network.on("hostB", Natt.program("natts")))
                .with(wire.options().toArray(String[]::new))
                .with("--target-fqdn", Natt.NAME, "--ssh-target", "127.0.0.1:" + sshd.port())
                .with(serverOptions.toArray(String[]::new))
                .with(options)
                .env(host.environment())
                .env("CF_API_TOKEN", "lab-token-0123456789");
    }

    public RunningProcess natts() {
        return natts;
    }

    public RealSshd sshd() {
        return sshd;
    }

    /// The node on `hostB`.
    public Node host() {
        return host;
    }

    /// The node on `hostA` that natts admits.
    public Node client() {
        return client;
    }

    /// Another node, which natts does not know.
    public Node node(String name) {
        return new Node(directory.resolve(name));
    }

    public Path zone() {
        return directory.resolve("zone");
    }

    /// Prepares `ssh` on `hostA` through `nattc --proxy`.
    public Processes.Start ssh(String... command) {
        return sshAs(client, List.of(), command);
    }

    /// Prepares `ssh` on `hostA` through the `nattc --proxy` of a node.
    public Processes.Start sshAs(Node as, List<String> options, String... command) {
        var words = new ArrayList<>(nattc());
        words.add("--proxy");
        words.addAll(options);
        return on("ssh", sshd.ssh("ProxyCommand=" + String.join(" ", words)))
                .withChildren()
                .with(command)
                .env(as.environment());
    }

    /// Prepares `ssh` on `hostA` through the `nattc --proxy` of a node, by a ticket.
    public Processes.Start sshAs(Node as, String ticket, String... command) {
        // ssh's own shell would take the ticket apart.
        String proxy =
                "%s --proxy --target '%s' --dns-file %s"
                        .formatted(Natt.program("nattc"), ticket, directory.resolve("no-zone"));
        return on("ssh", sshd.ssh("ProxyCommand=" + proxy))
                .withChildren()
                .with(command)
                .env(as.environment());
    }

    /// Prepares `scp` on `hostA` through `nattc --proxy`.
    public Processes.Start scp(String from, String to) {
        String proxy = String.join(" ", nattc()) + " --proxy";
        return on("scp", sshd.scp("ProxyCommand=" + proxy))
                .with(from, to)
                .env(client.environment());
    }

    /// Prepares `ssh` on `hostA` to a nattc there that accepts on a port.
    public Processes.Start sshTo(int port, String... command) {
        return on("ssh", sshd.ssh("HostName=127.0.0.1", "Port=" + port)).with(command);
    }

    /// Starts nattc as a server on `hostA` and returns its port.
    public int startNattc() throws IOException, InterruptedException {
        return accepting(prepareNattc("--listen", "127.0.0.1:0").start());
    }

    /// The port that a nattc accepts on, once it does.
    public static int accepting(RunningProcess nattc) throws InterruptedException {
        return Integer.parseInt(
                nattc.awaitLine("accepting on TCP 127\\.0\\.0\\.1:([0-9]+)", SOON).group(1));
    }

    /// Prepares nattc on `hostA`.
    public Processes.Start prepareNattc(String... options) {
        return on("nattc", nattc()).with(options).env(client.environment());
    }

    private List<String> nattc() {
        var line = new ArrayList<>(List.of(Natt.program("nattc")));
        line.addAll(wire.options());
        line.addAll(List.of("--target", Natt.NAME));
        line.addAll(clientOptions);
        return line;
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
    public static Path scratch() {
        return Repository.target("lab");
    }

    @Override
    public void close() {
        sshd.close();
        network.close();
    }

    /// Every host is this machine.
    private static final class ThisMachine implements Network {
        @Override
        public String namespace(String name) {
            throw new UnsupportedOperationException("this machine is in no namespace");
        }

        @Override
        public String[] on(String name, String... command) {
            return command;
        }

        @Override
        public void rebind() {
            throw new UnsupportedOperationException("there is no NAT");
        }

        @Override
        public void renumber(String address) {
            throw new UnsupportedOperationException("there is no NAT");
        }

        @Override
        public void close() {
            // Nothing was built.
        }
    }
}
