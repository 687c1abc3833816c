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
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
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

    /// No waiting, wide windows, no parity, and nothing compressed.
    static final String[] FAST =
            "--mode fast3 --nocomp --datashard 0 --parityshard 0 --sndwnd 4096 --rcvwnd 4096"
                    .split(" ");

    /// One way to the service.
    ///
    /// @param pids of the two ends, the client's first; none for plain TCP
    record Subject(String name, InetSocketAddress entrance, long... pids) {}

    /// What clients are started for.
    ///
    /// @param client the command line of the client of a number
    /// @param listening what a client says when it accepts at a port
    record Server(
            String name,
            RunningProcess process,
            IntFunction<List<String>> client,
            String listening) {}

    private final Processes processes = Processes.ofTheClass();
    private final List<RunningProcess> running = new CopyOnWriteArrayList<>();
    private final Path directory = Files.createTempDirectory("natt-bench-");
    private final Thread hook = new Thread(this::end);
    private final String far;
    private final String farNamespace;
    private final List<String> missing = new ArrayList<>();
    private String service = "";
    private long servicePid;
    private final AtomicInteger clients = new AtomicInteger();

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

    /// Of what answers, which is at the far end.
    long servicePid() {
        return servicePid;
    }

    List<Subject> startAll() throws IOException, InterruptedException {
        var subjects = new ArrayList<Subject>();
        subjects.add(new Subject("TCP", startService(far)));
        subjects.add(startClient(startSessions()));
        RunningProcess natts = startNatts();
        int nattsPort = port(natts, LISTENING);
        natts.awaitLine("published", START);
        RunningProcess nattc = startNattc("natt", nattsPort);
        subjects.add(subject("natt --compat", nattc, ACCEPTING, natts));
        if (Programs.find("kcptun-client").isEmpty()) {
            missing.add("kcptun: no program kcptun-client (Debian's kcptun)");
        } else {
            subjects.add(startClient(kcptun("kcptun fast3", FAST)));
            subjects.add(startClient(kcptun("kcptun defaults")));
        }
        var noGo = GoPeer.build();
        if (noGo.isPresent()) {
            missing.add("kcp-go: " + noGo.get());
        } else {
            addGo(subjects, nattsPort);
        }
        return subjects;
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

    /// Starts what answers at the far address, before all others.
    ///
    /// @param host where it listens
    InetSocketAddress startService(String host) throws IOException, InterruptedException {
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
                        host);
        int port = port(process, "serving on ([0-9]+)");
        service = far + ":" + port;
        servicePid = process.pid();
        return new InetSocketAddress(far, port);
    }

    /// natts and nattc as they are without options: an authenticated, encrypted session.
    Server startSessions() throws IOException, InterruptedException {
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
        IntFunction<List<String>> client =
                number -> {
                    var line = new ArrayList<>(List.of(Natt.program("nattc")));
                    line.addAll(List.of("-L", LOOPBACK + ":0:bench", "--target", Natt.NAME));
                    line.addAll(List.of("--dns-file", zone.toString(), "--psk-file", secret));
                    line.addAll(List.of("--state-dir", home.resolve("nattc" + number).toString()));
                    return line;
                };
        return new Server("natt", natts, client, ACCEPTING);
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

    /// @param options of both ends
    Server kcptun(String name, String... options) throws IOException, InterruptedException {
        // It does not tell the port that the system chose.
        String udp = far + ":" + freeUdpPort();
        var serverLine = new ArrayList<>(List.of("kcptun-server", "--key", KEY));
        serverLine.addAll(List.of("-l", udp, "-t", service, "--quiet"));
        serverLine.addAll(List.of(options));
        var clientLine = new ArrayList<>(List.of("kcptun-client", "--key", KEY));
        clientLine.addAll(List.of("-l", LOOPBACK + ":0", "-r", udp, "--quiet"));
        clientLine.addAll(List.of(options));
        RunningProcess server = startFar(name, serverLine.toArray(String[]::new));
        server.awaitLine("key derivation done", START);
        return new Server(name, server, _ -> clientLine, "listening on: .*:([0-9]+)");
    }

    /// One more client of a server; several threads may start some.
    Subject startClient(Server server) throws IOException, InterruptedException {
        List<String> line = server.client().apply(clients.incrementAndGet());
        RunningProcess client = start(server.name(), line.toArray(String[]::new));
        return subject(server.name(), client, server.listening(), server.process());
    }

    /// Ends the client of a subject; its server goes on.
    void endClient(Subject subject) {
        List<RunningProcess> ended =
                running.stream().filter(each -> each.pid() == subject.pids()[0]).toList();
        ended.forEach(RunningProcess::close);
        running.removeAll(ended);
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
        running.forEach(RunningProcess::close);
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            System.err.println("something is left: " + e);
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(hook);
        end();
    }
}
