package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;

/// What is still delivered, and what is said, when one end breaks off or never answers.
@Requires(Need.IMAGE)
@Timeout(120)
class LastWordsTests {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final Duration SOON = Duration.ofSeconds(10);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    /// Answers each connection without reading it, which makes the kernel reset it at the end.
    private static void refuseAll(ServerSocket service, byte[] answer) {
        try {
            while (true) {
                try (Socket connection = service.accept()) {
                    // The client's bytes are there, so closing resets the connection.
                    connection.getInputStream().read();
                    connection.getOutputStream().write(answer);
                }
            }
        } catch (IOException closed) {
            assertTrue(service.isClosed(), closed.toString());
        }
    }

    @Test
    void anAnswerArrivesThoughTheTargetResetsTheConnectionAfterIt() throws Exception {
        var answer = new byte[50_000];
        new SplittableRandom(1).nextBytes(answer);
        try (var service = new ServerSocket(0, 16, LOOPBACK)) {
            Thread.ofVirtual().start(() -> refuseAll(service, answer));
            var natts = Natt.startLocalServer(processes, directory, service.getLocalPort());
            int port = Natt.startLocalClient(processes, natts.zone());
            for (int i = 0; i < 10; i++) {
                try (var client = new Socket(LOOPBACK, port)) {
                    client.getOutputStream().write(new byte[100]);
                    assertArrayEquals(answer, client.getInputStream().readNBytes(answer.length));
                }
            }
        }
    }

    @Test
    void outputThatNobodyTakesIsNoOrderlyEnd() throws Exception {
        try (var service = new ServerSocket(0, 16, LOOPBACK)) {
            Thread.ofVirtual().start(() -> refuseAll(service, new byte[10]));
            var natts = Natt.startLocalServer(processes, directory, service.getLocalPort());
            String command = "exec \"$@\" < /etc/passwd > /dev/full";
            var nattc =
                    processes
                            .prepare("nattc", "sh", "-c", command, "sh", Natt.program("nattc"))
                            .with("--compat", "kcp-go", "--proxy", "--target", Natt.NAME)
                            .with("--dns-file", natts.zone().toString())
                            .start();
            assertEquals(1, nattc.awaitExit(SOON));
        }
    }

    @Test
    void nattsStopsInTimeThoughTheDnsProviderHangs() throws Exception {
        try (var silent = new ServerSocket(0, 16, LOOPBACK)) {
            var natts =
                    processes
                            .prepare("natts", Natt.program("natts"))
                            .with("--compat", "kcp-go")
                            .with("--target-fqdn", Natt.NAME, "--listen", "127.0.0.1:0")
                            .with("--stun", "none", "--publish-private")
                            .with("--cf-api-url", "http://127.0.0.1:" + silent.getLocalPort())
                            .env("CF_API_TOKEN", "secret")
                            .start();
            try (Socket asked = silent.accept()) {
                assertTrue(asked.isConnected());
                natts.terminate();
                assertEquals(0, natts.awaitExit(Duration.ofSeconds(3)));
            }
        }
    }
}
