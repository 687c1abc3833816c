package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Identity;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Node;
import natt.tests.Processes;
import natt.tests.PunchPeer;
import natt.tests.Requires;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;

/// `natt broker` as a server of natpunch-go and of NATpunch.
@Requires(Need.IMAGE)
@Timeout(60)
class NatpunchBrokerTests {
    private static final Duration SOON = Duration.ofSeconds(20);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    private RunningProcess broker(String... options) throws IOException {
        return processes
                .prepare("broker", Natt.program("natt"), "broker", "--open")
                .with("--listen", "127.0.0.1:0")
                .with(options)
                .env(new Node(directory).environment())
                .start();
    }

    @Test
    @Requires(Need.PYTHON_CRYPTO)
    void theLineItPrintsIsEnoughAndWhatKillsTheOriginalDoesNotKillIt() throws Exception {
        RunningProcess broker = broker("--natpunch-go", "0", "--natpunch", "0:0");
        broker.awaitLine("WARNING natpunch-go on UDP .* anybody may register a key", SOON);
        broker.awaitLine("WARNING NATpunch on UDP ports .* insecure", SOON);
        var told = broker.awaitLine("natpunch IFACE (127\\.0\\.0\\.1:(\\d+)) (\\S{44})$", SOON);
        try (var stranger = new DatagramSocket()) {
            for (String each : new String[] {"", "01", "030000", "0300000000"}) {
                byte[] bytes = HexFormat.of().parseHex(each);
                int port = Integer.parseInt(told.group(2));
                stranger.send(
                        new DatagramPacket(
                                bytes, bytes.length, InetAddress.getLoopbackAddress(), port));
            }
        }
        byte[] me = Identity.generate(new SecureRandom()).reveal();
        String own = PunchPeer.base64(Identity.of(me).publicKey().bytes());
        PunchPeer peer =
                PunchPeer.start(processes, me, "go-client", told.group(1), told.group(3), own);
        int port = peer.port();
        assertEquals("127.0.0.1:" + port, peer.await("found \\S+ (\\S+)"));
        broker.terminate();
        assertEquals(0, broker.awaitExit(SOON));
    }

    @ParameterizedTest
    @CsvSource({
        "--natpunch-go, x",
        "--natpunch-go, [::1]:5000",
        "--natpunch, 5000",
        "--natpunch, 5000:5000",
    })
    void aWrongOptionIsOneLine(String option, String value) throws Exception {
        RunningProcess broker = broker(option, value);
        assertEquals(2, broker.awaitExit(SOON));
        assertTrue(broker.text().lines().count() == 1, broker.text());
    }
}
