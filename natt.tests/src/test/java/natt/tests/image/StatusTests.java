package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import natt.core.PreSharedKey;
import natt.core.keys.KeyFiles;
import natt.core.unix.Processor;
import natt.tests.Home;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Node;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/// What `natt status` tells of running programs.
@Requires({Need.SSHD, Need.IMAGE})
@Timeout(120)
@Execution(ExecutionMode.CONCURRENT)
class StatusTests {
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

    private Run status(Node node, String... options) throws Exception {
        return Run.of(
                processes
                        .prepare("natt", Natt.program("natt"), "status")
                        .with(options)
                        .with("--runtime-dir", node.runtime().toString())
                        .env(node.environment()));
    }

    private String text(Node node) throws Exception {
        Run run = status(node);
        assertEquals(0, run.status(), run::lastLine);
        return String.join("\n", run.lines());
    }

    /// Asks until the only program of a node tells what is waited for.
    private JsonObject await(Node node, Predicate<JsonObject> wanted) throws Exception {
        String last = "";
        for (int i = 0; i < 100; i++) {
            Run run = status(node, "--json");
            last = run.lastLine();
            if (run.status() == 0) {
                JsonArray nodes =
                        JsonParser.parseString(run.onlyLine())
                                .getAsJsonObject()
                                .getAsJsonArray("nodes");
                assertEquals(1, nodes.size(), last);
                JsonObject report = nodes.get(0).getAsJsonObject();
                if (wanted.test(report)) {
                    return report;
                }
            }
            Thread.sleep(100);
        }
        throw new AssertionError("not told in time: " + last);
    }

    private static List<JsonObject> all(JsonObject report, String name) {
        JsonArray array = report.getAsJsonArray(name);
        return array == null
                ? List.of()
                : array.asList().stream().map(each -> each.getAsJsonObject()).toList();
    }

    private static boolean carries(JsonObject report) {
        return all(report, "sessions").stream()
                .flatMap(session -> all(session, "streams").stream())
                .anyMatch(stream -> stream.get("receivedBytes").getAsLong() > 1000);
    }

    private static String word(JsonObject report, String name) {
        return report.get(name).getAsString();
    }

    /// An ssh through `nattc --proxy` that stays, and has carried something.
    private RunningProcess sshThatStays(List<String> options) throws Exception {
        RunningProcess ssh = home.sshAs(home.client(), options, "cat").binary().start();
        ssh.stdin().write("x".repeat(2000).getBytes(StandardCharsets.US_ASCII));
        ssh.stdin().flush();
        return ssh;
    }

    @Test
    void bothSidesTellOfOneSessionAndWhatItCarries() throws Exception {
        RunningProcess natts = home.startNatts();
        RunningProcess ssh = sshThatStays(List.of());

        JsonObject server = await(home.host(), StatusTests::carries);
        assertEquals("natts", word(server, "program"));
        assertEquals(natts.pid(), server.get("process").getAsLong());
        assertEquals(Natt.NAME, word(server, "name"));
        assertEquals(home.host().key().toString(), word(server, "key"));
        assertEquals("listed keys", word(server, "admits"));
        assertEquals("natt", word(all(server, "wires").getFirst(), "kind"));
        assertEquals("ssh", word(all(server, "services").getFirst(), "service"));
        JsonObject published = server.getAsJsonObject("publication");
        assertEquals("published", word(published, "state"));
        assertTrue(published.get("ageSeconds").getAsLong() < 60);
        JsonObject session = all(server, "sessions").getFirst();
        assertEquals(home.client().key().toString(), word(session, "peer"));
        assertEquals("the test's", word(session, "comment"));
        assertEquals("up", word(session, "state"));
        assertTrue(session.get("roundTripMs").getAsDouble() > 0);
        String cipher = Processor.hasAes() ? "AES-256-GCM" : "ChaCha20-Poly1305";
        assertEquals(cipher, word(session, "cipher"));
        JsonObject stream = all(session, "streams").getFirst();
        assertEquals("ssh", word(stream, "service"));
        assertTrue(stream.get("sentBytes").getAsLong() > 1000);
        JsonObject limits = server.getAsJsonObject("limits");
        assertEquals(1, limits.getAsJsonObject("sessions").get("used").getAsInt());
        assertEquals(64, limits.getAsJsonObject("sessions").get("limit").getAsInt());
        assertEquals(1, limits.getAsJsonObject("streams").get("used").getAsInt());
        assertTrue(limits.has("memoryBytes"));
        JsonObject counters = server.getAsJsonObject("counters").getAsJsonObject("sessionEngine");
        assertTrue(counters.get("initsReceived").getAsLong() > 0);

        JsonObject client = await(home.client(), StatusTests::carries);
        assertEquals("nattc", word(client, "program"));
        assertEquals(home.client().key().toString(), word(client, "key"));
        JsonObject host = client.getAsJsonObject("host");
        assertEquals(home.host().key().toString(), word(host, "key"));
        assertEquals("DNS", word(host, "keyFrom"));
        assertEquals(1, host.getAsJsonArray("addresses").size());
        assertEquals(
                home.host().key().toString(), word(all(client, "sessions").getFirst(), "peer"));
        assertEquals("open", word(all(client, "connections").getFirst(), "state"));

        String text = text(home.host());
        assertTrue(text.startsWith("natts\n  name     " + Natt.NAME + "\n"), text);
        assertTrue(text.contains("\n      comment             the test's\n"), text);
        assertTrue(text.contains("\n    sessions   1 of 64\n"), text);
        assertTrue(text(home.client()).startsWith("nattc\n"));

        ssh.stdin().close();
        assertEquals(0, ssh.awaitExit(Home.SOON));
        natts.terminate();
        assertEquals(0, natts.awaitExit(Home.SOON));
        for (Node node : List.of(home.host(), home.client())) {
            try (var files = Files.list(node.runtime())) {
                assertEquals(List.of(), files.toList());
            }
        }
    }

