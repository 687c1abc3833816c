package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;

import natt.tests.Measured;
import natt.tests.Need;
import natt.tests.PingStream;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.TunLab;
import natt.tests.TunLab.End;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// `natt tun` between two hosts behind NATs that let no stranger in: one tunnel for all tests,
/// which each of them finds connected, and leaves so.
@Requires({Need.TUN, Need.IMAGE})
@Timeout(60)
class TunLabTests {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration EVERY = Duration.ofMillis(50);

    /// What a rebinding and a new start may take at most.
    private static final Duration REBOUND = Duration.ofSeconds(3);

    private static final Duration RESTARTED = Duration.ofSeconds(10);

    @RegisterExtension static final Processes PROCESSES = Processes.ofTheClass();
    @TempDir static Path directory;

    private static TunLab lab;
    private static List<String> pristine;
    private static RunningProcess a;
    private static RunningProcess b;

    @BeforeAll
    static void start() throws Exception {
        lab = TunLab.up(PROCESSES, directory);
        pristine = lab.everything(End.A.host);
        long begin = System.nanoTime();
        a = lab.prepare(End.A).start();
        b = lab.prepare(End.B).start();
        lab.awaitConnected(End.A);
        Measured.say("both ends started at once", Duration.ofNanos(System.nanoTime() - begin));
    }

    @AfterAll
    static void end() {
        if (lab != null) {
            lab.close();
        }
    }

    @BeforeEach
    void isConnected() throws Exception {
        // A test that failed may have left less than this.
        a = a.isAlive() ? a : lab.prepare(End.A).start();
        b = b.isAlive() ? b : lab.prepare(End.B).start();
        lab.awaitConnected(End.A);
        lab.awaitDirect();
    }

    @Test
    void packetsOfBothFamiliesComeBackBothWays() {
        for (End from : End.values()) {
            for (String to : List.of(from.other().four(), from.other().six())) {
                String[] five = {"-c", "5", "-i", "0.05", "-W", "2"};
                assertTrue(lab.answers(from.host, to, five), from + " to " + to);
            }
        }
    }

    @Test
    void widePacketsComeThroughWhole() {
        // With 48 bytes of headers: the least that every IPv6 path has, and the device's width.
        for (String size : List.of("1232", "1372", "4000")) {
            String[] two = {"-c", "2", "-i", "0.2", "-W", "2", "-s", size};
            assertTrue(lab.answers(End.A.host, End.B.six(), two), size);
            assertTrue(lab.answers(End.A.host, End.B.four(), two), size);
        }
    }

    @Test
    void hundredMegabytesArriveAsTheyWere() throws Exception {
        var there = lab.transfer(End.A, End.A.four(), 100_000_000);
        var back = lab.transfer(End.B, End.B.six(), 20_000_000);
        back.await(LIMIT);
        Measured.say("100 MB through natt tun, 20 the other way", there.await(LIMIT));
    }

    @Test
    @Requires(Need.IPERF)
    void iperf3Measures() throws Exception {
        String[] serve = {"iperf3", "-s", "-B", End.B.four(), "--forceflush"};
        RunningProcess server =
                PROCESSES.prepare("iperf3 -s", lab.network().on(End.B.host, serve)).start();
        int test = 0;
        for (String way : List.of("-t 2", "-t 2 -R", "-u -b 20M -t 1")) {
            server.awaitLine("Server listening.* #" + ++test, TunLab.SOON);
            var line = new ArrayList<>(List.of("iperf3", "-J", "-c", End.B.four()));
            line.addAll(List.of(way.split(" ")));
            String said = lab.on(End.A.host, line.toArray(String[]::new));
            var end = JsonParser.parseString(said).getAsJsonObject().getAsJsonObject("end");
            var sum = end.getAsJsonObject(way.startsWith("-u") ? "sum" : "sum_received");
            double rate = sum.get("bits_per_second").getAsDouble() / 1e6;
            Measured.say("iperf3 " + way, "%.0f Mbit/s".formatted(rate));
            assertTrue(rate > 5, said);
        }
        server.close();
    }

    @Test
    void trafficIsBackSoonAfterANatHasRebound() throws Exception {
        PingStream there = lab.ping(End.A, EVERY);
        PingStream back = lab.ping(End.B, EVERY);
        long before = System.nanoTime();
        there.awaitAnswerSince(before, LIMIT);
        back.awaitAnswerSince(before, LIMIT);
        long rebound = System.nanoTime();
        lab.network().rebind();
        Duration thereAgain = there.awaitAnswerSince(System.nanoTime(), LIMIT);
        Duration backAgain = back.awaitAnswerSince(System.nanoTime(), LIMIT);
        Duration all = Duration.ofNanos(System.nanoTime() - rebound);
        Measured.say("tunnel after a rebinding, of which the pings", all);
        there.end();
        back.end();
        assertTrue(all.compareTo(REBOUND) < 0, thereAgain + ", " + backAgain + ", " + all);
    }

