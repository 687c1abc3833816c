package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.PreSharedKey;
import natt.core.keys.KeyFiles;
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

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Private keys, shared secrets and tokens are in no output of any program.
@Requires({Need.SSHD, Need.IMAGE})
@Timeout(180)
@Execution(ExecutionMode.CONCURRENT)
class CanaryTests {
    private static final String TOKEN = "canary-token-0123456789abcdef";

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    private final List<String> secrets = new ArrayList<>();
    private final List<String> outputs = new ArrayList<>();
    private Home home;
    private Path psk;
    private PreSharedKey secret;

    @BeforeEach
    void open() throws Exception {
        home = Home.here(processes, directory);
        psk = home.host().configuration().resolve("psk");
        secret = KeyFiles.createPreSharedKey(psk);
        secrets.add(secret.revealText());
        secrets.add(TOKEN);
        for (Node node : List.of(home.host(), home.client())) {
            Files.readAllLines(node.identityFile()).stream()
                    .filter(line -> !line.startsWith("#"))
                    .forEach(secrets::add);
        }
        assertEquals(4, secrets.size());
    }

    @AfterEach
    void close() {
        home.close();
    }

    private Run run(Processes.Start start) throws Exception {
        Run run = Run.of(start);
        outputs.addAll(run.lines());
        return run;
    }

    private void assertNoSecrets() {
        assertFalse(outputs.isEmpty());
        for (String secretText : secrets) {
            // A part of a secret is one too.
            String part = secretText.substring(5, 25);
            outputs.forEach(line -> assertFalse(line.contains(part), line));
        }
    }

    private String ticket(String name, String key, String more) {
        return "natt://" + key + "@" + name + "?secret=" + secret.revealText() + more;
    }

    @Test
    void whatWorksShowsNoSecret() throws Exception {
        String key = home.host().key().toString();
        for (String[] log :
                List.of(
                        new String[] {"--verbose"},
                        new String[] {"--verbose", "--log-format", "json"},
                        new String[] {"--quiet"},
                        new String[0])) {
            RunningProcess natts =
                    home.prepareNatts("--psk-file", psk.toString())
                            .with(log)
                            .env("CF_API_TOKEN", TOKEN)
                            .start();
            awaitPublished(natts, key);
            var options =
                    new ArrayList<>(List.of("--target", "'" + ticket(Natt.NAME, key, "") + "'"));
            options.addAll(List.of(log));
            RunningProcess ssh = home.sshAs(home.client(), options, "echo in").start();
            ssh.awaitLine("^in$", Home.SOON);
            assertEquals(0, ssh.awaitExit(Home.SOON));
            for (Node node : List.of(home.host(), home.client())) {
                run(status(node));
                run(status(node, "--json"));
            }
            natts.terminate();
            assertEquals(0, natts.awaitExit(Home.SOON));
            outputs.add(natts.text());
            outputs.add(ssh.text());
            Files.delete(home.zone());
        }
        assertNoSecrets();
    }

    private void awaitPublished(RunningProcess natts, String key) throws Exception {
        for (int i = 0; i < 200 && natts.isAlive(); i++) {
            if (Files.exists(home.zone()) && Files.readString(home.zone()).contains(key)) {
                return;
            }
            Thread.sleep(100);
        }
        throw new AssertionError("nothing is published\n" + natts.text());
    }

    private Processes.Start status(Node node, String... options) {
        return processes
                .prepare("natt", Natt.program("natt"), "status")
                .with(options)
                .with("--runtime-dir", node.runtime().toString())
                .env(node.environment());
    }

    @Test
    void whatFailsShowsNoSecret() throws Exception {
        String key = home.host().key().toString();
        String text = secret.revealText();
        for (String target :
                List.of(
                        ticket("not a name", key, ""),
                        ticket(Natt.NAME, key.substring(1), ""),
                        ticket(Natt.NAME, key, "&expires=x"),
                        ticket(Natt.NAME, key, "&expires=1"),
                        ticket(Natt.NAME, key, "&secret=" + text),
                        ticket(Natt.NAME, key, "&" + text + "=1"),
                        "natt://" + text + "@" + Natt.NAME + ":99999",
                        "natt://" + text + "x@" + Natt.NAME,
                        "natt://" + text,
                        "natt:" + text)) {
            assertTrue(run(home.prepareNattc("--proxy", "--target", target)).status() > 0, target);
        }
        Path wrong = home.client().secretFile("wrong", "x" + text + "\n");
        assertEquals(1, run(home.prepareNattc("--psk-file", wrong.toString())).status());
        assertEquals(1, run(home.prepareNatts("--psk-file", wrong.toString())).status());
        Files.writeString(home.host().authorizedClients(), text + "x\nsecret=" + text + "\n");
        RunningProcess natts = home.startNatts("--verbose");
        natts.awaitLine("line 2 admits nobody", Home.SOON);
        natts.terminate();
        natts.awaitExit(Home.SOON);
        outputs.add(natts.text());
        Path config = directory.resolve("natts.conf");
        Files.writeString(config, "cf-token = " + TOKEN + "\n" + "nonsense " + TOKEN + "\n");
        assertTrue(run(home.prepareNatts("--config", config.toString())).status() > 0);
        Path identity = home.client().identityFile();
        Files.writeString(identity, Files.readString(identity).strip() + "x\n");
        assertEquals(1, run(home.prepareNattc("--verbose")).status());
        assertNoSecrets();
    }
}
