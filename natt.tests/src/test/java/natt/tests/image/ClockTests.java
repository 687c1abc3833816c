package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.CountedEcho;
import natt.tests.Home;
import natt.tests.Measured;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.WallClock;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import java.nio.file.Path;
import java.time.Duration;

/// Wall clocks jump, by hand, by NTP, or because the machine slept.
@Requires({Need.SSHD, Need.GCC, Need.IMAGE})
@Timeout(180)
@Execution(ExecutionMode.CONCURRENT)
class ClockTests {
    private static final long HOUR = 3_600;
    private static final long TEN_YEARS = 10 * 8_766 * HOUR;
    private static final Duration EVERY = Duration.ofMillis(20);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @Test
    void noJumpOfEitherClockEndsASessionOrKeepsANewOneOut() throws Exception {
        var there = new WallClock(directory.resolve("there"));
        var here = new WallClock(directory.resolve("here"));
        try (Home home = Home.here(processes, directory)) {
            RunningProcess natts = home.prepareNatts().env(there.environment()).start();
            natts.awaitLine("published ", Home.SOON);
            RunningProcess ssh = home.ssh("cat").env(here.environment()).binary().start();
            CountedEcho echo = CountedEcho.start(ssh, EVERY);
            var longest = Duration.ZERO;
            for (long shift : new long[] {HOUR, -HOUR, TEN_YEARS, -TEN_YEARS}) {
                for (WallClock clock : new WallClock[] {here, there}) {
                    clock.shift(shift);
                    Duration took = echo.awaitProgress(Duration.ofSeconds(10));
                    longest = took.compareTo(longest) > 0 ? took : longest;
                }
            }
            Measured.say("a wall clock jumped by 1 h or 10 years, longest", longest);
            here.shift(TEN_YEARS);
            RunningProcess another = home.ssh("echo in").env(here.environment()).start();
            another.awaitLine("^in$", Home.SOON);
            assertEquals(0, another.awaitExit(Home.SOON));
            echo.finish(Home.SOON);
        }
    }

    @Test
    void aSleepThatTheWallClockShowsIsOverAtOnce() throws Exception {
        var here = new WallClock(directory.resolve("here"));
        try (Home home = Home.here(processes, directory)) {
            home.startNatts();
            RunningProcess ssh = home.ssh("cat").env(here.environment()).binary().start();
            CountedEcho echo = CountedEcho.start(ssh, EVERY);
            long nattc = ssh.descendant("natt.launcher.Nattc").pid();
            RunningProcess.signal(nattc, "STOP");
            Thread.sleep(5000);
            here.shift(8 * HOUR);
            RunningProcess.signal(nattc, "CONT");
            Duration awake = echo.awaitProgress(Duration.ofSeconds(10));
            Measured.say("nattc slept 5 s, which the wall clock takes for 8 h", awake);
            assertTrue(awake.toSeconds() < 3, awake::toString);
            echo.finish(Home.SOON);
        }
    }
}
