package natt.tests.bench;

import com.google.gson.GsonBuilder;

import natt.tests.GoPeer;
import natt.tests.Natt;
import natt.tests.Processes;
import natt.tests.Programs;
import natt.tests.RealSshd;
import natt.tests.Repository;
import natt.tests.RunningProcess;
import natt.tests.UdpRelay;

import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/// How long `nattc --proxy` takes from its start to the query, to the first datagram of the session
/// and to the first byte of the service, what natts keeps in memory, and what the image takes on
/// disk. Everything is on the loopback, where no time passes on the way.
///
/// Arguments: `--runs N` (20), `--rest SECONDS` before memory is read (10).
public final class StartBench {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String LOOPBACK = "127.0.0.1";
    private static final byte[] GREETING = "SSH-2.0-bench\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final Duration BULK_SKIP = Duration.ofSeconds(1);
    private static final Duration BULK = Duration.ofSeconds(4);

    /// What is started, and how.
    private record Subject(String name, Map<String, String> environment, List<String> command) {}

    /// Milliseconds since the start; not a number where there is no such event.
    record Run(double query, double datagram, double firstByte) {}

    private record Memory(double natts, double nattsAfter, double nattsPeak, double nattc) {}

    private final Processes processes = Processes.ofTheClass();
    private final List<RunningProcess> running = new ArrayList<>();
    private final Path directory = Files.createTempDirectory("natt-start-");
    private final AtomicLong arrivedNanos = new AtomicLong();
    private final List<String> missing = new ArrayList<>();
    private final List<RealSshd> closing = new ArrayList<>();
    private final Map<String, List<Run>> runs = new LinkedHashMap<>();
    private int count = 20;
    private Duration rest = Duration.ofSeconds(10);
    private String record = "";

