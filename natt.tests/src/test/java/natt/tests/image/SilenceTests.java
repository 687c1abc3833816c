package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.CountedEcho;
import natt.tests.Home;
import natt.tests.Hostile;
import natt.tests.Measured;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.UdpRelay;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/// What natts tells those who have no business with it: nothing.
@Requires({Need.SSHD, Need.IMAGE})
@Timeout(180)
class SilenceTests {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final int DATAGRAMS = 10_000;
    private static final String LOUDER_THAN_DEBUG = " (INFO|WARNING|ERROR) ";

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    /// The port that natts has published, and another one in its place from then on.
    private static int redirect(Home home, int port) throws Exception {
        String record = Files.readString(home.zone());
        var matcher = Pattern.compile("a=127\\.0\\.0\\.1:([0-9]+)").matcher(record);
        assertTrue(matcher.find(), record);
        Files.writeString(home.zone(), record.replace(matcher.group(), "a=127.0.0.1:" + port));
        return Integer.parseInt(matcher.group(1));
    }

    private static UdpRelay relay(Home home, UnaryOperator<byte[]> fate) throws Exception {
        int port = redirect(home, 0);
        var relay = new UdpRelay(port, fate, 200);
        redirect(home, relay.port());
        return relay;
    }

    @Test
    void tenThousandHostileDatagramsDrawNoAnswerAndNoLine() throws Exception {
        try (Home home = Home.here(processes, directory)) {
            RunningProcess natts = home.startNatts("--verbose");
            int port =
                    Integer.parseInt(
                            natts.awaitLine("listening on UDP 127.0.0.1:([0-9]+)", Home.SOON)
                                    .group(1));
            try (UdpRelay relay = relay(home, UnaryOperator.identity());
                    var socket = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0))) {
                RunningProcess ssh = home.ssh("cat").binary().start();
                CountedEcho echo = CountedEcho.start(ssh, Duration.ofMillis(20));
                List<byte[]> seen = relay.fromClients();
                assertTrue(seen.stream().anyMatch(each -> each[0] == (byte) 0x90), "an INIT");
                long lines = natts.count(LOUDER_THAN_DEBUG);
                // What the session itself needs is there by then.
                natts.awaitLine("datagrams leave and come in runs", Home.SOON);
                echo.awaitProgress(Home.SOON);
                long before = RunningProcess.residentKilobytes(natts.pid());

                send(socket, port, new Hostile(1, seen), DATAGRAMS);
                socket.setSoTimeout(2000);
                var answer = new DatagramPacket(new byte[2000], 2000);
                assertThrows(SocketTimeoutException.class, () -> socket.receive(answer));

                long grown = RunningProcess.residentKilobytes(natts.pid()) - before;
                Measured.say("RSS after 10,000 hostile datagrams", grown + " kB more");
                assertTrue(grown <= 8_000, grown + " kB more");
                assertEquals(lines, natts.count(LOUDER_THAN_DEBUG));
                echo.awaitProgress(Home.SOON);
                echo.finish(Home.SOON);
            }
        }
    }

    /// 5,000 a second, which the kernel's buffer holds.
    private static void send(DatagramSocket by, int port, Hostile hostile, int count)
            throws Exception {
        for (int i = 0; i < count; i++) {
            byte[] datagram = hostile.next();
            by.send(
                    new DatagramPacket(
                            datagram, datagram.length, new InetSocketAddress(LOOPBACK, port)));
            if (i % 50 == 49) {
                Thread.sleep(10);
            }
        }
    }

    @Test
    void aSessionCarriesOnThoughBitsFlip() throws Exception {
        try (Home home = Home.here(processes, directory)) {
            RunningProcess natts = home.startNatts();
            var random = new SplittableRandom(7);
            UnaryOperator<byte[]> flip =
                    datagram -> {
                        synchronized (random) {
                            if (random.nextInt(100) == 0) {
                                datagram[random.nextInt(datagram.length)] ^=
                                        (byte) (1 << random.nextInt(8));
                            }
                        }
                        return datagram;
                    };
            try (UdpRelay _ = relay(home, flip)) {
                Path original = directory.resolve("original");
                Path copy = directory.resolve("copy");
                var content = new byte[20_000_000];
                new SplittableRandom(3).nextBytes(content);
                Files.write(original, content);
                long start = System.nanoTime();
                RunningProcess scp =
                        home.scp(original.toString(), home.sshd().remote(copy)).start();
                assertEquals(0, scp.awaitExit(Duration.ofSeconds(100)));
                Measured.say(
                        "20 MB, one bit flipped in 1 % of the datagrams",
                        Duration.ofNanos(System.nanoTime() - start));
                assertEquals(-1, Files.mismatch(original, copy));
                assertTrue(natts.isAlive());
            }
        }
    }
}
