package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.CountedEcho;
import natt.tests.Home;
import natt.tests.Lab;
import natt.tests.Need;
import natt.tests.Network;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/// Both sides have IPv6 without NAT, and IPv4 between NATs that nobody gets through.
@Requires({Need.NATLAB, Need.COTURN, Need.SSHD, Need.IMAGE})
@Timeout(120)
@Execution(ExecutionMode.CONCURRENT)
class SixLabTests {
    private static final String PUB_SIX = "2001:db8:ff::10";

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @Test
    void theIpv6AddressIsPublishedAndConnectedTo() throws Exception {
        Lab lab = Lab.up("--a", "symmetric", "--b", "port-restricted", "--v6", "open", "--no-stun");
        Path names = Path.of("/etc/netns", lab.namespace("hostB"), "hosts");
        Files.writeString(names, "%s six.lab%n%s six.lab%n".formatted(Network.PUB, PUB_SIX));
        processes
                .prepare("coturn", lab.on("pub", "turnserver", "-n", "-L", Network.PUB))
                .with("-L", PUB_SIX, "-p", "3478", "--stun-only", "--no-tls", "--no-dtls")
                .with("--no-cli", "--no-auth", "--log-file", "stdout")
                .with("--pidfile", directory.resolve("coturn.pid").toString())
                .with("--userdb", directory.resolve("turndb").toString())
                .start()
                .awaitLine("SQLite DB connection success", Home.SOON);
        try (Home home = Home.inLabWithStun(processes, lab, directory, "six.lab:3478")) {
            RunningProcess natts = home.startNatts();
            natts.awaitLine("published .* a=\\[2001:db8:b::2\\]:30000", Home.SOON);
            RunningProcess ssh = home.ssh("cat").binary().start();
            CountedEcho echo = CountedEcho.start(ssh, Duration.ofMillis(50));
            natts.awaitLine("session with .* at \\[2001:db8:a:[0-9a-f:]*\\]:", Home.SOON);
            echo.finish(Home.SOON);
            assertEquals(0, natts.count("session with .* at [0-9.]+:"));
            assertTrue(natts.isAlive());
        }
    }
}
