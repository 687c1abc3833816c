package natt.tests;

import natt.core.Identity;
import natt.wireguard.control.WireGuardKey;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/// WireGuards of Debian's on hosts of the laboratory, all of them peers of each other, a broker,
/// and `natt wg`.
public final class WgLab implements AutoCloseable {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Path SOCKETS = Path.of("/var/run/wireguard");

    /// The same on every host: two of them may share a NAT.
    private static final String PORT = "51820";

    /// Interfaces of all namespaces have their sockets in one directory.
    private static final AtomicInteger COUNT = new AtomicInteger();

    /// A host's interface.
    ///
    /// @param inner its address in the tunnel
    public record Peer(String host, String device, Identity identity, String inner, Node node) {
        public String key() {
            return WireGuardKey.format(identity.publicKey());
        }
    }

    private final Processes processes;
    private final Path directory;
    private final Lab lab;
    private final RealBroker broker;
    private final Map<String, Peer> peers = new LinkedHashMap<>();

    private WgLab(Processes processes, Path directory, Lab lab, RealBroker broker) {
        this.processes = processes;
        this.directory = directory;
        this.lab = lab;
        this.broker = broker;
    }

    /// @param a the type of NAT of `hostA` and `hostA2`
    /// @param b of `hostB`
    public static WgLab between(
            Processes processes, Path directory, String a, String b, String... hosts)
            throws Exception {
        Lab lab = Lab.up("--a", a, "--b", b);
        try {
            RealBroker broker =
                    RealBroker.start(
                            processes,
                            lab.on("pub", Natt.program("natt")),
                            directory,
                            Network.PUB + ":30000");
            var made = new WgLab(processes, directory, lab, broker);
            for (String host : hosts) {
                made.startWireGuard(host);
            }
            made.introduce();
            return made;
        } catch (Exception | Error failed) {
            lab.close();
            throw failed;
        }
    }

    private void startWireGuard(String host) throws Exception {
        int number = COUNT.incrementAndGet();
        var peer =
                new Peer(
                        host,
                        "ntw%dx%d".formatted(ProcessHandle.current().pid(), number),
                        Identity.generate(new SecureRandom()),
                        "10.77.0." + (peers.size() + 1),
                        new Node(directory.resolve(host)));
        peers.put(host, peer);
        processes
                .prepare("wireguard-go " + host, "wireguard-go", "--foreground", peer.device)
                .under(lab.on(host))
                .env("LOG_LEVEL", "error")
                .start();
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!Files.exists(SOCKETS.resolve(peer.device + ".sock"))) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("wireguard-go makes no " + peer.device);
            }
            Thread.sleep(20);
        }
    }

    private void introduce() throws IOException {
        for (Peer each : peers.values()) {
            Path key =
                    each.node.secretFile(
                            "wireguard.key",
                            Base64.getEncoder().encodeToString(each.identity.reveal()));
            var line = new ArrayList<>(List.of("wg", "set", each.device));
            line.addAll(List.of("private-key", key.toString(), "listen-port", PORT));
            for (Peer other : peers.values()) {
                if (other != each) {
                    line.addAll(List.of("peer", other.key()));
                    line.addAll(List.of("allowed-ips", other.inner + "/32"));
                }
            }
            Programs.mustRun(line.toArray(String[]::new));
            ip(each, "addr add " + each.inner + "/24 dev " + each.device);
            ip(each, "link set " + each.device + " up");
        }
    }

    private void ip(Peer peer, String arguments) {
        Programs.mustRun(("ip -n " + lab.namespace(peer.host) + " " + arguments).split(" "));
    }

    public Lab network() {
        return lab;
    }

    public Peer peer(String host) {
        Peer peer = peers.get(host);
        if (peer == null) {
            throw new AssertionError("no WireGuard on " + host);
        }
        return peer;
    }

    /// Starts `natt wg` on a host.
    public RunningProcess start(String host, String... options) throws IOException {
        return prepare(host, options).with("--broker", broker.address()).start();
    }

    /// Prepares `natt wg` on a host, without a broker.
    public Processes.Start prepare(String host, String... options) {
        Peer peer = peer(host);
        return processes
                .prepare("natt wg " + host, Natt.program("natt"), "wg")
                .with("--interface", peer.device)
                .with(options)
                .under(lab.on(host))
                .env(peer.node.environment());
    }

    /// What `wg show` says of one value of the peers of a host: lines of a key and the value.
    private String show(String host, String what) {
        return Programs.mustRun("wg", "show", peer(host).device, what);
    }

    /// Waits until a host has shaken hands with all its peers; returns when that was.
    public long awaitHandshakes(String host, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!show(host, "latest-handshakes").lines().allMatch(each -> !each.endsWith("\t0"))) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("no handshake of " + host + " within " + limit);
            }
            Thread.sleep(20);
        }
        return System.nanoTime();
    }

    /// The endpoint that a host's WireGuard has for another's.
    public String endpoint(String host, String other) {
        return show(host, "endpoints")
                .lines()
                .map(line -> line.split("\t"))
                .filter(words -> words[0].equals(peer(other).key()))
                .map(words -> words[1])
                .findFirst()
                .orElseThrow(() -> new AssertionError(host + " has no peer " + other));
    }

    /// Waits until an endpoint begins so.
    public void awaitEndpoint(String host, String other, String start, Duration limit)
            throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!endpoint(host, other).startsWith(start)) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError(
                        "the endpoint of %s at %s is %s"
                                .formatted(other, host, endpoint(host, other)));
            }
            Thread.sleep(50);
        }
    }

    /// Waits until a packet comes back from another host, through the tunnel.
    public void awaitPing(String host, String other, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            String[] ping = lab.on(host, "ping", "-c", "1", "-W", "1", peer(other).inner);
            if (Programs.run(ping).status() == 0) {
                return;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("no answer of %s within %s".formatted(other, limit));
            }
        }
    }

    @Override
    public void close() {
        lab.close();
    }
}
