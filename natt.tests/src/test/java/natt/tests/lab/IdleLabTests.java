package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Home;
import natt.tests.Lab;
import natt.tests.Measured;
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

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/// Both NATs drop a mapping after 30 s of silence, and nobody says anything for five minutes.
@Requires({Need.NATLAB, Need.COTURN, Need.SSHD, Need.IMAGE})
@Timeout(420)
@Execution(ExecutionMode.CONCURRENT)
class IdleLabTests {
    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @Test
    void anIdleSessionAndNattsItselfStayReachable() throws Exception {
        Lab lab =
                Lab.up(
                        "--a",
                        "port-restricted,timeout=30",
                        "--b",
                        "full-cone-random,timeout=30",
                        "--no-stun");
        try (Home home = Home.inLabWithFile(processes, lab, Home.Wire.SESSIONS, directory)) {
            RunningProcess natts = home.startNatts();
            RunningProcess idle = home.ssh("cat").start();
            say(idle, "before");
            assertTrue(natts.survives(Duration.ofMinutes(5)));
            long start = System.nanoTime();
            say(idle, "after");
            Measured.say(
                    "first line after 5 idle minutes", Duration.ofNanos(System.nanoTime() - start));
            idle.stdin().close();
            assertEquals(0, idle.awaitExit(Home.SOON));
            RunningProcess ssh = home.ssh("echo still here").start();
            ssh.awaitLine("^still here$", Home.SOON);
            assertEquals(0, ssh.awaitExit(Home.SOON));
            assertEquals(1, natts.count("published"));
            assertEquals(0, natts.count("has moved|its session waits"));
        }
    }

    private static void say(RunningProcess cat, String line) throws Exception {
        cat.stdin().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
        cat.stdin().flush();
        cat.awaitLine("^" + line + "$", Home.SOON);
    }
}
