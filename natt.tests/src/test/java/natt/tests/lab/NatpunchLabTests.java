package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import natt.tests.Lab;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Network;
import natt.tests.Node;
import natt.tests.Processes;
import natt.tests.Programs;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.WgLab;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// The wires of natpunch-go and NATpunch between hosts behind NATs that let no stranger in, with a
/// broker that serves both.
@Timeout(120)
class NatpunchLabTests {
    private static final String NAT = "port-restricted";
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration STOP = Duration.ofSeconds(3);
    private static final String[] HOSTS = {"hostA", "hostA2", "hostB"};

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    /// A broker beside the laboratory's own.
    private RunningProcess serve(Lab lab) throws IOException {
        return processes
                .prepare("natt broker", lab.on("pub", Natt.program("natt"), "broker", "--open"))
                .with("--listen", Network.PUB + ":30100")
                .with("--natpunch-go", "5000", "--natpunch", "5001:5002")
                .env(new Node(directory.resolve("server")).environment())
                .start();
    }

    @Test
    @Requires({Need.WIREGUARD, Need.NATLAB, Need.IMAGE})
    void wireGuardsFindEachOtherAndNattEnds() throws Exception {
        try (WgLab lab = WgLab.between(processes, directory, NAT, NAT, "hostA", "hostB")) {
            String[] told = server(lab);
            RunningProcess first = ask(lab, "hostA", told);
            first.awaitLine("is asked for its peers", SOON);
            RunningProcess second = ask(lab, "hostB", told);
            lab.awaitHandshakes("hostA", SOON);
            lab.awaitPing("hostA", "hostB", SOON);
            lab.awaitEndpoint("hostA", "hostB", "203.0.113.12:", SOON);
            assertEquals(0, first.awaitExit(SOON));
            assertEquals(0, second.awaitExit(SOON));
        }
    }

    /// Where it is and its key, as it tells its users.
    private String[] server(WgLab lab) throws IOException, InterruptedException {
        var said =
                serve(lab.network())
                        .awaitLine("use it with: natpunch IFACE (\\S+:5000) (\\S{44})$", SOON);
        return new String[] {said.group(1), said.group(2)};
    }

    private static RunningProcess ask(WgLab lab, String host, String[] told) throws IOException {
        return lab.prepare(host, "--server", told[0], "--server-key", told[1])
                .with("--delay", "0.5")
                .start();
    }

    @Test
    @Requires({Need.WIREGUARD, Need.NATLAB, Need.IMAGE})
    void threeOfWhichTwoAreBehindOneNatAllReachTheOther() throws Exception {
        try (WgLab lab = WgLab.between(processes, directory, NAT, NAT, HOSTS)) {
            String[] told = server(lab);
            for (String each : HOSTS) {
                ask(lab, each, told);
            }
            lab.awaitPing("hostA", "hostB", SOON);
            lab.awaitPing("hostA2", "hostB", SOON);
        }
    }

    @Test
    @Requires({Need.TUN, Need.NATLAB, Need.IMAGE})
    void aBareTunnelCarriesAndLeavesNothing() throws Exception {
        try (Lab lab = Lab.up("--a", NAT, "--b", NAT, "--no-stun")) {
            serve(lab).awaitLine("NATpunch on UDP ports 5001 and 5002, which is insecure", SOON);
            RunningProcess first = tunnel(lab, "hostA", 5001, 1);
            RunningProcess second = tunnel(lab, "hostB", 5002, 2);
            first.awaitLine("NATpunch is insecure: nothing in this tunnel is encrypted", SOON);
            first.awaitLine("the peer answers from 203.0.113.12:", SOON);
            second.awaitLine("the peer answers from 203.0.113.11:", SOON);
            Programs.mustRun(
                    lab.on("hostA", "ping", "-c", "3", "-i", "0.2", "-W", "2", "10.10.0.2"));
            first.terminate();
            assertEquals(0, first.awaitExit(STOP));
            assertFalse(
                    Programs.mustRun(lab.on("hostA", "ip", "-o", "link")).contains("natt0"),
                    "the device is left");
        }
    }

    private RunningProcess tunnel(Lab lab, String host, int port, int number) throws IOException {
        return processes
                .prepare("natt tun " + host, lab.on(host, Natt.program("natt"), "tun"))
                .with("--natpunch", Network.PUB + ":" + port)
                .with("--local", "10.10.0." + number, "--remote", "10.10.0." + (3 - number))
                .env(new Node(directory.resolve(host)).environment())
                .start();
    }
}