    @Test
    void anEndThatIsKilledAndStartedAgainIsConnectedSoon() throws Exception {
        String device = lab.ip(End.A.host, "-o link show dev " + TunLab.DEVICE);
        PingStream ping = lab.ping(End.A, EVERY);
        b.kill9();
        b.awaitExit(LIMIT);
        long killed = System.nanoTime();
        b = lab.prepare(End.B).start();
        Duration took = ping.awaitAnswerSince(killed, LIMIT);
        Measured.say("tunnel after one end was killed and started again", took);
        ping.end();
        assertTrue(took.compareTo(RESTARTED) < 0, took::toString);
        assertEquals(device, lab.ip(End.A.host, "-o link show dev " + TunLab.DEVICE));
    }

    @Test
    void aBrokerThatStartsAgainTouchesNoTraffic() throws Exception {
        int markA = a.mark();
        int markB = b.mark();
        PingStream ping = lab.ping(End.A, EVERY, 100);
        lab.broker().kill9();
        lab.broker().start();
        a.awaitLine("registered at the broker", markA, LIMIT);
        b.awaitLine("registered at the broker", markB, LIMIT);
        assertEquals(0, ping.lost(LIMIT));
    }

    @Test
    void nothingIsLeftOfAnEndThatEnds() throws Exception {
        a.terminate();
        a.awaitExit(Duration.ofSeconds(3));
        assertEquals(pristine, lab.everything(End.A.host));
        a = lab.prepare(End.A).start();
        lab.awaitConnected(End.A);
        a.kill9();
        a.awaitExit(Duration.ofSeconds(3));
        assertEquals(pristine, lab.everything(End.A.host));
        a = lab.prepare(End.A).start();
        lab.awaitConnected(End.A);
    }

    @Test
    void theThreadsThatSeePacketsHaveNoRights() throws Exception {
        int seen = 0;
        try (var tasks = Files.list(Path.of("/proc", "" + a.pid(), "task"))) {
            for (Path task : tasks.toList()) {
                String status = Files.readString(task.resolve("status"));
                // The JVM's own threads begin before natt gives up what it does not need.
                if (status.matches("(?s)Name:\t(natt|VirtualThread|ForkJoinPool).*")) {
                    seen++;
                    for (String set : List.of("CapEff", "CapPrm", "CapAmb", "CapInh")) {
                        assertTrue(status.contains(set + ":\t0000000000000000"), status);
                    }
                }
            }
        }
        assertTrue(seen >= 2, "the driver's, and the device's reader's");
    }

    @Test
    void threeNodesWithAConfigurationReachEachOtherAndNoneSpeaksForAnother() throws Exception {
        List<String> hosts = List.of("hostA", "hostB", "pub");
        List<RunningProcess> nodes = new ArrayList<>();
        for (int own = 1; own <= 3; own++) {
            nodes.add(startInMesh(hosts.get(own - 1), own));
        }
        try {
            reachEachOther(hosts);
            asTheThird();
        } finally {
            nodes.forEach(RunningProcess::close);
        }
        for (String host : hosts) {
            assertFalse(lab.has(host, "mesh0"));
        }
    }

    private static void reachEachOther(List<String> hosts) throws Exception {
        for (int from = 1; from <= 3; from++) {
            for (int to = 1; to <= 3; to++) {
                if (from != to) {
                    lab.awaitConnected(hosts.get(from - 1), "10.20.0." + to);
                    lab.awaitConnected(hosts.get(from - 1), "fd20::" + to);
                }
            }
        }
    }

    /// The second node speaks to the first by the address of the third.
    private static void asTheThird() throws Exception {
        lab.ip("hostB", "addr add 10.20.0.3/32 dev mesh0");
        long before = lab.cameOut("hostA", "mesh0");
        String[] asTheThird = {"-c", "3", "-i", "0.05", "-W", "0.5", "-I", "10.20.0.3"};
        assertFalse(lab.answers("hostB", "10.20.0.1", asTheThird));
        assertEquals(before, lab.cameOut("hostA", "mesh0"));
        assertEquals(3, lab.counter("mesh-1", "fromPeerSpoofed"));
    }

    private static RunningProcess startInMesh(String host, int own) throws Exception {
        var lines = new ArrayList<String>();
        lines.add("device mesh0");
        lines.add("local 10.20.0.%d/24".formatted(own));
        lines.add("local fd20::%d/64".formatted(own));
        for (int other = 1; other <= 3; other++) {
            if (other != own) {
                lines.add("peer mesh-" + other);
                lines.add("  allowed-ips 10.20.0.%1$d fd20::%1$d".formatted(other));
            }
        }
        Path file = Files.write(directory.resolve("mesh-" + own + ".conf"), lines);
        return lab.prepare(host, "mesh-" + own).with("--config", file.toString()).start();
    }
}
