package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import natt.tests.Home;
import natt.tests.Lab;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import java.nio.file.Path;
import java.time.Duration;

/// On the original's wire, the NAT takes another port or another address.
@Requires({Need.NATLAB, Need.COTURN, Need.KNOT, Need.SSHD, Need.IMAGE})
@Timeout(120)
@Execution(ExecutionMode.CONCURRENT)
class CompatMoveLabTests {
    private static final Duration PUBLISHED_WITHIN = Duration.ofSeconds(20);
    private static final String PUBLISHED = "published [^ ]+ A ([0-9.]+), TXT kcp-port=([0-9]+)";

    @RegisterExtension static final Processes PROCESSES = Processes.ofTheClass();
    @TempDir static Path directory;

    private static Lab lab;
    private static Home home;

    @BeforeAll
    static void start() throws Exception {
        lab = Lab.up("--a", "port-restricted", "--b", "full-cone-random", "--no-stun");
        home = Home.inLab(PROCESSES, lab, Home.Wire.KCP_GO, directory);
        home.startNatts();
    }

    @AfterAll
    static void end() {
        if (home != null) {
            home.close();
        }
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void newPortIsPublishedAndReached() throws Exception {
        RunningProcess natts = home.natts();
        int before = natts.mark();
        String port = natts.lastLine(PUBLISHED).group(2);
        lab.rebind();
        var published = natts.awaitLine(PUBLISHED, before, PUBLISHED_WITHIN);
        assertNotEquals(port, published.group(2));
        assertReached();
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void newAddressIsPublishedAndReached() throws Exception {
        RunningProcess natts = home.natts();
        int before = natts.mark();
        lab.renumber("203.0.113.77");
        var published = natts.awaitLine(PUBLISHED, before, PUBLISHED_WITHIN);
        assertEquals("203.0.113.77", published.group(1));
        assertReached();
    }

    private static void assertReached() throws Exception {
        RunningProcess ssh = home.ssh("echo here").start();
        ssh.awaitLine("^here$", Home.SOON);
        assertEquals(0, ssh.awaitExit(Home.SOON));
    }
}