    private StartBench(String... arguments) throws IOException {
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--runs" -> count = Integer.parseInt(arguments[++i]);
                case "--rest" -> rest = Duration.ofSeconds(Long.parseLong(arguments[++i]));
                default -> throw new IllegalArgumentException("unknown: " + arguments[i]);
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (!Files.isExecutable(Path.of(Natt.program("natts")))) {
            throw new IllegalStateException("no image: run the build command of README.md first");
        }
        var bench = new StartBench(arguments);
        var hook = new Thread(bench::end);
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            bench.run();
        } finally {
            Runtime.getRuntime().removeShutdownHook(hook);
            bench.end();
        }
        System.exit(0);
    }

    private void end() {
        running.forEach(RunningProcess::terminate);
        running.forEach(RunningProcess::close);
        closing.forEach(RealSshd::close);
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException left) {
            System.err.println("left behind: " + directory);
        }
    }

    // ---- what is measured

    private void run() throws Exception {
        String load = ProcStat.loadAverage();
        try (var stub = greeter();
                var bulk = Meter.serve(LOOPBACK)) {
            int sshd = sshd();
            Memory memory = memory(address(bulk.getLocalPort()));
            int natts = port(startNatts("natts", stub.getLocalPort(), sshd));
            try (var relay = new UdpRelay(natts, this::note, 0);
                    var names =
                            new StartNames(
                                    record.replaceFirst("a=[^ ]*", "a=" + address(relay.port())))) {
                measureStarts(subjects(names, relay, sshd), names);
            }
            measureGo(stub.getLocalPort());
            report(memory, load);
        }
    }

    private static String address(int port) {
        return LOOPBACK + ":" + port;
    }

    /// Notes the first datagram after each start.
    private byte[] note(byte[] datagram) {
        arrivedNanos.compareAndSet(0, System.nanoTime());
        return datagram;
    }

    private List<Subject> subjects(StartNames names, UdpRelay relay, int sshd) throws IOException {
        String state = directory.resolve("client").toString();
        Path known = directory.resolve("known");
        Files.writeString(
                known,
                "%s %s %s%n"
                        .formatted(
                                Natt.NAME,
                                record.replaceFirst(".* k=([^ ]*) .*", "$1"),
                                address(relay.port())));
        var line = new ArrayList<>(List.of(Natt.program("nattc"), "--proxy", "--target"));
        line.addAll(List.of(Natt.NAME, "--dns-server", address(names.port())));
        line.addAll(List.of("--psk-file", secret(), "--state-dir", state));
        var stub = with(line, "--service", "stub");
        String none = directory.resolve("none").toString();
        var subjects = new ArrayList<Subject>();
        subjects.add(new Subject("nattc", Map.of(), with(stub, "--known-hosts", none)));
        if (sshd > 0) {
            subjects.add(
                    new Subject(
                            "nattc, Debian's sshd", Map.of(), with(line, "--known-hosts", none)));
        }
        subjects.add(
                new Subject(
                        "nattc, a host met before",
                        Map.of(),
                        with(stub, "--known-hosts", known.toString())));
        subjects.add(
                new Subject(
                        "nattc without its cache",
                        Map.of("JDK_JAVA_OPTIONS", "-XX:AOTMode=off"),
                        with(stub, "--known-hosts", none)));
        String java = Natt.program("java");
        subjects.add(new Subject("java -version", Map.of(), List.of(java, "-version")));
        return subjects;
    }

    private static List<String> with(List<String> line, String... more) {
        var all = new ArrayList<>(line);
        all.addAll(List.of(more));
        return List.copyOf(all);
    }

    private void measureStarts(List<Subject> subjects, StartNames names)
            throws IOException, InterruptedException {
        for (int round = -1; round < count; round++) {
            for (Subject subject : subjects) {
                Files.deleteIfExists(directory.resolve("none"));
                Run run = start(subject, names);
                // The first fills the system's own caches.
                if (round >= 0) {
                    runs.computeIfAbsent(subject.name(), _ -> new ArrayList<>()).add(run);
                }
            }
        }
    }

    private Run start(Subject subject, StartNames names) throws IOException, InterruptedException {
        Thread.sleep(PAUSE);
        names.takeAskedNanos();
        arrivedNanos.set(0);
        var builder = new ProcessBuilder(subject.command());
        builder.environment().putAll(subject.environment());
        builder.redirectError(directory.resolve("errors").toFile());
        long begin = System.nanoTime();
        Process process = builder.start();
        try {
            OutputStream in = process.getOutputStream();
            try {
                in.write(GREETING);
                in.flush();
            } catch (IOException notRead) {
                // It has ended.
            }
            boolean spoke = process.getInputStream().read() >= 0;
            long heard = System.nanoTime();
            boolean silent = subject.command().contains("-version");
            if (!spoke && !silent) {
                throw new IOException(
                        subject.name()
                                + ": "
                                + Files.readString(directory.resolve("errors")).strip());
            }
            return new Run(
                    millis(begin, names.takeAskedNanos()),
                    millis(begin, arrivedNanos.get()),
                    millis(begin, heard));
        } finally {
            hangUp(process);
        }
    }

    /// In order, if it can be: natts keeps a session whose client has vanished, and has room for a
    /// few of one key only.
    private static void hangUp(Process process) throws InterruptedException {
        try {
            process.getOutputStream().close();
        } catch (IOException ended) {
            // As it should be.
        }
        if (!process.waitFor(Duration.ofSeconds(2))) {
            process.destroyForcibly().waitFor();
        }
    }

    private static double millis(long begin, long end) {
        return end == 0 ? Double.NaN : (end - begin) / 1e6;
    }

    private void measureGo(int target) throws IOException, InterruptedException {
        var noGo = GoPeer.build();
        if (noGo.isPresent()) {
            missing.add("kcp-go: " + noGo.get());
            return;
        }
        String go = GoPeer.binary().toString();
        String to = address(target);
        RunningProcess server = start("kcp-go", go, "server", "-listen", address(0), "-target", to);
        int port = Integer.parseInt(server.awaitLine("ready .*:([0-9]+)$", LIMIT).group(1));
        try (var relay = new UdpRelay(port, this::note, 0);
                var names = new StartNames("unused")) {
            String peer = address(relay.port());
            measureStarts(
                    List.of(
                            new Subject(
                                    "kcp-go",
                                    Map.of(),
                                    List.of(go, "client", "-peer", peer, "-stdio"))),
                    names);
        }
    }

    // ---- memory

    private Memory memory(String service) throws IOException, InterruptedException {
        RunningProcess natts = startNatts("memory", freePort(), 0, "--expose", "bulk=" + service);
        Path zone = directory.resolve("memory.zone");
        RunningProcess nattc =
                start(
                        "nattc",
                        Natt.program("nattc"),
                        "-L",
                        LOOPBACK + ":0:bulk",
                        "--target",
                        Natt.NAME,
                        "--dns-file",
                        zone.toString(),
                        "--psk-file",
                        secret(),
                        "--state-dir",
                        directory.resolve("memory.client").toString());
        int entrance =
                Integer.parseInt(
                        nattc.awaitLine("accepting on TCP [0-9.]+:([0-9]+)", LIMIT).group(1));
        Thread.sleep(rest);
        double atRest = ProcStat.residentMegabytes(natts.pid());
        var at = new InetSocketAddress(LOOPBACK, entrance);
        var times = new Meter.Times(BULK_SKIP, BULK);
        Meter.down(at, times, natts.pid());
        Meter.up(at, times, natts.pid());
        Thread.sleep(rest);
        return new Memory(
                atRest,
                ProcStat.residentMegabytes(natts.pid()),
                ProcStat.peakMegabytes(natts.pid()),
                ProcStat.residentMegabytes(nattc.pid()));
    }

    // ---- what is needed for it

    private String secret() {
        return directory.resolve("psk").toString();
    }

    private RunningProcess startNatts(String name, int stub, int sshd, String... more)
            throws IOException, InterruptedException {
        if (!Files.exists(Path.of(secret()))) {
            start("natt", Natt.program("natt"), "keygen", "--psk", secret()).awaitExit(LIMIT);
        }
        Path zone = directory.resolve(name + ".zone");
        var line = new ArrayList<>(List.of(Natt.program("natts"), "--listen", address(0)));
        line.addAll(List.of("--stun", "none", "--publish-private", "--port-map", "off"));
        line.addAll(List.of("--dns", "file", "--dns-option", "path=" + zone));
        line.addAll(List.of("--target-fqdn", Natt.NAME, "--psk-file", secret()));
        line.addAll(List.of("--state-dir", directory.resolve(name).toString()));
        line.addAll(List.of("--expose", "stub=" + address(stub)));
        line.addAll(List.of("--ssh-target", address(sshd > 0 ? sshd : stub)));
        line.addAll(List.of(more));
        RunningProcess natts = start(name, line.toArray(String[]::new));
        record = natts.awaitLine("published .* TXT (v=natt1 .*?), ", LIMIT).group(1);
        return natts;
    }

    private static int port(RunningProcess natts) throws InterruptedException {
        String port = natts.awaitLine("listening on UDP [0-9.]+:([0-9]+)", LIMIT).group(1);
        return Integer.parseInt(port);
    }

    private int sshd() throws IOException, InterruptedException {
        if (Programs.find("sshd").isEmpty()) {
            missing.add("sshd: no program sshd (openssh-server)");
            return 0;
        }
        RealSshd started = RealSshd.start(processes, LOOPBACK, freePort());
        closing.add(started);
        return started.port();
    }

    private static int freePort() throws IOException {
        try (var socket = new DatagramSocket(0, InetAddress.ofLiteral(LOOPBACK))) {
            return socket.getLocalPort();
        }
    }

    /// Greets at once whoever connects.
    private static ServerSocket greeter() throws IOException {
        var listener = new ServerSocket(0, 16, InetAddress.ofLiteral(LOOPBACK));
        Thread.ofPlatform()
                .daemon()
                .start(
                        () -> {
                            try {
                                while (true) {
                                    Socket socket = listener.accept();
                                    Thread.ofPlatform().daemon().start(() -> greet(socket));
                                }
                            } catch (IOException _) {
                                // Closed.
                            }
                        });
        return listener;
    }

    private static void greet(Socket socket) {
        try (socket) {
            socket.getOutputStream().write(GREETING);
            socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        } catch (IOException _) {
            // The client has gone.
        }
    }

    private RunningProcess start(String name, String... command) throws IOException {
        RunningProcess process = processes.prepare(name, command).start();
        running.add(process);
        return process;
    }

    // ---- reporting

    private void report(Memory memory, String load) throws IOException {
        System.out.printf("%n%s; %d runs%n%n", Figures.machine(load), count);
        String form = "| %-24s | %-18s | %-18s | %-18s |%n";
        System.out.printf(
                form, "ms: median (least to most)", "DNS query", "first datagram", "first byte");
        System.out.println("|" + "---|".repeat(4));
        runs.forEach(
                (name, all) ->
                        System.out.printf(
                                form,
                                name,
                                spread(all.stream().map(Run::query).toList()),
                                spread(all.stream().map(Run::datagram).toList()),
                                spread(all.stream().map(Run::firstByte).toList())));
        Map<String, Double> sizes = sizes();
        System.out.printf("%n| MB | |%n|---|---|%n");
        System.out.printf("| natts at rest | %.0f |%n", memory.natts());
        System.out.printf("| natts after bulk | %.0f |%n", memory.nattsAfter());
        System.out.printf("| natts at most | %.0f |%n", memory.nattsPeak());
        System.out.printf("| nattc after bulk | %.0f |%n", memory.nattc());
        sizes.forEach((name, size) -> System.out.printf("| %s on disk | %.1f |%n", name, size));
        missing.forEach(each -> System.out.println("not measured: " + each));
        var all = new LinkedHashMap<String, Object>();
        all.put("milliseconds", runs);
        all.put("megabytes", memory);
        all.put("megabytesOnDisk", sizes);
        Path file = Repository.target("bench").resolve("start.json");
        Files.writeString(
                file,
                new GsonBuilder()
                        .setPrettyPrinting()
                        .serializeSpecialFloatingPointValues()
                        .create()
                        .toJson(all));
        System.out.println("every figure: " + Repository.root().relativize(file));
    }

    private static String spread(List<Double> all) {
        List<Double> values = all.stream().filter(each -> !each.isNaN()).toList();
        return values.isEmpty() ? "-" : Figures.spread(values, Double::doubleValue);
    }

    private static Map<String, Double> sizes() throws IOException {
        var sizes = new LinkedHashMap<String, Double>();
        sizes.put("image", 0.0);
        try (var files = Files.walk(Natt.IMAGE)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                double megabytes = Files.size(file) / 1e6;
                sizes.merge("image", megabytes, Double::sum);
                if (megabytes > 1) {
                    sizes.put(file.getFileName().toString(), megabytes);
                }
            }
        }
        return sizes;
    }
}