    @Test
    void whoWasRefusedAndWhyIsTold() throws Exception {
        home.startNatts("--expose", "gone=127.0.0.1:1");
        Node stranger = home.node("stranger");
        assertEquals(1, Run.of(home.prepareNattc("--proxy").env(stranger.environment())).status());
        assertEquals(1, Run.of(home.prepareNattc("--proxy", "--service", "gone")).status());
        assertEquals(1, Run.of(home.prepareNattc("--proxy", "--service", "none")).status());
        JsonObject server = await(home.host(), report -> all(report, "refusals").size() >= 3);
        List<String> told =
                all(server, "refusals").stream()
                        .map(each -> word(each, "reason") + " | " + word(each, "who"))
                        .toList();
        String client = home.client().key().toString();
        assertEquals("none: there is no such service | " + client, told.get(0));
        assertTrue(told.get(1).startsWith("gone: 127.0.0.1:1 cannot be reached"), told.get(1));
        assertEquals("unknown key | " + stranger.key(), told.get(2));
        assertTrue(text(home.host()).contains("unknown key"));
    }

    @Test
    void aNodeThatKnowsSecretsTellsNone() throws Exception {
        Path file = home.host().configuration().resolve("psk");
        PreSharedKey secret = KeyFiles.createPreSharedKey(file);
        home.startNatts("--psk-file", file.toString());
        String ticket =
                "natt://%s@%s?secret=%s"
                        .formatted(home.host().key(), Natt.NAME, secret.revealText());
        sshThatStays(List.of("--target", "'" + ticket + "'"));
        JsonObject client = await(home.client(), StatusTests::carries);
        assertEquals("ticket", word(client.getAsJsonObject("host"), "keyFrom"));
        JsonObject server = await(home.host(), StatusTests::carries);
        assertEquals("listed keys that know the secret", word(server, "admits"));
        String all = client + text(home.client()) + server + text(home.host());
        assertFalse(all.contains(secret.revealText().substring(5, 25)), all);
        for (Node node : List.of(home.host(), home.client())) {
            for (String line : Files.readAllLines(node.identityFile())) {
                if (!line.startsWith("#")) {
                    assertFalse(all.contains(line.substring(5, 25)), all);
                }
            }
        }
    }

    @Test
    void withoutADirectoryNattsWarnsAndNattcForSshIsSilent() throws Exception {
        Path occupied = Files.writeString(directory.resolve("occupied"), "");
        RunningProcess natts = home.startNatts("--runtime-dir", occupied.resolve("x").toString());
        natts.awaitLine(" WARNING no status: ", Home.SOON);
        RunningProcess ssh =
                home.sshAs(
                                home.client(),
                                List.of("--runtime-dir", occupied.resolve("x").toString()),
                                "sleep 2; echo done")
                        .start();
        ssh.awaitLine("^done$", Home.SOON);
        assertEquals(0, ssh.awaitExit(Home.SOON));
        assertEquals(0, ssh.count("status"), ssh.text());
    }
}
