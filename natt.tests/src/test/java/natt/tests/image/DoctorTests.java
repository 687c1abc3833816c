package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The doctor on the loopback, beside a natts with the same options.
@Requires(Need.IMAGE)
@Timeout(120)
class DoctorTests {
    private static final Duration LIMIT = Duration.ofSeconds(40);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    private ServerSocket sshd;

    @BeforeEach
    void listen() throws IOException {
        sshd = new ServerSocket(0, 10, InetAddress.ofLiteral("127.0.0.1"));
        Thread.startVirtualThread(this::greet);
    }

    private void greet() {
        try {
            while (true) {
                Socket each = sshd.accept();
                each.getOutputStream()
                        .write("SSH-2.0-test\r\n".getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    @AfterEach
    void close() throws IOException {
        sshd.close();
    }

    private Processes.Start program(String program, String... arguments) {
        return processes
                .prepare(program, Natt.program(program))
                .with(arguments)
                .with("--stun", "none", "--dns", "file")
                .with("--dns-option", "path=" + directory.resolve("zone"))
                .with("--target-fqdn", Natt.NAME, "--state-dir", directory.toString())
                .with("--ssh-target", "127.0.0.1:" + sshd.getLocalPort(), "--port-map", "off");
    }

    private Processes.Start natts() {
        return program("natts", "--listen", "127.0.0.1:0", "--publish-private");
    }

    @Test
    void besideARunningNattsItsRecordItsRightsAndItsServiceAreInOrder() throws Exception {
        natts().start().awaitLine("published " + Natt.NAME, LIMIT);
        RunningProcess doctor = program("natt", "doctor").with("--target", Natt.NAME).start();
        assertEquals(0, doctor.awaitExit(LIMIT));
        doctor.lastLine("^note +nat +no server is asked");
        doctor.lastLine("^ok +dns +home.lab.test says 127.0.0.1:[0-9]+, .*, with this node's key$");
        doctor.lastLine("^ok +dns +the ordinary resolver has the same record");
        doctor.lastLine("^ok +rights +.*zone can be written");
        doctor.lastLine("^ok +target +ssh at 127.0.0.1:[0-9]+ answers as sshd does");
        doctor.lastLine("^ok +peer +home.lab.test answers at 127.0.0.1:[0-9]+ in .* with the key");
        doctor.lastLine("^note +verdict +whether natts here is reached is not known");
    }

    @Test
    void aTestOfTheRightToWriteWritesOneRecord() throws Exception {
        RunningProcess doctor = program("natt", "doctor").with("--write-test").start();
        assertEquals(0, doctor.awaitExit(LIMIT));
        doctor.lastLine("^ok +rights +a TXT record was written at _natt-doctor.home.lab.test");
        List<String> zone = Files.readAllLines(directory.resolve("zone"));
        assertEquals(1, zone.size());
        assertTrue(zone.getFirst().startsWith("_natt-doctor.home.lab.test"));
    }

    @Test
    void aServiceThatIsAwayIsAProblemInTextAndJson() throws Exception {
        sshd.close();
        RunningProcess doctor = program("natt", "doctor").with("--json").start();
        assertEquals(1, doctor.awaitExit(LIMIT));
        String json = doctor.lastLine("^\\{.*\\}$").group();
        JsonObject report = JsonParser.parseString(json).getAsJsonObject();
        assertEquals(1, report.get("format").getAsInt());
        assertFalse(report.get("well").getAsBoolean());
        var problems = new ArrayList<String>();
        for (JsonElement each : report.getAsJsonArray("findings")) {
            JsonObject finding = each.getAsJsonObject();
            if (finding.get("grade").getAsString().equals("problem")) {
                problems.add(finding.get("topic").getAsString());
                assertTrue(finding.get("remedy").getAsString().endsWith("."));
            }
        }
        assertEquals(List.of("target"), problems);
    }
}
