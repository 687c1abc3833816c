package natt.core.forward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.io.Driver;
import natt.core.time.Ticker;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Semaphore;

/// Commands as a peer runs them, and what this side makes of what they say.
@Timeout(60)
@EnabledOnOs({OS.LINUX, OS.MAC})
class CommandEndTests {
    private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/bin:/bin");

    private final Semaphore news = new Semaphore(0);
    private final Collected out = new Collected();
    private final Collected err = new Collected();
    private final PeerEnd peer = new PeerEnd(out, Optional.of(err), () -> {}, news::release);
    private Driver driver;
    private CommandEnd command;

    @BeforeEach
    void open() throws IOException {
        driver = new Driver(Ticker.system(), "test").start();
    }

    @AfterEach
    void close() {
        if (command != null) {
            command.kill();
        }
        driver.close();
    }

    private void run(String... words) throws IOException {
        command =
                CommandEnd.start(
                        driver,
                        List.of(words),
                        ENVIRONMENT,
                        new byte[] {PeerEnd.CONNECTED},
                        news::release);
    }

    private void say(String text) {
        command.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /// Carries what the command says to the peer until it says no more, or has said a text.
    private void carryUntil(String text) throws Exception {
        var chunk = ByteBuffer.allocate(1000);
        while (text.isEmpty() || !out.text().contains(text)) {
            int length = command.read(chunk.clear());
            if (length < 0) {
                return;
            }
            if (length == 0) {
                news.acquire();
            }
            chunk.flip();
            while (chunk.hasRemaining()) {
                peer.write(chunk);
            }
        }
    }

    @Test
    void outputErrorAndExitStatusArriveApart() throws Exception {
        run("sh", "-c", "echo hello; echo trouble >&2; exit 3");
        carryUntil("");
        assertTrue(peer.connected());
        assertEquals("hello\n", out.text());
        assertEquals("trouble\n", err.text());
        assertEquals(OptionalInt.of(3), peer.status());
        assertEquals(-1, peer.read(ByteBuffer.allocate(1)));
    }

    @Test
    void endOfInputIsPassedOnAndTheRestStillArrives() throws Exception {
        run("sh", "-c", "cat; echo end");
        say("one\n");
        command.finish();
        carryUntil("");
        assertEquals("one\nend\n", out.text());
        assertEquals(OptionalInt.of(0), peer.status());
    }

    @Test
    void environmentHoldsNothingOfThisProcess() throws Exception {
        run("sh", "-c", "env | sed 's/=.*//' | sort");
        carryUntil("");
        assertEquals(
                List.of("NATT_CONNECTION", "PATH", "PWD"),
                out.text()
                        .lines()
                        .filter(each -> !List.of("OLDPWD", "SHLVL", "_").contains(each))
                        .toList());
    }

    @Test
    void allThatACommandHasStartedDiesWithIt() throws Exception {
        // One child, and one whose parent has gone.
        run("sh", "-c", "sleep 500 & echo $!; (sh -c 'sleep 501 & echo $!'); echo ready; wait");
        carryUntil("ready\n");
        List<ProcessHandle> all =
                out.text()
                        .lines()
                        .filter(line -> !line.equals("ready"))
                        .map(line -> ProcessHandle.of(Long.parseLong(line)).orElseThrow())
                        .toList();
        assertEquals(2, all.size());
        command.kill();
        for (ProcessHandle each : all) {
            each.onExit().get();
            assertFalse(each.isAlive());
        }
    }

    @Test
    void abortedCommandThatIgnoresBeingAskedIsKilled() throws Exception {
        run("sh", "-c", "trap '' TERM; echo $$; while :; do sleep 1; done");
        carryUntil("\n");
        var handle = ProcessHandle.of(Long.parseLong(out.text().strip())).orElseThrow();
        command.abort();
        handle.onExit().get();
        assertFalse(handle.isAlive());
    }

    @Test
    void childThatKeepsTheOutputOpenDoesNotKeepTheCommandFromEnding() throws Exception {
        run("sh", "-c", "sleep 500 & echo $!; exit 4");
        carryUntil("");
        assertEquals(OptionalInt.of(4), peer.status());
        var left = ProcessHandle.of(Long.parseLong(out.text().strip()));
        if (left.isPresent()) {
            left.get().onExit().get();
        }
    }

    @Test
    void commandThatReadsNothingTakesInputIntoTheVoid() throws Exception {
        run("true");
        carryUntil("");
        var input = ByteBuffer.allocate(1 << 20);
        while (input.hasRemaining()) {
            command.write(input);
        }
        while (!command.flushed()) {
            news.acquire();
        }
        assertFalse(input.hasRemaining());
    }

    @Test
    void slowReaderLosesNothingOfWhatAnEndedCommandHasSaid() throws Exception {
        run("sh", "-c", "echo $$; head -c 300000 /dev/zero; echo end; exit 5");
        carryUntil("\n");
        String said = out.text();
        var process = ProcessHandle.of(Long.parseLong(said.substring(0, said.indexOf('\n'))));
        if (process.isPresent()) {
            process.get().onExit().get();
        }
        carryUntil("");
        assertEquals(said.indexOf('\n') + 300_005, out.text().length());
        assertEquals(OptionalInt.of(5), peer.status());
    }

    @Test
    void missingProgramIsSaidAtOnce() {
        assertThrows(IOException.class, () -> run("/nonexistent/program"));
    }

    @Test
    void framesThatNoCommandSaysAreRefused() {
        for (byte[] wrong :
                List.of(
                        new byte[] {1},
                        new byte[] {0, 4, 0, 1},
                        new byte[] {0, 3, 0, 2},
                        new byte[] {0, 3, 0, 1, 7, 1, 0, 0})) {
            var end = new PeerEnd(out, Optional.of(err), () -> {}, () -> {});
            assertThrows(IOException.class, () -> end.write(ByteBuffer.wrap(wrong)));
        }
    }

    /// Takes a few bytes at a time.
    private static final class Collected implements LocalEnd {
        private final ByteArrayOutputStream all = new ByteArrayOutputStream();

        String text() {
            return all.toString(StandardCharsets.UTF_8);
        }

        @Override
        public int read(ByteBuffer into) {
            return 0;
        }

        @Override
        public void write(ByteBuffer data) {
            var some = new byte[Math.min(7, data.remaining())];
            data.get(some);
            all.writeBytes(some);
        }

        @Override
        public void finish() {}

        @Override
        public boolean flushed() {
            return true;
        }

        @Override
        public void interest(boolean reading, boolean writing) {}

        @Override
        public void close() {}

        @Override
        public void abort() {}
    }
}
