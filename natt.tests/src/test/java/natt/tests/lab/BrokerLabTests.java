package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.tests.Home;
import natt.tests.Lab;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Network;
import natt.tests.Processes;
import natt.tests.RealBroker;
import natt.tests.Requires;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/// ssh between hosts behind NATs that let no stranger in, with a broker on `pub`: a sample of the
/// pairs.
@Requires({Need.NATLAB, Need.SSHD, Need.IMAGE})
@Timeout(120)
class BrokerLabTests {
    private static final String BY_RELAY = "session with .* by the relay of " + Network.PUB;
    private static final String DIRECT = "found a direct path to .*; the relay is no longer used";

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    private RealBroker broker(Lab lab) throws Exception {
        return RealBroker.start(
                processes,
                lab.on("pub", Natt.program("natt")),
                directory,
                Network.PUB + ":30000",
                "--tls-listen",
                Network.PUB + ":443");
    }

    private static void write(RunningProcess process, String line) throws IOException {
        process.stdin().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        process.stdin().flush();
    }

    @ParameterizedTest
    @CsvSource({
        "port-restricted, port-restricted",
        "linux, addr-restricted",
        "symmetric, addr-restricted",
        "symmetric-seq, port-restricted",
    })
    void aSessionBegunByRelayFindsADirectPath(String a, String b) throws Exception {
        try (Lab lab = Lab.up("--a", a, "--b", b)) {
            RealBroker broker = broker(lab);
            try (Home home = Home.inLabWithBroker(processes, lab, directory, broker)) {
                RunningProcess natts = home.startNatts();
                RunningProcess ssh = home.ssh("cat").start();
                natts.awaitLine(BY_RELAY, Home.SOON);
                natts.awaitLine(DIRECT, Home.SOON);
                write(ssh, "direct");
                ssh.awaitLine("^direct$", Home.SOON);
                ssh.stdin().close();
                assertEquals(0, ssh.awaitExit(Home.SOON));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "symmetric, symmetric, by the relay of",
        "udp-blocked, port-restricted, by the relay of",
    })
    void whereThereIsNoDirectPathTheRelayCarries(String a, String b, String how) throws Exception {
        try (Lab lab = Lab.up("--a", a, "--b", b)) {
            RealBroker broker = broker(lab);
            try (Home home = Home.inLabWithBroker(processes, lab, directory, broker)) {
                RunningProcess natts = home.startNatts();
                RunningProcess ssh = home.ssh("echo here").start();
                ssh.awaitLine("^here$", Home.SOON);
                assertEquals(0, ssh.awaitExit(Home.SOON));
                natts.awaitLine(how, Home.SOON);
            }
        }
    }

    @Test
    void aSessionByRelayOutlivesTheBroker() throws Exception {
        try (Lab lab = Lab.up("--a", "symmetric", "--b", "symmetric")) {
            RealBroker broker = broker(lab);
            try (Home home = Home.inLabWithBroker(processes, lab, directory, broker)) {
                RunningProcess natts = home.startNatts();
                RunningProcess ssh = home.ssh("cat").start();
                write(ssh, "before");
                ssh.awaitLine("^before$", Home.SOON);
                broker.awaitKept();
                int mark = natts.mark();
                broker.kill9();
                write(ssh, "meanwhile");
                broker.start();
                natts.awaitLine("registered at the broker", mark, Duration.ofSeconds(5));
                ssh.awaitLine("^meanwhile$", Home.SOON);
                ssh.stdin().close();
                assertEquals(0, ssh.awaitExit(Home.SOON));
            }
        }
    }
}
