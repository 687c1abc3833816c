package natt.tests.bench;

import natt.tests.Programs;
import natt.tests.Repository;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A second link of a [VethPair], with the laboratory's emulator of wide-area networks between
/// the two hosts: delay, loss, rate and queue are those of [#set]. Offloads are off there, so that
/// the emulator sees each packet as a wire would.
final class WanLink implements AutoCloseable {
    static final String NEAR_ADDRESS = "10.79.0.1";
    static final String FAR_ADDRESS = "10.79.0.2";
    static final String DEVICE = "eth1";

    /// Neither delay nor loss nor a limit; and the queue that a limit would have, in milliseconds.
    static final String PLAIN = "delay=0 loss=0 burst=1 reorder=0 rate=0 queue=50";

    private static final String ASK =
            """
            import os, socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.settimeout(2)
            s.bind(sys.argv[1] + '.%d' % os.getpid())
            try:
                s.sendto(sys.argv[2].encode(), sys.argv[1])
                sys.stdout.write(s.recv(4096).decode())
            finally:
                os.unlink(s.getsockname())
            """;

    private final VethPair pair;
    private final Path directory;
    private final Thread hook = new Thread(this::delete);

    private WanLink(VethPair pair, Path directory) {
        this.pair = pair;
        this.directory = directory;
    }

    /// @throws AssertionError if it cannot be built
    static WanLink up(VethPair pair) throws IOException, InterruptedException {
        Path program = compile();
        var link = new WanLink(pair, Files.createTempDirectory("natt-wan-"));
        Runtime.getRuntime().addShutdownHook(link.hook);
        Programs.mustRun("ip", "netns", "add", pair.between());
        link.join(pair.near(), NEAR_ADDRESS, "near");
        link.join(pair.far(), FAR_ADDRESS, "far");
        List<String> line = List.of(program.toString(), "near", "far", "ctl=" + link.control());
        new ProcessBuilder(VethPair.on(pair.between(), line))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        while (!Files.exists(link.control())) {
            Thread.sleep(10);
        }
        return link;
    }

    /// The link that another process has made and will delete.
    static WanLink madeByAnother(VethPair pair, String control) {
        return new WanLink(pair, Path.of(control).getParent());
    }

    private static Path compile() {
        Path program = Repository.target("wan").resolve("wan");
        Path source = Repository.natlab().resolve("wan.c");
        Programs.mustRun("gcc", "-O2", "-o", program.toString(), source.toString());
        return program;
    }

    private void join(String host, String address, String peer) {
        Programs.mustRun(
                "ip link add %s netns %s type veth peer name %s netns %s"
                        .formatted(DEVICE, host, peer, pair.between())
                        .split(" "));
        plain(host, DEVICE);
        plain(pair.between(), peer);
        on(pair.between(), "sysctl -qw net.ipv6.conf.%s.disable_ipv6=1".formatted(peer));
        on(pair.between(), "ip link set %s up".formatted(peer));
        on(host, "ip addr add %s/24 dev %s".formatted(address, DEVICE));
        on(host, "ip link set %s up".formatted(DEVICE));
        // Room for long fat pipes, and no memory of earlier connections.
        for (String direction : List.of("rmem", "wmem")) {
            var line = new ArrayList<>(List.of("sysctl", "-qw"));
            line.add("net.ipv4.tcp_%s=4096 131072 33554432".formatted(direction));
            Programs.mustRun(VethPair.on(host, line).toArray(String[]::new));
        }
        on(host, "sysctl -qw net.ipv4.tcp_no_metrics_save=1");
    }

    private static void plain(String namespace, String device) {
        on(namespace, "ethtool -K %s tx off rx off tso off gso off gro off".formatted(device));
    }

    private static void on(String namespace, String command) {
        List<String> line = VethPair.on(namespace, List.of(command.split(" ")));
        Programs.mustRun(line.toArray(String[]::new));
    }

    Path control() {
        return directory.resolve("ctl");
    }

    /// Changes what the link does, by the emulator's keys.
    void set(String settings) throws IOException {
        String answer = ask(settings);
        if (!answer.equals("ok\n")) {
            throw new IOException("the emulator does not take '%s'".formatted(settings));
        }
    }

    /// The emulator's counters of the way from the far host to the near one.
    Map<String, Double> counters() {
        var counters = new LinkedHashMap<String, Double>();
        ask("stats")
                .lines()
                .filter(line -> line.startsWith("ba "))
                .flatMap(line -> List.of(line.substring(3).split(" ")).stream())
                .map(field -> field.split("="))
                .forEach(field -> counters.put(field[0], Double.parseDouble(field[1])));
        return counters;
    }

    private String ask(String request) {
        return Programs.mustRun("python3", "-c", ASK, control().toString(), request);
    }

    /// Makes the far host's TCP send to an address by a congestion control of the kernel's. Routes
    /// may say so where a namespace's own settings may not.
    void congestionControl(String nearAddress, String name) {
        String way =
                Programs.mustRun("ip", "-n", pair.far(), "-o", "route", "get", nearAddress)
                        .replaceAll("(?s).* dev (\\S+).*", "$1");
        on(
                pair.far(),
                "ip route replace %s/32 dev %s congctl %s".formatted(nearAddress, way, name));
    }

    private void delete() {
        try {
            Files.deleteIfExists(control());
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            System.err.println("something is left: " + e);
        }
    }

    /// The pair deletes the namespaces, and ends what runs inside.
    @Override
    public void close() {
        delete();
        Runtime.getRuntime().removeShutdownHook(hook);
    }
}
