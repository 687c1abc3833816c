package natt.tests.bench;

import natt.tests.GoPeer;
import natt.tests.Natt;
import natt.tests.Processes;
import natt.tests.Programs;
import natt.tests.RunningProcess;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;

/// Starts what is measured: a client here, a server at the far address in front of the service,
/// all at once and for the whole run.
final class Subjects implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(30);
    private static final String LOOPBACK = "127.0.0.1";
    private static final String LISTENING = "listening on UDP [0-9.]+:([0-9]+)";
    private static final String ACCEPTING = "accepting on TCP [0-9.]+:([0-9]+)";
    private static final String READY = "ready .*:([0-9]+)$";
    private static final String KEY = "a key for both ends";

    /// One way to the service.
    ///
    /// @param pids of the two ends, the client's first; none for plain TCP
    record Subject(String name, InetSocketAddress entrance, long... pids) {}

    private final Processes processes = Processes.ofTheClass();
    private final List<RunningProcess> running = new ArrayList<>();
    private final Path directory = Files.createTempDirectory("natt-bench-");
    private final Thread hook = new Thread(this::end);
    private final String far;
    private final String farNamespace;
    private final List<String> missing = new ArrayList<>();
    private String service = "";

    /// @param farNamespace the network namespace of the far address, empty for this one
    Subjects(String far, String farNamespace) throws IOException {
        this.far = far;
        this.farNamespace = farNamespace;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /// What could not be measured, and why.
    List<String> missing() {
        return missing;
    }

    List<Subject> startAll() throws IOException, InterruptedException {
        var subjects = new ArrayList<Subject>();
        subjects.add(new Subject("TCP", startService()));
        subjects.add(startSessions());
        RunningProcess natts = startNatts();
        int nattsPort = port(natts, LISTENING);
        natts.awaitLine("published", START);
        RunningProcess nattc = startNattc("natt", nattsPort);
        subjects.add(subject("natt --compat", nattc, ACCEPTING, natts));
        if (Programs.find("kcptun-client").isEmpty()) {
            missing.add("kcptun: no program kcptun-client (Debian's kcptun)");
        } else {
            subjects.add(kcptun("kcptun fast3", fast("4096"), fast("4096")));
            subjects.add(kcptun("kcptun defaults", List.of(), List.of()));
        }
        var noGo = GoPeer.build();
        if (noGo.isPresent()) {
            missing.add("kcp-go: " + noGo.get());
        } else {
            addGo(subjects, nattsPort);
        }
        return subjects;
    }

    /// The options of SPEED-like comparisons: no waiting, wide windows, no parity.
    private static List<String> fast(String window) {
        return List.of(
                ("--mode fast3 --nocomp --datashard 0 --parityshard 0 --sndwnd %1$s --rcvwnd %1$s")
                        .formatted(window)
                        .split(" "));
    }

    private void addGo(List<Subject> subjects, int nattsPort)
            throws IOException, InterruptedException {
        String go = GoPeer.binary().toString();
        RunningProcess server =
                startFar("kcp-go server", go, "server", "-listen", far + ":0", "-target", service);
        int port = port(server, READY);
        subjects.add(subject("kcp-go", startGoClient(go, port), READY, server));
        RunningProcess otherServer =
                startFar("kcp-go server", go, "server", "-listen", far + ":0", "-target", service);
        RunningProcess nattc = startNattc("mixed", port(otherServer, READY));
        subjects.add(subject("nattc, kcp-go", nattc, ACCEPTING, otherServer));
        RunningProcess natts = startNatts();
        int mixedPort = port(natts, LISTENING);
        subjects.add(subject("kcp-go, natts", startGoClient(go, mixedPort), READY, natts));
    }

    private InetSocketAddress startService() throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        RunningProcess process =
                startFar(
                        "service",
                        java,
                        "-XX:+UseSerialGC",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        TunnelBench.class.getName(),
                        TunnelBench.SERVE,
                        far);
        int port = port(process, "serving on ([0-9]+)");
        service = far + ":" + port;
        return new InetSocketAddress(far, port);
    }

    /// natts and nattc as they are without options: an authenticated, encrypted session.
    private Subject startSessions() throws IOException, InterruptedException {
        Path home = Files.createDirectory(directory.resolve("sessions"));
        Path zone = home.resolve("zone");
        String secret = home.resolve("psk").toString();
        start("natt keygen", Natt.program("natt"), "keygen", "--psk", secret).awaitExit(START);
        var server = new ArrayList<>(List.of(Natt.program("natts"), "--listen", far + ":0"));
        server.addAll(List.of("--stun", "none", "--publish-private", "--dns", "file"));
        server.addAll(List.of("--dns-option", "path=" + zone, "--target-fqdn", Natt.NAME));
        server.addAll(List.of("--expose", "bench=" + service, "--psk-file", secret));
        server.addAll(List.of("--state-dir", home.resolve("natts").toString()));
        RunningProcess natts = startFar("natts", server.toArray(String[]::new));
        natts.awaitLine("published", START);
        RunningProcess nattc =
                start(
                        "nattc",
                        Natt.program("nattc"),
                        "-L",
                        LOOPBACK + ":0:bench",
                        "--target",
                        Natt.NAME,
                        "--dns-file",
                        zone.toString(),
                        "--psk-file",
                        secret,
                        "--state-dir",
                        home.resolve("nattc").toString());
        return subject("natt", nattc, ACCEPTING, natts);
    }

    private RunningProcess startNatts() throws IOException {
        Path zone = Files.createTempFile(directory, "published", "");
        return startFar(
                "natts",
                Natt.program("natts"),
                "--compat",
                "kcp-go",
                "--listen",
                far + ":0",
                "--stun",
                "none",
                "--publish-private",
                "--dns",
                "file",
                "--dns-option",
                "path=" + zone,
                "--target-fqdn",
                Natt.NAME,
                "--ssh-target",
                service);
    }

    private RunningProcess startNattc(String name, int udpPort) throws IOException {
        Path zone = Natt.writeZone(Files.createDirectory(directory.resolve(name)), far, udpPort);
        return start(
                "nattc",
                Natt.program("nattc"),
                "--compat",
                "kcp-go",
                "--listen",
                LOOPBACK + ":0",
                "--target",
                Natt.NAME,
                "--dns-file",
                zone.toString());
    }

    private RunningProcess startGoClient(String go, int udpPort) throws IOException {
        return start(
                "kcp-go client",
                go,
                "client",
                "-peer",
                far + ":" + udpPort,
                "-listen",
                LOOPBACK + ":0");
    }

    private Subject kcptun(String name, List<String> serverOptions, List<String> clientOptions)
            throws IOException, InterruptedException {
        // It does not tell the port that the system chose.
        String udp = far + ":" + freeUdpPort();
        var serverLine = new ArrayList<>(List.of("kcptun-server", "--key", KEY));
        serverLine.addAll(List.of("-l", udp, "-t", service, "--quiet"));
        serverLine.addAll(serverOptions);
        var clientLine = new ArrayList<>(List.of("kcptun-client", "--key", KEY));
        clientLine.addAll(List.of("-l", LOOPBACK + ":0", "-r", udp, "--quiet"));
        clientLine.addAll(clientOptions);
        RunningProcess server = startFar(name, serverLine.toArray(String[]::new));
        server.awaitLine("key derivation done", START);
        RunningProcess client = start(name, clientLine.toArray(String[]::new));
        client.awaitLine("key derivation done", START);
        return subject(name, client, "listening on: .*:([0-9]+)", server);
    }

    private static int freeUdpPort() throws IOException {
        try (var socket = new DatagramSocket(0, InetAddress.ofLiteral(LOOPBACK))) {
            return socket.getLocalPort();
        }
    }

    private static Subject subject(
            String name, RunningProcess client, String listening, RunningProcess server)
            throws InterruptedException {
        var entrance = new InetSocketAddress(LOOPBACK, port(client, listening));
        return new Subject(name, entrance, client.pid(), server.pid());
    }

    private static int port(RunningProcess process, String regex) throws InterruptedException {
        Matcher matcher = process.awaitLine(regex, START);
        return Integer.parseInt(matcher.group(1));
    }

    private RunningProcess startFar(String name, String... command) throws IOException {
        List<String> line = List.of(command);
        return start(
                name,
                (farNamespace.isEmpty() ? line : VethPair.on(farNamespace, line))
                        .toArray(String[]::new));
    }

    private RunningProcess start(String name, String... command) throws IOException {
        RunningProcess process = processes.prepare(name, command).start();
        running.add(process);
        return process;
    }

    private void end() {
        running.forEach(RunningProcess::terminate);
    }

    @Override
    public void close() throws IOException {
        Runtime.getRuntime().removeShutdownHook(hook);
        end();
        running.forEach(RunningProcess::close);
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
