package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.CountedEcho;
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

import java.nio.file.Path;
import java.time.Duration;

/// One ssh session goes on whatever its addresses do, and loses nothing.
///
/// `-Dnatt.sleep=600` makes the sleep as long as the one that `docs/reliability.md` tells of.
@Requires({Need.NATLAB, Need.COTURN, Need.SSHD, Need.IMAGE})
@Timeout(1200)
@Execution(ExecutionMode.CONCURRENT)
class RoamLabTests {
    private static final Duration SLEEP = Duration.ofSeconds(Long.getLong("natt.sleep", 40));

    /// From this age on a session outlives a long sleep.
    private static final Duration PROVEN_WORTH = Duration.ofSeconds(155);

    private static final Duration BRIEF = Duration.ofSeconds(60);
    private static final Duration EVERY = Duration.ofMillis(20);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @Test
    void oneSshSessionOutlivesARebindingARenumberingAndASleep() throws Exception {
        Lab lab = Lab.up("--a", "port-restricted", "--b", "full-cone-random", "--no-stun");
        try (Home home = Home.inLabWithFile(processes, lab, Home.Wire.SESSIONS, directory)) {
            RunningProcess natts = home.startNatts();
            RunningProcess ssh = home.ssh("cat").binary().start();
            CountedEcho echo = CountedEcho.start(ssh, EVERY);
            long begun = System.nanoTime();

            lab.nat("natA", "rebind");
            Duration rebound = echo.awaitProgress(Duration.ofSeconds(10));
            natts.awaitLine("has moved from 203.0.113.11:[0-9]+ to 203.0.113.11:", Home.SOON);
            Measured.say("client NAT rebound, in use", rebound);

            int before = natts.mark();
            lab.renumber("203.0.113.77");
            Duration renumbered = echo.awaitProgress(Duration.ofSeconds(40));
            var record = natts.awaitLine("published .* a=([0-9.]+):", before, Home.SOON);
            assertEquals("203.0.113.77", record.group(1));
            Measured.say("server NAT renumbered, in use", renumbered);

            if (SLEEP.compareTo(BRIEF) > 0) {
                long lived = System.nanoTime() - begun;
                Thread.sleep(PROVEN_WORTH.minusNanos(lived));
            }
            long nattc = ssh.descendant("natt.launcher.Nattc").pid();
            RunningProcess.signal(nattc, "STOP");
            Thread.sleep(SLEEP);
            RunningProcess.signal(nattc, "CONT");
            Duration awake = echo.awaitProgress(Duration.ofSeconds(30));
            Measured.say("nattc slept " + SLEEP.toSeconds() + " s", awake);

            echo.finish(Home.SOON);
            assertTrue(natts.isAlive());
        }
    }

    @Test
    void bothNatsMayChangeAtOnce() throws Exception {
        Lab lab = Lab.up("--a", "port-restricted", "--b", "full-cone-random", "--no-stun");
        try (Home home = Home.inLabWithFile(processes, lab, Home.Wire.SESSIONS, directory)) {
            home.startNatts();
            RunningProcess ssh = home.ssh("cat").binary().start();
            CountedEcho echo = CountedEcho.start(ssh, EVERY);
            lab.nat("natA", "rebind");
            lab.renumber("203.0.113.78");
            lab.rebind();
            Duration found = echo.awaitProgress(Duration.ofSeconds(75));
            Measured.say("both NATs changed at once", found);
            echo.finish(Home.SOON);
        }
    }
}
