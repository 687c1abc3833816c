package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Measured;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Network;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.WgLab;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.time.Duration;

/// `natt wg` for WireGuards on hosts behind NATs that let no stranger in.
@Requires({Need.WIREGUARD, Need.NATLAB, Need.IMAGE})
@Timeout(120)
class WireGuardLabTests {
    private static final String NAT = "port-restricted";
    private static final String READY = "has the key";
    private static final Duration SOON = Duration.ofSeconds(20);

    /// A call that came too early is made again, and so is WireGuard's.
    private static final Duration LATER = Duration.ofSeconds(40);

    private static final Duration STOP = Duration.ofSeconds(3);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    private WgLab lab(String a, String b, String... hosts) throws Exception {
        return WgLab.between(processes, directory, a, b, hosts);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--direct --continuous"})
    void twoPeersShakeHandsWithinThreeSecondsOfTheSecondStart(String options) throws Exception {
        try (WgLab lab = lab(NAT, NAT, "hostA", "hostB")) {
            RunningProcess first = lab.start("hostA", options(options));
            first.awaitLine(READY, SOON);
            long since = System.nanoTime();
            RunningProcess second = lab.start("hostB", options(options));
            long at = lab.awaitHandshakes("hostB", SOON);
            var took = Duration.ofNanos(at - since);
            Measured.say("handshake of WireGuard, natt wg " + options, took);
            assertTrue(took.compareTo(Duration.ofSeconds(3)) < 0, took::toString);
            lab.awaitPing("hostA", "hostB", SOON);
            String start = options.isEmpty() ? "127.0.0.1:" : "203.0.113.12:";
            lab.awaitEndpoint("hostA", "hostB", start, SOON);
            for (RunningProcess each : new RunningProcess[] {first, second}) {
                each.terminate();
                assertEquals(0, each.awaitExit(STOP));
            }
        }
    }

    private static String[] options(String words) {
        return words.isEmpty() ? new String[0] : words.split(" ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--direct --continuous"})
    void threeOfWhichTwoAreBehindOneNatAreAMesh(String options) throws Exception {
        String[] hosts = {"hostA", "hostA2", "hostB"};
        try (WgLab lab = lab(NAT, NAT, hosts)) {
            for (String each : hosts) {
                lab.start(each, options(options));
            }
            for (String each : hosts) {
                lab.awaitHandshakes(each, LATER);
            }
            lab.awaitPing("hostA", "hostA2", SOON);
            lab.awaitPing("hostA2", "hostB", SOON);
            lab.awaitPing("hostB", "hostA", SOON);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--direct --continuous"})
    void aPeerThatRoamsIsFollowed(String options) throws Exception {
        try (WgLab lab = lab(NAT, NAT, "hostA", "hostB")) {
            lab.start("hostA", options(options)).awaitLine(READY, SOON);
            lab.start("hostB", options(options));
            lab.awaitHandshakes("hostA", SOON);
            lab.awaitPing("hostA", "hostB", SOON);
            lab.network().renumber("203.0.113.22");
            lab.awaitPing("hostA", "hostB", SOON);
            if (!options.isEmpty()) {
                lab.awaitEndpoint("hostA", "hostB", "203.0.113.22:", LATER);
            }
            lab.network().rebind();
            lab.awaitPing("hostA", "hostB", SOON);
        }
    }

    @Test
    void whereThereIsNoDirectPathTheRelayCarries() throws Exception {
        try (WgLab lab = lab("symmetric", "symmetric", "hostA", "hostB")) {
            RunningProcess first = lab.start("hostA", "--direct", "--continuous");
            lab.start("hostB");
            lab.awaitHandshakes("hostA", SOON);
            lab.awaitPing("hostB", "hostA", SOON);
            lab.awaitEndpoint("hostA", "hostB", "127.0.0.1:", SOON);
            first.awaitLine("session with .* by the relay of " + Network.PUB, SOON);
        }
    }

    @Test
    void onceWireGuardNeedsItNoLongerItEnds() throws Exception {
        try (WgLab lab = lab(NAT, NAT, "hostA", "hostB")) {
            RunningProcess first = lab.start("hostA", "--direct", "--delay", "0.2");
            RunningProcess second = lab.start("hostB", "--direct", "--delay", "0.2");
            assertEquals(0, first.awaitExit(SOON));
            assertEquals(0, second.awaitExit(SOON));
            lab.awaitEndpoint("hostA", "hostB", "203.0.113.12:", SOON);
            lab.awaitPing("hostA", "hostB", SOON);
        }
    }

    @Test
    void anInterfaceThatIsMissingIsSaidInOneLine() throws Exception {
        RunningProcess natt =
                processes
                        .prepare("natt wg", Natt.program("natt"), "wg")
                        .with("--interface", "ntwmissing", "--broker", Network.PUB)
                        .start();
        assertEquals(1, natt.awaitExit(SOON));
        assertEquals(1, natt.count("."));
        natt.awaitLine("^natt: there is no WireGuard interface ntwmissing: ", SOON);
    }
}
