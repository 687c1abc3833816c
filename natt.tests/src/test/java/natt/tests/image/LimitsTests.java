package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Home;
import natt.tests.Measured;
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

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Those who take without giving: readers that stop, callers that are idle, too few descriptors.
@Requires({Need.SSHD, Need.IMAGE})
@Timeout(180)
class LimitsTests {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int PIECE = 1 << 16;

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    private final List<Socket> opened = new ArrayList<>();
    private Home home;

    @BeforeEach
    void open() throws Exception {
        home = Home.here(processes, directory);
    }

    @AfterEach
    void close() throws IOException {
        for (Socket each : opened) {
            each.close();
        }
        home.close();
    }

    private Socket connect(int port) throws IOException {
        Socket socket = Tcp.connect(port, PATIENCE);
        opened.add(socket);
        return socket;
    }

    private static Tcp.Service endless() throws IOException {
        return Tcp.service(
                socket -> {
                    var piece = new byte[PIECE];
                    while (true) {
                        socket.getOutputStream().write(piece);
                    }
                });
    }

    private static void assertEchoes(Socket socket) throws IOException {
        for (int i = 0; i < 20; i++) {
            socket.getOutputStream().write(i);
            assertEquals(i, socket.getInputStream().read());
        }
    }

    private static void assertEndsOf(Socket socket) throws IOException {
        try {
            assertEquals(-1, socket.getInputStream().read());
        } catch (SocketTimeoutException hangs) {
            throw new AssertionError("it is neither served nor refused", hangs);
        } catch (IOException _) {
            // Reset, which is an end as well.
        }
    }

    @Test
    void aReaderThatStopsHoldsUpNobodyElseAndNoMemory() throws Exception {
        try (var source = endless();
                var echo = Tcp.echo()) {
            RunningProcess natts =
                    home.startNatts(
                            "--expose", "source=" + source.address(),
                            "--expose", "echo=" + echo.address());
            RunningProcess nattc =
                    home.prepareNattc("--forward", "127.0.0.1:0:source")
                            .with("--forward", "127.0.0.1:0:echo")
                            .start();
            int sourcePort = port(nattc, "source");
            Socket other = connect(port(nattc, "echo"));
            assertEchoes(other);
            // Once the programs have carried much they are as large as they get without this.
            Socket busy = connect(sourcePort);
            busy.getInputStream().skipNBytes(50_000_000);
            busy.close();
            long server = RunningProcess.residentKilobytes(natts.pid());
            long client = RunningProcess.residentKilobytes(nattc.pid());

            Socket stalled = connect(sourcePort);
            assertEquals(PIECE, stalled.getInputStream().readNBytes(PIECE).length);
            long slowest = 0;
            for (int i = 0; i < 10; i++) {
                Thread.sleep(500);
                long start = System.nanoTime();
                assertEchoes(other);
                slowest = Math.max(slowest, System.nanoTime() - start);
            }
            Measured.say("20 echoes beside a stalled reader, slowest", Duration.ofNanos(slowest));
            assertTrue(slowest < 2_000_000_000L, slowest + " ns");
            long serverMore = RunningProcess.residentKilobytes(natts.pid()) - server;
            long clientMore = RunningProcess.residentKilobytes(nattc.pid()) - client;
            Measured.say(
                    "RSS with a stalled reader",
                    "natts %d kB more, nattc %d kB".formatted(serverMore, clientMore));
            assertTrue(serverMore < 16_000, serverMore + " kB");
            assertTrue(clientMore < 16_000, clientMore + " kB");
            // It goes on where it stopped.
            stalled.getInputStream().skipNBytes(50_000_000);
        }
    }

    private static int port(RunningProcess nattc, String service) throws InterruptedException {
        return Integer.parseInt(
                nattc.awaitLine(
                                "accepting on TCP 127\\.0\\.0\\.1:([0-9]+) for " + service,
                                Home.SOON)
                        .group(1));
    }

    @Test
    void ofAThousandIdleConnectionsThoseBeyondTheLimitAreRefused() throws Exception {
        try (var echo = Tcp.echo()) {
            home.startNatts("--expose", "echo=" + echo.address());
            RunningProcess nattc = home.prepareNattc("--forward", "127.0.0.1:0:echo").start();
            int port = port(nattc, "echo");
            Socket first = connect(port);
            assertEchoes(first);
            long before = RunningProcess.residentKilobytes(nattc.pid());
            int reset = 0;
            for (int i = 0; i < 1000; i++) {
                try {
                    connect(port);
                } catch (IOException _) {
                    reset++;
                }
            }
            long grown = RunningProcess.residentKilobytes(nattc.pid()) - before;
            Measured.say("RSS of nattc with 1,000 idle connections", grown + " kB more");
            assertTrue(grown <= 32_000, grown + " kB");
            int refused = reset;
            for (Socket each : opened) {
                refused += isOver(each) ? 1 : 0;
            }
            Measured.say("refused of 1,000 idle connections", "" + refused);
            assertTrue(refused >= 1001 - 128, refused + " refused");
            assertEchoes(first);
            for (Socket each : opened.subList(1, opened.size())) {
                each.close();
            }
            long start = System.nanoTime();
            assertEchoes(connectSoon(port));
            Measured.say(
                    "served again after 1,000 idle connections",
                    Duration.ofNanos(System.nanoTime() - start));
        }
    }

