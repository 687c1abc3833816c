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

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/// On the original's wire, one side is killed and says nothing; ssh's own keepalives are off.
@Requires({Need.NATLAB, Need.COTURN, Need.SSHD, Need.IMAGE})
@Timeout(180)
@Execution(ExecutionMode.CONCURRENT)
class CompatDeathLabTests {
    private static final Duration NOTICED_WITHIN = Duration.ofSeconds(45);

    @RegisterExtension static final Processes PROCESSES = Processes.ofTheClass();
    @TempDir static Path directory;

    private static Home home;

    @BeforeAll
    static void start() throws Exception {
        Lab lab = Lab.up("--a", "port-restricted", "--b", "full-cone-random", "--no-stun");
        home = Home.inLabWithFile(PROCESSES, lab, Home.Wire.KCP_GO, directory);
    }

    @AfterAll
    static void end() {
        if (home != null) {
            home.close();
        }
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void killedNattcLeavesNoSessionBehind() throws Exception {
        RunningProcess natts = home.startNatts();
        RunningProcess ssh = sessionThatWaits();
        RunningProcess sshd = home.sshd().process();
        int before = sshd.mark();
        ssh.descendant("natt.launcher.Nattc").destroyForcibly();
        assertNotEquals(0, ssh.awaitExit(Home.SOON));
        natts.awaitLine(" ends: ", NOTICED_WITHIN);
        sshd.awaitLine(
                "[Cc]onnection .*closed|[Dd]isconnected|Connection reset", before, Home.SOON);
        natts.close();
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void killedNattsLeavesNoHangingSsh() throws Exception {
        RunningProcess natts = home.startNatts();
        RunningProcess ssh = sessionThatWaits();
        natts.kill9();
        assertEquals(255, ssh.awaitExit(NOTICED_WITHIN));
    }

    private static RunningProcess sessionThatWaits() throws Exception {
        RunningProcess ssh = home.ssh("cat").start();
        ssh.stdin().write("ready\n".getBytes(StandardCharsets.UTF_8));
        ssh.stdin().flush();
        ssh.awaitLine("^ready$", Home.SOON);
        return ssh;
    }
}
