package natt.tests;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Packet tunnels between hosts behind NATs, with a broker on `pub`: in the laboratory beside the
/// repository where there is one, else in the small one.
public final class TunLab implements AutoCloseable {
    public static final Duration SOON = Duration.ofSeconds(20);

    /// What each end calls its device.
    public static final String DEVICE = "natt0";

    private final Processes processes;
    private final Network network;
    private final Path directory;
    private final RealBroker broker;

    private TunLab(Processes processes, Network network, Path directory)
            throws IOException, InterruptedException {
        this.processes = processes;
        this.network = network;
        this.directory = directory;
        try {
            broker =
                    RealBroker.start(
                            processes,
                            network.on("pub", Natt.program("natt")),
                            directory,
                            Network.PUB + ":30000");
        } catch (IOException | InterruptedException | AssertionError e) {
            network.close();
            throw e;
        }
    }

    /// Between NATs that let in only whom the host behind has sent something.
    public static TunLab up(Processes processes, Path directory)
            throws IOException, InterruptedException {
        return Need.NATLAB.missing().isEmpty()
                ? between(processes, directory, "port-restricted", "port-restricted")
                : new TunLab(processes, MiniLab.up(), directory);
    }

    /// Between NATs of types of natlab's.
    public static TunLab between(Processes processes, Path directory, String a, String b)
            throws IOException, InterruptedException {
        return new TunLab(processes, Lab.up("--a", a, "--b", b, "--no-stun"), directory);
    }

    public Network network() {
        return network;
    }

    public RealBroker broker() {
        return broker;
    }

    // ---- ends of tunnels

    /// An end of the tunnel between `hostA` and `hostB`.
    public enum End {
        A("hostA", "a", 1),
        B("hostB", "b", 2);

        public final String host;
        final String peerName;
        final int number;

        End(String host, String peerName, int number) {
            this.host = host;
            this.peerName = peerName;
            this.number = number;
        }

        public End other() {
            return this == A ? B : A;
        }

        /// Its address inside.
        public String four() {
            return "10.10.0." + number;
        }

        /// Its address inside.
        public String six() {
            return "fd10:10::" + number;
        }
    }

    public Node node(String name) {
        return new Node(directory.resolve(name));
    }

    public Node node(End end) {
        return node(end.peerName);
    }

    /// Prepares an end with the addresses that its peer expects.
    public Processes.Start prepare(End end, String... options) {
        return prepareWith(end, end.four(), options)
                .with("--local", end.six(), "--remote", end.other().six());
    }

    /// Prepares an end with one address of its own choice.
    public Processes.Start prepareWith(End end, String local, String... options) {
        var start =
                prepare(end.host, end.peerName)
                        .with("--peer", end.other().peerName)
                        .with("--local", local, "--remote", end.other().four())
                        .with(options);
        // The one port that the small laboratory can map anew.
        return end == End.B && network instanceof MiniLab
                ? start.with("--listen", ":" + MiniLab.INSIDE_PORT)
                : start;
    }

    /// Prepares a node of a name on a host.
    public Processes.Start prepare(String host, String name) {
        return processes
                .prepare("natt tun " + name, network.on(host, Natt.program("natt"), "tun"))
                .with("--broker", broker.address(), "--name", name)
                .env(node(name).environment());
    }