    /// A connection that is served, once there is room.
    private Socket connectSoon(int port) throws Exception {
        for (int i = 0; ; i++) {
            Socket socket = connect(port);
            try {
                assertEchoes(socket);
                return socket;
            } catch (IOException | AssertionError refused) {
                if (i == 20) {
                    throw new AssertionError("there is never room again", refused);
                }
                Thread.sleep(100);
            }
        }
    }

    private static boolean isOver(Socket socket) throws IOException {
        socket.setSoTimeout(20);
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException _) {
            return false;
        } catch (IOException _) {
            return true;
        } finally {
            socket.setSoTimeout((int) PATIENCE.toMillis());
        }
    }

    @Test
    void nattcWithTooFewDescriptorsRefusesAndRecovers() throws Exception {
        try (var echo = Tcp.echo()) {
            home.startNatts("--expose", "echo=" + echo.address());
            RunningProcess nattc =
                    home.prepareNattc("--forward", "127.0.0.1:0:echo")
                            .under("prlimit", "--nofile=64")
                            .start();
            assertOutlivesMany(nattc, port(nattc, "echo"));
        }
    }

    @Test
    void nattsWithTooFewDescriptorsRefusesAndRecovers() throws Exception {
        try (var echo = Tcp.echo()) {
            RunningProcess natts =
                    home.prepareNatts("--expose", "echo=" + echo.address())
                            .under("prlimit", "--nofile=64")
                            .start();
            natts.awaitLine("published ", Home.SOON);
            RunningProcess nattc = home.prepareNattc("--forward", "127.0.0.1:0:echo").start();
            assertOutlivesMany(natts, port(nattc, "echo"));
        }
    }

    /// 100 connections want more descriptors than there are.
    private void assertOutlivesMany(RunningProcess limited, int port) throws Exception {
        Socket first = connect(port);
        assertEchoes(first);
        for (int i = 0; i < 100; i++) {
            try {
                connect(port);
            } catch (IOException _) {
                // It was refused before it could be used.
            }
        }
        Thread.sleep(2000);
        Duration before = RunningProcess.processorTime(limited.pid());
        int lines = limited.mark();
        Thread.sleep(10_000);
        Duration used = RunningProcess.processorTime(limited.pid()).minus(before);
        Measured.say("processor time in 10 s without descriptors", used);
        assertTrue(used.toMillis() <= 500, used::toString);
        assertTrue(limited.mark() - lines <= 20, limited::text);
        assertEchoes(first);
        for (Socket each : opened.subList(1, opened.size())) {
            each.close();
        }
        long start = System.nanoTime();
        connectSoon(port);
        Duration back = Duration.ofNanos(System.nanoTime() - start);
        Measured.say("served again once descriptors are free", back);
        assertTrue(back.toMillis() < 5000, back::toString);
        assertTrue(limited.isAlive());
    }

    @Test
    void theOneDirectionGoesOnWhenTheOtherHasEnded() throws Exception {
        // Answers once the whole question is there.
        try (var service =
                Tcp.service(
                        socket -> {
                            byte[] all = socket.getInputStream().readAllBytes();
                            OutputStream out = socket.getOutputStream();
                            for (int i = 0; i < 10; i++) {
                                out.write(all);
                            }
                        })) {
            home.startNatts("--expose", "web=" + service.address());
            RunningProcess nattc = home.prepareNattc("-L", "127.0.0.1:0:web").start();
            Socket socket = connect(port(nattc, "web"));
            byte[] question = new Tcp.Content(5).next(300_000);
            socket.getOutputStream().write(question);
            socket.shutdownOutput();
            byte[] answer = socket.getInputStream().readAllBytes();
            assertEquals(10 * question.length, answer.length);
            for (int i = 0; i < 10; i++) {
                int at = i * question.length;
                assertEquals(
                        -1,
                        Arrays.mismatch(
                                question, 0, question.length, answer, at, at + question.length));
            }
        }
    }
}
