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

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.SplittableRandom;

/// Paths that lose, reorder, double, or swallow what is large; 50 ms there and back.
@Requires({Need.NATLAB, Need.COTURN, Need.SSHD, Need.IMAGE})
@Timeout(240)
@Execution(ExecutionMode.CONCURRENT)
class RoughLabTests {
    private static final Duration EVERY = Duration.ofMillis(50);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    private Lab lab;
    private Home home;

    private void open(String wan) throws Exception {
        lab =
                Lab.up(
                        "--a",
                        "port-restricted",
                        "--b",
                        "full-cone-random",
                        "--wan-a",
                        "delay=25 " + wan,
                        "--no-stun");
        home = Home.inLabWithFile(processes, lab, Home.Wire.SESSIONS, directory);
        home.startNatts();
    }

    @AfterEach
    void close() {
        if (home != null) {
            home.close();
        }
    }

    /// @param connectSeconds within which a command has run, 1 to 3 s of which are the programs'
    @ParameterizedTest
    @CsvSource({
        "loss=0, 10, 20, 60",
        "loss=20, 5, 20, 40",
        "loss=40, 5, 30, 90",
        "reorder=25 dup=10, 10, 15, 30",
        "mtu=1100, 5, 15, 30"
    })
    void sshWorksAndAFileArrivesWhole(
            String wan, int megabytes, int connectSeconds, int transferSeconds) throws Exception {
        open(wan);
        long start = System.nanoTime();
        RunningProcess ssh = home.ssh("echo here").start();
        ssh.awaitLine("^here$", Duration.ofSeconds(60));
        assertEquals(0, ssh.awaitExit(Home.SOON));
        Duration connected = Duration.ofNanos(System.nanoTime() - start);
        Measured.say(wan + ", one command by ssh", connected);

        Path original = directory.resolve("original");
        Path copy = directory.resolve("copy");
        var content = new byte[megabytes * 1_000_000];
        new SplittableRandom(megabytes).nextBytes(content);
        Files.write(original, content);
        start = System.nanoTime();
        RunningProcess scp = home.scp(original.toString(), home.sshd().remote(copy)).start();
        assertEquals(0, scp.awaitExit(Duration.ofSeconds(180)));
        Duration copied = Duration.ofNanos(System.nanoTime() - start);
        Measured.say(wan + ", " + megabytes + " MB by scp", copied);
        assertEquals(-1, Files.mismatch(original, copy));
        assertTrue(connected.toSeconds() < connectSeconds, connected::toString);
        assertTrue(copied.toSeconds() < transferSeconds, copied::toString);
    }

    @Test
    void aPathThatShrinksUnderASessionIsFollowed() throws Exception {
        open("mtu=1500 rate=20");
        RunningProcess ssh = home.ssh("cat").binary().start();
        CountedEcho echo = CountedEcho.start(ssh, EVERY);
        RunningProcess bulk = home.ssh("cat").binary().start();
        var content = new byte[10_000_000];
        new SplittableRandom(9).nextBytes(content);
        Thread.ofVirtual()
                .start(
                        () -> {
                            try (var out = bulk.stdin()) {
                                out.write(content);
                            } catch (IOException _) {
                                // What comes back is compared.
                            }
                        });
        byte[] first = bulk.stdout().readNBytes(1_000_000);
        lab.wan("a", "mtu=1100");
        byte[] rest = new byte[content.length - first.length];
        long longest = 0;
        for (int at = 0; at < rest.length; ) {
            long start = System.nanoTime();
            int length = bulk.stdout().read(rest, at, Math.min(rest.length - at, 100_000));
            assertTrue(length > 0, "the end after " + at);
            longest = Math.max(longest, System.nanoTime() - start);
            at += length;
        }
        Duration stalled = Duration.ofNanos(longest);
        Measured.say("longest stall of a transfer when the MTU fell to 1,100", stalled);
        assertEquals(-1, bulk.stdout().read());
        assertEquals(0, bulk.awaitExit(Home.SOON));
        assertTrue(Arrays.equals(content, 0, first.length, first, 0, first.length));
        assertTrue(Arrays.equals(content, first.length, content.length, rest, 0, rest.length));
        assertTrue(stalled.toSeconds() < 10, stalled::toString);
        echo.awaitProgress(Home.SOON);
        echo.finish(Home.SOON);
    }
}
