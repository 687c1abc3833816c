package natt.tests.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import natt.tests.GoPeer;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.Tcp;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.time.Duration;

/// natts and nattc against the original's counterpart on kcp-go: every byte there and back.
///
/// The volumes under loss are smaller because the original's options are slow: with them kcp-go
/// itself moves 0.05 MB/s at 5 % and 40 ms.
@Requires({Need.IMAGE, Need.GO_KCP})
@Timeout(300)
class KcpGoInteropTests {
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final Duration LIMIT = Duration.ofSeconds(120);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @ParameterizedTest(name = "{1} bytes in messages of {0}, {2} % lost")
    @CsvSource({
        "    1,      20000,  0",
        "   17,     100000,  0",
        " 1368,    1000000,  0",
        " 1369,    1000000,  0",
        "65536,    1000000,  0",
        " 8192,  100000000,  0",
        "    1,       2000,  5",
        " 4096,    1000000,  5",
        "65536,   20000000,  5",
        "    1,        300, 20",
        "65536,     500000, 20",
    })
    void goClientMovesBytesThroughNattsAndBack(int chunk, long bytes, int loss) throws Exception {
        try (var echo = Tcp.echo()) {
            var natts = Natt.startLocalServer(processes, directory, echo.port());
            RunningProcess go =
                    goPeer("send", loss)
                            .with("-peer", natts.udpAddress())
                            .with("-chunk", "" + chunk, "-bytes", "" + bytes)
                            .with("-timeout", LIMIT.toSeconds() + "s")
                            .start();
            JsonObject result = json(go.awaitLine("^\\{\"bytes\".*", LIMIT.plus(SOON)).group());
            assertEquals(bytes, result.get("bytes").getAsLong());
            assertEquals(result.get("sent"), result.get("received"));
            assertEquals(0, go.awaitExit(SOON));
            assertRecovery(go, loss, bytes);
        }
    }

    @ParameterizedTest(name = "{1} bytes in messages of {0}, {2} % lost")
    @CsvSource({
        "    1,      20000,  0",
        "   17,     100000,  0",
        " 1376,    1000000,  0",
        " 1377,    1000000,  0",
        "65536,  100000000,  0",
        "    1,       2000,  5",
        " 4096,    1000000,  5",
        "65536,   20000000,  5",
        "    1,        300, 20",
        "65536,     500000, 20",
    })
    void nattcMovesBytesThroughAGoServerAndBack(int chunk, long bytes, int loss) throws Exception {
        try (var echo = Tcp.echo()) {
            RunningProcess go =
                    goPeer("server", loss)
                            .with("-listen", "127.0.0.1:0", "-target", echo.address())
                            .start();
            int udpPort = Integer.parseInt(go.awaitLine("ready .*:([0-9]+)$", SOON).group(1));
            Path zone = Natt.writeZone(directory, "127.0.0.1", udpPort);
            int port = Natt.startLocalClient(processes, zone);
            try (var socket = Tcp.connect(port, LIMIT)) {
                Tcp.exchange(
                        socket.getInputStream(), socket.getOutputStream(), bytes, chunk, chunk);
            }
            go.terminate();
            assertEquals(0, go.awaitExit(SOON));
            assertRecovery(go, loss, bytes);
        }
    }

    private Processes.Start goPeer(String mode, int loss) {
        return processes
                .prepare("kcppeer", GoPeer.binary().toString(), mode)
                .with("-loss", "" + loss, "-seed", "7");
    }

    /// Whether our parity repaired what the loss took, where there was enough to take.
    private static void assertRecovery(RunningProcess go, int loss, long bytes)
            throws InterruptedException {
        JsonObject counters = json(go.awaitLine("^\\{\"BytesSent\".*", SOON).group());
        assertEquals(0, counters.get("KCPInErrors").getAsLong(), "what kcp-go cannot read");
        if (loss > 0 && bytes >= 200_000) {
            assertTrue(counters.get("FECRecovered").getAsLong() > 0, counters::toString);
        }
    }

    private static JsonObject json(String line) {
        return JsonParser.parseString(line).getAsJsonObject();
    }
}