    /// Waits until a packet goes there and back; returns how long that took.
    public Duration awaitConnected(String host, String address)
            throws IOException, InterruptedException {
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < SOON.toNanos()) {
            if (answers(host, address, "-c", "1", "-W", "0.3")) {
                return Duration.ofNanos(System.nanoTime() - begin);
            }
            // ping ends at once where there is no route yet.
            Thread.sleep(50);
        }
        throw new AssertionError("nothing from %s to %s within %s".formatted(host, address, SOON));
    }

    /// Waits until both ends tell that packets take a direct path.
    public void awaitDirect() throws InterruptedException {
        for (End end : End.values()) {
            long begin = System.nanoTime();
            while (!isDirect(end)) {
                if (System.nanoTime() - begin > SOON.toNanos()) {
                    throw new AssertionError(
                            "no direct path within " + SOON + ": " + report(end.peerName));
                }
                Thread.sleep(50);
            }
        }
    }

    /// Waits until an end tells that packets are relayed, and why.
    public void awaitWhyRelayed(End end) throws InterruptedException {
        long begin = System.nanoTime();
        while (!peerOf(end).has("whyRelayed")) {
            if (System.nanoTime() - begin > SOON.toNanos()) {
                throw new AssertionError("no reason within " + SOON + ": " + peerOf(end));
            }
            Thread.sleep(50);
        }
    }

    private JsonObject peerOf(End end) throws InterruptedException {
        return report(end.peerName).getAsJsonArray("peers").get(0).getAsJsonObject();
    }

    private boolean isDirect(End end) throws InterruptedException {
        JsonElement path = peerOf(end).get("path");
        return path != null && !path.getAsString().equals("relay");
    }

    public Duration awaitConnected(End from) throws IOException, InterruptedException {
        return awaitConnected(from.host, from.other().four());
    }

    /// Whether any of some pings is answered.
    public boolean answers(String host, String address, String... options) {
        var line = new ArrayList<>(List.of(network.on(host, "ping", "-q")));
        line.addAll(List.of(options));
        line.add(address);
        return Programs.run(line.toArray(String[]::new)).status() == 0;
    }

    public PingStream ping(End from, Duration every) throws IOException {
        return PingStream.start(processes, network.on(from.host), from.other().four(), every);
    }

    public PingStream ping(End from, Duration every, int count) throws IOException {
        return PingStream.start(
                processes, network.on(from.host), from.other().four(), every, count);
    }

    // ---- what a host has

    /// Packets that have come out of a device into its host.
    public long cameOut(String host, String device) {
        String said = on(host, "ip", "-j", "-s", "link", "show", "dev", device);
        return JsonParser.parseString(said)
                .getAsJsonArray()
                .get(0)
                .getAsJsonObject()
                .getAsJsonObject("stats64")
                .getAsJsonObject("rx")
                .get("packets")
                .getAsLong();
    }

    /// A counter in what `natt status` tells of a node.
    public long counter(String name, String counter) throws InterruptedException {
        String report = report(name).toString();
        Matcher found = Pattern.compile("\"" + counter + "\":([0-9]+)").matcher(report);
        if (!found.find()) {
            throw new AssertionError("no " + counter + " in " + report);
        }
        return Long.parseLong(found.group(1));
    }

    private JsonObject report(String name) throws InterruptedException {
        List<String> line = List.of(Natt.program("natt"), "status", "--json");
        long begin = System.nanoTime();
        while (true) {
            // Others of the machine's may be told of, too, and those that do not answer come first.
            String said = Programs.run(line, node(name).environment(), "").output();
            int json = said.indexOf('{');
            for (JsonElement each :
                    json < 0
                            ? List.<JsonElement>of()
                            : JsonParser.parseString(said.substring(json))
                                    .getAsJsonObject()
                                    .getAsJsonArray("nodes")) {
                JsonElement its = each.getAsJsonObject().get("name");
                if (its != null && its.getAsString().equals(name)) {
                    return each.getAsJsonObject();
                }
            }
            if (System.nanoTime() - begin > SOON.toNanos()) {
                throw new AssertionError(name + " tells nothing: " + said);
            }
            Thread.sleep(100);
        }
    }

    /// All addresses, devices, routes and processes of a host: to be compared with what is there
    /// later.
    public List<String> everything(String host) throws InterruptedException {
        for (int i = 0; i < 100 && ip(host, "-6 addr").contains("tentative"); i++) {
            // Routes follow once the addresses are known to be nobody else's.
            Thread.sleep(50);
        }
        var all = new ArrayList<String>();
        for (String what : List.of("link", "addr", "route show table all", "rule")) {
            for (String family : List.of("-4", "-6")) {
                all.addAll(ip(host, family + " -o " + what).lines().sorted().toList());
            }
        }
        Programs.mustRun("ip", "netns", "pids", network.namespace(host)).lines().forEach(all::add);
        return all;
    }

    public String ip(String host, String arguments) {
        var line = new ArrayList<>(List.of("ip", "-n", network.namespace(host)));
        line.addAll(List.of(arguments.split(" ")));
        return Programs.mustRun(line.toArray(String[]::new));
    }

    public boolean has(String host, String device) {
        return Programs.run("ip", "-n", network.namespace(host), "link", "show", "dev", device)
                        .status()
                == 0;
    }

    /// Runs a short program on a host to its end, which has to be a good one.
    public String on(String host, String... command) {
        return Programs.mustRun(network.on(host, command));
    }

    /// Sends bytes from one end to the other over TCP, and compares their checksums.
    public Transfer transfer(End from, String address, long bytes)
            throws IOException, InterruptedException {
        RunningProcess sender =
                processes
                        .prepare("sender", network.on(from.host, Blob.command()))
                        .with("serve", address, "" + bytes)
                        .start();
        String port = sender.awaitLine("serving on ([0-9]+)", SOON).group(1);
        RunningProcess receiver =
                processes
                        .prepare("receiver", network.on(from.other().host, Blob.command()))
                        .with("fetch", address, port)
                        .start();
        return new Transfer(sender, receiver, bytes, System.nanoTime());
    }

    /// Bytes under way.
    public record Transfer(
            RunningProcess sender, RunningProcess receiver, long bytes, long beginNanos) {
        /// Waits for the end, compares, and returns how long it took.
        public Duration await(Duration limit) throws InterruptedException {
            String form = " " + bytes + " bytes, SHA-256 ([0-9a-f]{64})";
            String received = receiver.awaitLine("received" + form, limit).group(1);
            Duration took = Duration.ofNanos(System.nanoTime() - beginNanos);
            String sent = sender.awaitLine("sent" + form, SOON).group(1);
            if (!sent.equals(received)) {
                throw new AssertionError("sent " + sent + " received " + received);
            }
            return took;
        }
    }

    @Override
    public void close() {
        network.close();
    }
}
