package natt.tests.bench;

import natt.tests.Natt;
import natt.tests.Node;
import natt.tests.Processes;
import natt.tests.Programs;
import natt.tests.RunningProcess;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// Starts packet tunnels between the two hosts of a pair, all at once and for the whole run,
/// with keys and configurations of their own in a temporary directory.
final class PacketTunnels implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(20);
    private static final int BROKER_PORT = 30_000;

    /// A tunnel from the near host to the far one.
    ///
    /// @param farAddress of the far host inside
    /// @param pids of the two ends, the near one first; none without a tunnel
    record Tunnel(String name, String farAddress, long... pids) {
        /// Of the near host inside.
        String nearAddress() {
            return farAddress.replaceAll("[0-9]+$", "" + End.NEAR.number);
        }
    }

    /// One of the two hosts.
    private enum End {
        NEAR(1, "a"),
        FAR(2, "b");

        final int number;
        final String letter;

        End(int number, String letter) {
            this.number = number;
            this.letter = letter;
        }

        End other() {
            return this == NEAR ? FAR : NEAR;
        }
    }

    private interface Start {
        Tunnel start() throws IOException, InterruptedException;
    }

    private final Processes processes = Processes.ofTheClass();
    private final List<RunningProcess> running = new ArrayList<>();
    private final List<String> missing = new ArrayList<>();
    private final Path directory = Files.createTempDirectory("natt-bench-");
    private final Thread hook = new Thread(this::end);
    private final VethPair pair;
    private final List<String> outside;
    private final OptionalInt mtu;

    /// @param mtu of all tunnels; empty for each program's own
    PacketTunnels(VethPair pair, OptionalInt mtu) throws IOException {
        this(pair, List.of(VethPair.NEAR_ADDRESS, VethPair.FAR_ADDRESS), mtu);
    }

    /// @param outside the addresses of the two hosts between which the tunnels go
    PacketTunnels(VethPair pair, List<String> outside, OptionalInt mtu) throws IOException {
        this.pair = pair;
        this.outside = outside;
        this.mtu = mtu;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /// What could not be measured, and why.
    List<String> missing() {
        return missing;
    }

    /// Starts those of the given names, or all if there are none.
    List<Tunnel> start(List<String> only) throws IOException, InterruptedException {
        var all = new LinkedHashMap<String, Start>();
        all.put("no tunnel", () -> new Tunnel("no tunnel", VethPair.FAR_ADDRESS));
        all.put("natt", this::natt);
        all.put("wireguard-go", this::wireGuard);
        all.put("nebula", this::nebula);
        all.put("tinc", this::tinc);
        var packages =
                Map.of(
                        "wireguard-go", List.of("wireguard-go", "wg"),
                        "nebula", List.of("nebula", "nebula-cert"),
                        "tinc", List.of("tincd"));
        var started = new ArrayList<Tunnel>();
        for (var each : all.entrySet()) {
            String name = each.getKey();
            if (!only.isEmpty() && !only.contains(name)) {
                continue;
            }
            Optional<String> lacking =
                    packages.getOrDefault(name, List.of()).stream()
                            .filter(program -> Programs.find(program).isEmpty())
                            .findFirst();
            if (lacking.isPresent()) {
                missing.add("%s: no program %s".formatted(name, lacking.get()));
            } else {
                addIfItComesUp(started, name, each.getValue());
            }
        }
        return started;
    }

    private void addIfItComesUp(List<Tunnel> started, String name, Start start)
            throws IOException, InterruptedException {
        int before = running.size();
        try {
            Tunnel tunnel = start.start();
            if (new PacketMeter(pair).comesUp(tunnel.farAddress(), (int) START.toSeconds())) {
                started.add(tunnel);
                return;
            }
            missing.add(name + ": nothing came through within " + START.toSeconds() + " s");
        } catch (AssertionError | IOException failed) {
            missing.add(name + ": " + failed.getMessage());
        }
        for (RunningProcess each : running.subList(before, running.size())) {
            System.err.println("--- " + name + "\n" + each.text());
            each.close();
        }
    }

    // ---- natt

    private Tunnel natt() throws IOException, InterruptedException {
        Path home = Files.createDirectory(directory.resolve("natt"));
        RunningProcess broker =
                run(
                        End.FAR,
                        new Node(home.resolve("broker")).environment(),
                        Natt.program("natt"),
                        "broker",
                        "--open",
                        "--listen",
                        outside(End.FAR) + ":" + BROKER_PORT);
        String address = broker.awaitLine("nodes use it with: --broker (\\S+)", START).group(1);
        long[] pids = new long[2];
        for (End end : End.values()) {
            var line = new ArrayList<>(List.of(Natt.program("natt"), "tun", "--broker", address));
            line.addAll(List.of("--name", end.letter, "--peer", end.other().letter));
            line.addAll(List.of("--local", inside(4, end), "--remote", inside(4, end.other())));
            line.addAll(List.of("--dev", "natt0"));
            mtu.ifPresent(octets -> line.addAll(List.of("--mtu", "" + octets)));
            RunningProcess process =
                    run(
                            end,
                            new Node(home.resolve(end.letter)).environment(),
                            line.toArray(String[]::new));
            pids[end.ordinal()] = process.pid();
        }
        return new Tunnel("natt", inside(4, End.FAR), pids);
    }

    // ---- wireguard-go

    private Tunnel wireGuard() throws IOException, InterruptedException {
        Path home = Files.createDirectory(directory.resolve("wireguard"));
        var publicKeys = new ArrayList<String>();
        for (End end : End.values()) {
            String key = Programs.mustRun("wg", "genkey");
            secret(home.resolve(end.letter), key);
            publicKeys.add(Programs.mustRun(List.of("wg", "pubkey"), Map.of(), key).strip());
        }
        long[] pids = new long[2];
        for (End end : End.values()) {
            String device = wireGuardDevice(end);
            RunningProcess process = run(end, Map.of(), "wireguard-go", "-f", device);
            pids[end.ordinal()] = process.pid();
            awaitFile(wireGuardSocket(end));
            on(
                    end,
                    "wg set %s listen-port 51820 private-key %s peer %s allowed-ips %s/32 endpoint %s"
                            .formatted(
                                    device,
                                    home.resolve(end.letter),
                                    publicKeys.get(end.other().ordinal()),
                                    inside(1, end.other()),
                                    outside(end.other()) + ":51820"));
            on(end, "ip addr add %s/24 dev %s".formatted(inside(1, end), device));
            // wg-quick's, where nothing else is asked for.
            on(end, "ip link set %s mtu %d up".formatted(device, mtu.orElse(1420)));
        }
        return new Tunnel("wireguard-go", inside(1, End.FAR), pids);
    }

    /// All namespaces share the directory of the control sockets, so that names differ.
    private static String wireGuardDevice(End end) {
        return "wb%d%s".formatted(ProcessHandle.current().pid(), end.letter);
    }

    private static Path wireGuardSocket(End end) {
        return Path.of("/var/run/wireguard", wireGuardDevice(end) + ".sock");
    }

    private static void awaitFile(Path file) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + START.toNanos();
        while (!Files.exists(file)) {
            if (System.nanoTime() - deadline > 0) {
                throw new IOException(file + " does not appear");
            }
            Thread.sleep(10);
        }
    }

    // ---- nebula

    private Tunnel nebula() throws IOException {
        Path home = Files.createDirectory(directory.resolve("nebula"));
        certify(home, "ca -name bench -out-crt %s/ca.crt -out-key %s/ca.key");
        long[] pids = new long[2];
        for (End end : End.values()) {
            certify(
                    home,
                    "sign -ca-crt %s/ca.crt -ca-key %s/ca.key -name END -ip ADDRESS/24 "
                                    .replace("END", end.letter)
                                    .replace("ADDRESS", inside(2, end))
                            + "-out-crt %s/END.crt -out-key %s/END.key".replace("END", end.letter));
            Path configuration = home.resolve(end.letter + ".yml");
            Files.writeString(configuration, nebula(home, end));
            String[] line = {"nebula", "-config", configuration.toString()};
            pids[end.ordinal()] = run(end, Map.of(), line).pid();
        }
        return new Tunnel("nebula", inside(2, End.FAR), pids);
    }

    private static void certify(Path home, String arguments) {
        Programs.mustRun(("nebula-cert " + arguments.replace("%s", "" + home)).split(" "));
    }

    private String nebula(Path home, End end) {
        return """
        pki: {ca: HOME/ca.crt, cert: HOME/END.crt, key: HOME/END.key}
        static_host_map:
          "PEER": ["OUTSIDE:4242"]
        lighthouse: {am_lighthouse: false}
        listen: {host: 0.0.0.0, port: 4242}
        tun: {dev: nebula1, mtu: WIDTH}
        logging: {level: warning}
        firewall:
          outbound: [{port: any, proto: any, host: any}]
          inbound: [{port: any, proto: any, host: any}]
        """
                .replace("HOME", "" + home)
                .replace("END", end.letter)
                .replace("PEER", inside(2, end.other()))
                .replace("OUTSIDE", outside(end.other()))
                .replace("WIDTH", "" + mtu.orElse(1300));
    }

    // ---- tinc

    private Tunnel tinc() throws IOException {
        Path home = Files.createDirectory(directory.resolve("tinc"));
        for (End end : End.values()) {
            Path own = home.resolve(end.letter);
            Files.createDirectories(own.resolve("hosts"));
            Files.writeString(
                    own.resolve("tinc.conf"),
                    "Name = %s%nInterface = tinc0%nConnectTo = %s%n"
                            .formatted(end.letter, end.other().letter));
            Files.writeString(
                    own.resolve("hosts").resolve(end.letter),
                    "Address = %s%nSubnet = %s/32%n".formatted(outside(end), inside(3, end)));
            Path up = own.resolve("tinc-up");
            Files.writeString(
                    up,
                    """
                    #!/bin/sh
                    ip addr add %s/24 dev $INTERFACE
                    ip link set $INTERFACE mtu %d up
                    """
                            .formatted(inside(3, end), mtu.orElse(1500)));
            Files.setPosixFilePermissions(up, PosixFilePermissions.fromString("rwx------"));
            // It asks where the keys go, and takes an end of input for its proposals.
            Programs.mustRun("tincd", "-c", own.toString(), "-K", "2048");
        }
        long[] pids = new long[2];
        for (End end : End.values()) {
            Path own = home.resolve(end.letter);
            Files.copy(
                    home.resolve(end.other().letter).resolve("hosts").resolve(end.other().letter),
                    own.resolve("hosts").resolve(end.other().letter));
            String pidFile = "--pidfile=" + own.resolve("pid");
            String[] line = {"tincd", "-D", "-c", own.toString(), pidFile};
            pids[end.ordinal()] = run(end, Map.of(), line).pid();
        }
        return new Tunnel("tinc", inside(3, End.FAR), pids);
    }

    // ---- what all need

    private static String inside(int tunnel, End end) {
        return "10.81.%d.%d".formatted(tunnel, end.number);
    }

    private String outside(End end) {
        return outside.get(end.ordinal());
    }

    private String namespace(End end) {
        return end == End.NEAR ? pair.near() : pair.far();
    }

    private static void secret(Path file, String content) throws IOException {
        Files.createFile(
                file,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, content);
    }

    private void on(End end, String command) {
        List<String> line = VethPair.on(namespace(end), List.of(command.split(" ")));
        Programs.mustRun(line.toArray(String[]::new));
    }

    private RunningProcess run(End end, Map<String, String> environment, String... command)
            throws IOException {
        List<String> line = VethPair.on(namespace(end), List.of(command));
        RunningProcess process =
                processes.prepare(command[0], line.toArray(String[]::new)).env(environment).start();
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
            for (End end : End.values()) {
                Files.deleteIfExists(wireGuardSocket(end));
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
