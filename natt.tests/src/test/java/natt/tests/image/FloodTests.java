package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Home;
import natt.tests.Hostile;
import natt.tests.Measured;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.Tcp;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// 10,000 hostile datagrams a second, while a session carries 5 MB a second.
///
/// `-Dnatt.flood=60` makes it last as long as the one that `docs/reliability.md` tells of.
@Requires({Need.SSHD, Need.IMAGE})
@Timeout(240)
@Isolated
class FloodTests {
    private static final Duration TIME = Duration.ofSeconds(Long.getLong("natt.flood", 20));
    private static final int A_SECOND = 10_000;
    private static final int PIECE = 50_000;
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    /// Sends 50 kB every 10 ms, as far as the reader takes them.
    private static Tcp.Service source() throws IOException {
        return Tcp.service(
                socket -> {
                    var piece = new byte[PIECE];
                    long next = System.nanoTime();
                    while (true) {
                        socket.getOutputStream().write(piece);
                        next = Math.max(next + 10_000_000, System.nanoTime() - 100_000_000);
                        LockSupport.parkNanos(next - System.nanoTime());
                    }
                });
    }

    private static final class Flood implements AutoCloseable {
        private final Thread thread;
        private volatile boolean over;
        private volatile long sent;

        Flood(int port) {
            thread = Thread.ofPlatform().daemon().start(() -> send(port));
        }

        private void send(int port) {
            var hostile = new Hostile(2, List.of());
            var to = new InetSocketAddress(LOOPBACK, port);
            try (var socket = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0))) {
                long start = System.nanoTime();
                for (long n = 0; !over; n++) {
                    byte[] datagram = hostile.next();
                    socket.send(new DatagramPacket(datagram, datagram.length, to));
                    sent = n + 1;
                    if (n % 20 == 19) {
                        long due = start + (n + 1) * (1_000_000_000L / A_SECOND);
                        LockSupport.parkNanos(due - System.nanoTime());
                    }
                }
            } catch (IOException failed) {
                throw new AssertionError("the loopback takes everything", failed);
            }
        }

        long sent() {
            return sent;
        }

        @Override
        public void close() {
            over = true;
            try {
                thread.join();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static long bytesIn(InputStream in, Duration time) throws IOException {
        var piece = new byte[PIECE];
        long bytes = 0;
        for (long end = System.nanoTime() + time.toNanos(); System.nanoTime() < end; ) {
            int length = in.read(piece);
            assertTrue(length > 0, "the session has ended");
            bytes += length;
        }
        return bytes;
    }

    @Test
    void aFloodNeitherStopsASessionNorKeepsNewOnesOut() throws Exception {
        try (Home home = Home.here(processes, directory);
                var source = source()) {
            RunningProcess natts = home.startNatts("--expose", "source=" + source.address());
            int port =
                    Integer.parseInt(
                            natts.awaitLine("listening on UDP 127.0.0.1:([0-9]+)", Home.SOON)
                                    .group(1));
            RunningProcess nattc = home.prepareNattc("-L", "127.0.0.1:0:source").start();
            try (Socket socket = Tcp.connect(Home.accepting(nattc), Duration.ofSeconds(10))) {
                InputStream in = socket.getInputStream();
                bytesIn(in, Duration.ofSeconds(5));
                long quietBytes = bytesIn(in, Duration.ofSeconds(10));
                long before = RunningProcess.residentKilobytes(natts.pid());
                long lines = natts.mark();
                double quiet = quietBytes / 10.0;
                double flooded;
                try (var flood = new Flood(port)) {
                    flooded = bytesIn(in, TIME) / (double) TIME.toSeconds();
                    long start = System.nanoTime();
                    RunningProcess ssh = home.ssh("echo in").start();
                    ssh.awaitLine("^in$", Home.SOON);
                    Duration entered = Duration.ofNanos(System.nanoTime() - start);
                    assertEquals(0, ssh.awaitExit(Home.SOON));
                    Measured.say("new ssh during a flood", entered);
                    Measured.say("hostile datagrams sent", "" + flood.sent());
                    assertTrue(entered.toSeconds() < 8, entered::toString);
                }
                long grown = RunningProcess.residentKilobytes(natts.pid()) - before;
                Measured.say(
                        "transfer in a flood",
                        "%.1f of %.1f MB/s, natts %d kB more"
                                .formatted(flooded / 1e6, quiet / 1e6, grown));
                assertTrue(flooded >= 0.6 * quiet, flooded + " of " + quiet + " bytes a second");
                assertTrue(grown <= 16_000, grown + " kB");
                // Those of the new ssh only.
                assertTrue(natts.mark() - lines < 10, natts::text);
            }
            Duration used = RunningProcess.processorTime(natts.pid());
            try (var _ = new Flood(port)) {
                Thread.sleep(5000);
            }
            Measured.say(
                    "processor time of natts for 5 s of flood alone",
                    RunningProcess.processorTime(natts.pid()).minus(used));
        }
    }
}
