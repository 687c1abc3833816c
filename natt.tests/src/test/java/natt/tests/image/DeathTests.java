package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.CountedEcho;
import natt.tests.Home;
import natt.tests.Measured;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.Tcp;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// One side of a session dies or stops; ssh's own keepalives are off.
@Requires({Need.SSHD, Need.IMAGE})
@Timeout(240)
@Execution(ExecutionMode.CONCURRENT)
class DeathTests {
    private static final Duration AT_ONCE = Duration.ofSeconds(2);

    /// How long a session that is less than 150 s old waits for a peer that is gone: 30 s until it
    /// is sure, or 15 s while data waits, and 60 s more.
    private static final Duration HELD = Duration.ofSeconds(90);

    /// What a busy machine may add to a time that is measured by hand.
    private static final Duration GRACE = Duration.ofSeconds(15);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    private Home home;

    @BeforeEach
    void open() throws Exception {
        home = Home.here(processes, directory);
    }

    @AfterEach
    void close() {
        home.close();
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private static void assertWithin(Duration limit, Duration took) {
        assertTrue(took.compareTo(limit) <= 0, took + " instead of at most " + limit);
    }

    private RunningProcess sessionThatWaits() throws Exception {
        RunningProcess ssh = home.ssh("cat").start();
        ssh.stdin().write("ready\n".getBytes(StandardCharsets.UTF_8));
        ssh.stdin().flush();
        ssh.awaitLine("^ready$", Home.SOON);
        return ssh;
    }

    @Test
    void nattsThatComesBackEndsAnSshInUse() throws Exception {
        RunningProcess natts = home.startNatts();
        RunningProcess ssh = home.ssh("cat").binary().start();
        CountedEcho.start(ssh, Duration.ofMillis(20));
        natts.kill9();
        long start = System.nanoTime();
        home.startNatts();
        Measured.say("natts restarted and published", since(start));
        start = System.nanoTime();
        assertEquals(255, ssh.awaitExit(Duration.ofSeconds(20)));
        Measured.say("ssh in use ends after the restart of natts", since(start));
        assertWithin(Duration.ofSeconds(6), since(start));
        ssh.awaitLine("the peer has been restarted", AT_ONCE);
    }

    @Test
    void nattsThatComesBackEndsAnSshThatWaits() throws Exception {
        RunningProcess natts = home.startNatts();
        RunningProcess ssh = sessionThatWaits();
        natts.kill9();
        home.startNatts();
        long start = System.nanoTime();
        assertEquals(255, ssh.awaitExit(Duration.ofSeconds(40)));
        Measured.say("idle ssh ends after the restart of natts", since(start));
        assertWithin(Duration.ofSeconds(21), since(start));
        ssh.awaitLine("the peer has been restarted", AT_ONCE);
    }

    @Test
    void nattsThatStaysAwayLeavesNoHangingSsh() throws Exception {
        RunningProcess natts = home.startNatts();
        RunningProcess ssh =
                home.sshAs(home.client(), List.of("--verbose"), "cat").binary().start();
        CountedEcho.start(ssh, Duration.ofMillis(100));
        natts.kill9();
        long start = System.nanoTime();
        assertEquals(255, ssh.awaitExit(HELD.plus(GRACE)));
        Measured.say("ssh in use ends after natts was killed for good", since(start));
        ssh.awaitLine("nattc: .*silent for [0-9]+ s", AT_ONCE);
    }

    @Test
    void nattcThatIsKilledLeavesNoConnectionToSshdBehind() throws Exception {
        RunningProcess natts = home.startNatts();
        RunningProcess ssh = sessionThatWaits();
        RunningProcess sshd = home.sshd().process();
        int before = sshd.mark();
        ssh.descendant("natt.launcher.Nattc").destroyForcibly();
        long start = System.nanoTime();
        assertEquals(255, ssh.awaitExit(AT_ONCE));
        sshd.awaitLine(
                "[Cc]onnection .*closed|[Dd]isconnected|Connection reset",
                before,
                HELD.plus(GRACE));
        Measured.say("sshd's connection closed after nattc was killed", since(start));
        natts.awaitLine("its session waits", AT_ONCE);
        natts.awaitLine("session with .* ends: ", AT_ONCE);
    }

    @Test
    void nattsThatIsToldToStopSaysSo() throws Exception {
        RunningProcess natts = home.startNatts();
        RunningProcess waits = sessionThatWaits();
        RunningProcess ssh = home.ssh("cat").binary().start();
        CountedEcho.start(ssh, Duration.ofMillis(20));
        natts.terminate();
        long start = System.nanoTime();
        assertEquals(255, ssh.awaitExit(Duration.ofSeconds(3)));
        assertEquals(255, waits.awaitExit(Duration.ofSeconds(3)));
        Measured.say("ssh ends after SIGTERM to natts", since(start));
        ssh.awaitLine("the peer is shutting down", AT_ONCE);
        waits.awaitLine("the peer is shutting down", AT_ONCE);
        assertEquals(0, natts.awaitExit(Duration.ofSeconds(3)));
    }

    @Test
    void nattcThatIsToldToStopEndsItsSessionAtOnce() throws Exception {
        RunningProcess natts = home.startNatts();
        RunningProcess nattc = home.prepareNattc("--listen", "127.0.0.1:0").start();
        int port = Home.accepting(nattc);
        try (Socket socket = Tcp.connect(port, AT_ONCE)) {
            assertEquals('S', socket.getInputStream().read());
            int before = home.sshd().process().mark();
            nattc.terminate();
            natts.awaitLine("session with .* ends: ", AT_ONCE);
            home.sshd().process().awaitLine("[Cc]onnection (closed|reset)", before, AT_ONCE);
        }
    }

    @Test
    void aServiceThatIsDownIsSaidAtOnceAndReachedOnceItIsUp() throws Exception {
        int port;
        try (var free = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            port = free.getLocalPort();
        }
        home.startNatts("--expose", "late=127.0.0.1:" + port);
        RunningProcess nattc = home.prepareNattc("--forward", "127.0.0.1:0:late").start();
        int forwarded = Home.accepting(nattc);
        Run run = Run.of(home.prepareNattc("--proxy", "--service", "late"));
        assertEquals(1, run.status());
        assertTrue(run.lastLine().contains("the peer cannot reach its target"), run.lastLine());
        long start = System.nanoTime();
        try (Socket socket = Tcp.connect(forwarded, Duration.ofSeconds(10))) {
            assertEquals(-1, endOf(socket));
        }
        Measured.say("a service that is down is said", since(start));
        assertWithin(AT_ONCE, since(start));
        nattc.awaitLine(Natt.NAME + ".*the peer cannot reach its target", AT_ONCE);
        try (var _ = new ServerSocket(port, 5, InetAddress.ofLiteral("127.0.0.1"));
                Socket socket = Tcp.connect(forwarded, Duration.ofSeconds(1))) {
            // Neither side says anything, and nobody ends it.
            try {
                throw new AssertionError("it ended: " + socket.getInputStream().read());
            } catch (SocketTimeoutException _) {
                assertTrue(nattc.isAlive());
            }
        }
    }

    /// -1 for an end, in order or not.
    private static int endOf(Socket socket) {
        try {
            return socket.getInputStream().read();
        } catch (SocketTimeoutException hangs) {
            throw new AssertionError("nothing happens", hangs);
        } catch (IOException reset) {
            return -1;
        }
    }
}
