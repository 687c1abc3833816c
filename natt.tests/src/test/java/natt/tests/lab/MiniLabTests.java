package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.tests.Home;
import natt.tests.MiniLab;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;

/// The same way to work where the large laboratory is missing: between nftables NATs.
@Requires({Need.ROOT_NETNS, Need.GO_KCP, Need.SSHD, Need.IMAGE})
@Timeout(120)
class MiniLabTests {
    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @Test
    void sshReachesNattsBeforeAndAfterItsPortChanges() throws Exception {
        MiniLab lab = MiniLab.up();
        try (Home home = Home.inMiniLab(processes, lab, Home.Wire.SESSIONS, directory)) {
            RunningProcess natts = home.startNatts();
            natts.awaitLine("a=203.0.113.12:" + lab.outsidePort(), Home.SOON);
            assertReached(home);
            lab.rebind();
            natts.awaitLine("a=203.0.113.12:" + lab.outsidePort(), Duration.ofSeconds(20));
            assertReached(home);
        }
    }

    private static void assertReached(Home home) throws Exception {
        RunningProcess ssh = home.ssh("echo here").start();
        ssh.awaitLine("^here$", Home.SOON);
        assertEquals(0, ssh.awaitExit(Home.SOON));
    }
}
