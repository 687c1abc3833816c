package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import natt.tests.Lab;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/// What the doctor says of networks whose behavior is known exactly.
@Requires({Need.NATLAB, Need.IMAGE})
@Timeout(180)
@Execution(ExecutionMode.CONCURRENT)
class DoctorLabTests {
    private static final Duration LIMIT = Duration.ofSeconds(40);
    private static final Duration MEASURING = Duration.ofSeconds(100);

    /// Both with both ports of RFC 5780.
    private static final String STUN = "198.51.100.10";

    private static final String NOT_REACHED = "^problem +verdict +natts here is not reached";
    private static final String REACHED = "^ok +verdict +natts here is reached";

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "full-cone | endpoint-independent mapping, endpoint-independent filtering"
                        + " \\(full cone\\) | keeps the inside port",
                "port-restricted | endpoint-independent mapping, address-and-port-dependent"
                        + " filtering \\(port-restricted\\) | keeps the inside port",
                "symmetric | address-and-port-dependent mapping, address-and-port-dependent"
                        + " filtering \\(symmetric with random ports\\) | at random",
                "symmetric-seq | address-and-port-dependent mapping, address-and-port-dependent"
                        + " filtering \\(symmetric with counting ports\\) | by 1 ",
                "linux | endpoint-independent mapping, address-and-port-dependent filtering"
                        + " \\(port-restricted\\) | keeps the inside port",
            })
    void theNatOfEachTypeIsDescribed(String type, String nat, String ports) throws Exception {
        try (Lab lab = Lab.up("--b", type)) {
            RunningProcess doctor = doctor(lab).start();
            boolean reached = type.equals("full-cone");
            assertEquals(reached ? 0 : 1, doctor.awaitExit(LIMIT));
            doctor.lastLine("^ok +udp +UDP passes: 2 of 2 STUN servers");
            doctor.lastLine("^(ok|note) +nat +" + nat);
            doctor.lastLine("^ok +ports .*" + ports);
            doctor.lastLine("^ok +mtu +a server answers datagrams of up to 1472 bytes");
            doctor.lastLine(reached ? REACHED : NOT_REACHED);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "udp-blocked | none of 2 STUN servers answers: UDP is blocked",
                "dns-only | UDP passes to port 53 only",
            })
    void blockedUdpIsSaidWithWhatToDo(String type, String says) throws Exception {
        try (Lab lab = Lab.up("--b", type)) {
            // Something that answers on port 53.
            processes
                    .prepare(
                            "stun53",
                            lab.on(
                                    "pub",
                                    "python3",
                                    "-c",
                                    """
                                    import socket
                                    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                                    s.bind(('198.51.100.10', 53))
                                    print('bound', flush=True)
                                    while True:
                                        d, a = s.recvfrom(600)
                                        s.sendto(d[:2] + bytes([0x81, 0x80]) + d[4:], a)
                                    """))
                    .start()
                    .awaitLine("bound", LIMIT);
            RunningProcess doctor = doctor(lab).start();
            assertEquals(1, doctor.awaitExit(LIMIT));
            doctor.lastLine("^problem +udp +" + says);
            doctor.lastLine("^ +-> .*--broker HOST");
        }
    }

    @Test
    void theWidthOfThePathIsThatOfWholeDatagrams() throws Exception {
        try (Lab lab = Lab.up("--b", "port-restricted")) {
            // A router that would cut larger ones into fragments.
            processes
                    .prepare("mtu", lab.on("inet", "ip", "link", "set", "br0", "mtu", "1300"))
                    .start()
                    .awaitExit(LIMIT);
            RunningProcess doctor = doctor(lab).start();
            doctor.awaitExit(LIMIT);
            doctor.lastLine("^ok +mtu +a server answers datagrams of up to 1232 bytes");
        }
    }

    @Test
    void aMappingsLifetimeIsMeasuredWhenAskedFor() throws Exception {
        try (Lab lab = Lab.up("--b", "port-restricted,timeout=14")) {
            RunningProcess doctor = doctor(lab).with("--lifetime", "20").start();
            doctor.awaitLine(
                    "^problem +lifetime +a mapping without traffic lives at least 1[0-4] s",
                    MEASURING);
            assertEquals(1, doctor.awaitExit(LIMIT));
        }
    }

    @Test
    void withABrokerEveryNatIsWellAndTwoReportsGiveTheVerdictForThePair() throws Exception {
        try (Lab lab = Lab.up("--a", "symmetric", "--b", "port-restricted")) {
            RunningProcess broker =
                    processes
                            .prepare("broker", lab.on("pub", Natt.program("natt"), "broker"))
                            .with("--open", "--listen", "198.51.100.10:30000")
                            .with("--tls-listen", "443")
                            .with("--state-dir", directory.resolve("broker").toString())
                            .start();
            broker.awaitLine("nodes use it with", LIMIT);
            RunningProcess theirs =
                    doctor(lab, "hostA").with("--json", "--broker", "198.51.100.10").start();
            assertEquals(0, theirs.awaitExit(LIMIT));
            String json = theirs.lastLine("^\\{.*\\}$").group();
            JsonObject report = JsonParser.parseString(json).getAsJsonObject();
            JsonObject side = report.getAsJsonObject("side");
            assertEquals("symmetric with random ports", side.get("household").getAsString());
            assertTrue(report.get("well").getAsBoolean());
            Path peer = Files.writeString(directory.resolve("peer.json"), json);

            RunningProcess mine =
                    doctor(lab)
                            .with("--broker", "198.51.100.10", "--peer", peer.toString())
                            .start();
            assertEquals(0, mine.awaitExit(LIMIT));
            mine.lastLine("^ok +broker +198.51.100.10:30000 answers over UDP in .* over TLS in");
            mine.lastLine("^ok +verdict +natts here is reached by the broker");
            mine.lastLine(
                    "^you: port-restricted; peer: symmetric with random ports -> direct by birthday"
                            + " search, about 97 %, up to 6 s; else relay$");
        }
    }

    @Test
    void blockedUdpIsNoProblemIfTheBrokerIsReachedOverTls() throws Exception {
        try (Lab lab = Lab.up("--b", "udp-blocked")) {
            RunningProcess broker =
                    processes
                            .prepare("broker", lab.on("pub", Natt.program("natt"), "broker"))
                            .with("--open", "--listen", "198.51.100.10:30000")
                            .with("--tls-listen", "443")
                            .with("--state-dir", directory.resolve("broker").toString())
                            .start();
            broker.awaitLine("nodes use it with", LIMIT);
            RunningProcess doctor = doctor(lab).with("--broker", "198.51.100.10").start();
            assertEquals(0, doctor.awaitExit(LIMIT));
            doctor.lastLine("^note +udp .*the broker is reached over TLS");
            doctor.lastLine("^ok +broker +198.51.100.10:30000 answers over TLS in");
        }
    }

    private Processes.Start doctor(Lab lab) {
        return doctor(lab, "hostB");
    }

    private Processes.Start doctor(Lab lab, String host) {
        return processes
                .prepare("doctor", lab.on(host, Natt.program("natt"), "doctor"))
                .with("--stun", STUN + ":3478", "--stun", "198.51.100.11:3478")
                .with("--port-map", "off", "--state-dir", directory.resolve(host).toString());
    }
}
