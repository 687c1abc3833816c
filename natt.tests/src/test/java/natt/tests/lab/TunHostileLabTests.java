package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.TunLab;
import natt.tests.TunLab.End;
import natt.tests.Wiretap;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What nobody can bring into the device of `hostB`: one who sits on the wire in front of it, and
/// the peer itself with addresses that are not its own.
@Requires({Need.TUN, Need.PYTHON, Need.IMAGE})
@Timeout(60)
class TunHostileLabTests {
    private static final String FOREIGN = "10.99.0.7";
    private static final String[] FIVE = {"-c", "5", "-i", "0.05", "-W", "0.5"};

    @RegisterExtension static final Processes PROCESSES = Processes.ofTheClass();
    @TempDir static Path directory;

    private static TunLab lab;
    private static RunningProcess a;
    private static RunningProcess b;

    @BeforeAll
    static void start() throws Exception {
        lab = TunLab.up(PROCESSES, directory);
        a = lab.prepare(End.A).start();
        b = lab.prepare(End.B).start();
        lab.awaitConnected(End.A);
    }

    @AfterAll
    static void end() {
        if (lab != null) {
            lab.close();
        }
    }

    @BeforeEach
    void isConnected() throws Exception {
        // A test that failed may have left less than this.
        a = a.isAlive() ? a : lab.prepare(End.A).start();
        lab.awaitConnected(End.A);
        lab.awaitDirect();
    }

    private static long cameOut() {
        return lab.cameOut(End.B.host, TunLab.DEVICE);
    }

    /// Waits until what is under way has come out or been dropped.
    private static long settled(String counter, long atLeast) throws InterruptedException {
        for (int i = 0; i < 100; i++) {
            long now = lab.counter("b", counter);
            if (now >= atLeast) {
                return now;
            }
            Thread.sleep(50);
        }
        throw new AssertionError(
                "%s stays at %d, below %d".formatted(counter, lab.counter("b", counter), atLeast));
    }

    @ParameterizedTest
    @CsvSource({"replay, replayed, 2", "elsewhere, replayed, 2", "forge, forged, 1"})
    void nothingRecordedOrForgedComesOutOfTheDevice(String how, String counter, int timesAtLeast)
            throws Exception {
        Wiretap wire = Wiretap.start(PROCESSES, lab.network());
        wire.record();
        assertTrue(lab.answers(End.A.host, End.B.four(), "-c", "40", "-i", "0.02", "-W", "2"));
        long before = cameOut();
        long counted = lab.counter("b", counter);
        Wiretap.Sent sent = wire.send(how);
        assertTrue(sent.recorded() >= 40, sent::toString);
        settled(counter, counted + (long) sent.recorded() * timesAtLeast);
        assertEquals(before, cameOut());
        String[] all = {"-c", "10", "-i", "0.05", "-W", "2"};
        assertTrue(lab.answers(End.A.host, End.B.four(), all));
        assertEquals(before + 10, cameOut());
    }

    @Test
    void aSourceThatIsNotThePeersIsDroppedAndCounted() throws Exception {
        lab.ip(End.A.host, "addr add " + FOREIGN + "/32 dev " + TunLab.DEVICE);
        lab.ip(End.A.host, "addr add fd99::7/128 nodad dev " + TunLab.DEVICE);
        long before = cameOut();
        long counted = lab.counter("b", "fromPeerSpoofed");
        assertFalse(lab.answers(End.A.host, End.B.four(), with("-I", FOREIGN)));
        assertFalse(lab.answers(End.A.host, End.B.six(), with("-I", "fd99::7")));
        assertEquals(before, cameOut());
        assertEquals(counted + 10, lab.counter("b", "fromPeerSpoofed"));
        lab.ip(End.A.host, "addr del " + FOREIGN + "/32 dev " + TunLab.DEVICE);
        lab.ip(End.A.host, "addr del fd99::7/128 dev " + TunLab.DEVICE);
    }

    @Test
    void aPeerThatCallsItselfByAnotherAddressIsDroppedAndCounted() throws Exception {
        a.close();
        a = lab.prepareWith(End.A, FOREIGN).start();
        try {
            lab.awaitDirect();
            long before = cameOut();
            long counted = lab.counter("b", "fromPeerSpoofed");
            assertFalse(lab.answers(End.A.host, End.B.four(), FIVE));
            assertEquals(before, cameOut());
            assertTrue(lab.counter("b", "fromPeerSpoofed") >= counted + 5);
        } finally {
            a.close();
        }
    }

    @Test
    void multicastNeverComesOut() throws Exception {
        long before = cameOut();
        lab.answers(End.A.host, "224.0.0.1", with("-I", TunLab.DEVICE));
        lab.answers(End.A.host, "ff02::1", with("-I", TunLab.DEVICE));
        lab.answers(End.A.host, "255.255.255.255", with("-b", "-I", TunLab.DEVICE));
        // What follows in the same tunnel comes out.
        assertTrue(lab.answers(End.A.host, End.B.four(), FIVE));
        assertEquals(before + 5, cameOut());
    }

    private static String[] with(String... options) {
        var all = new ArrayList<>(List.of(FIVE));
        all.addAll(List.of(options));
        return all.toArray(String[]::new);
    }
}
