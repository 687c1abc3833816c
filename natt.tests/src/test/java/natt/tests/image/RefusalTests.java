package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.keys.KeyFiles;
import natt.tests.CountedEcho;
import natt.tests.Home;
import natt.tests.Measured;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Node;
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
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/// Who is not let in, and how both sides learn why: one line and an exit code of 1.
@Requires({Need.SSHD, Need.IMAGE})
@Timeout(120)
@Execution(ExecutionMode.CONCURRENT)
class RefusalTests {
    private static final String FIRST_CONTACT = " WARNING the key of " + Natt.NAME + " is ";
    private static final Duration AT_ONCE = Duration.ofSeconds(5);

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

    private Run proxy(String... options) throws Exception {
        return Run.of(home.prepareNattc("--proxy").with(options));
    }

    private static void assertSays(Run run, String... parts) {
        assertEquals(1, run.status(), () -> String.join("\n", run.lines()));
        // On first contact the key is shown before anything else.
        List<String> others =
                run.lines().stream().filter(each -> !each.contains(FIRST_CONTACT)).toList();
        assertEquals(1, others.size(), () -> String.join("\n", run.lines()));
        String line = others.getFirst();
        assertTrue(line.startsWith("nattc: "), line);
        for (String part : parts) {
            assertTrue(line.contains(part), line);
        }
    }

    private static String anotherKey() {
        return Identity.generate(new SecureRandom()).publicKey().toString();
    }

    private String ticket(String key, String more) {
        return "natt://" + key + "@" + Natt.NAME + more;
    }

    /// Waits as long as nattc does, then sees what it said.
    private static Duration took(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    @Test
    void aTicketWithAnotherHostKeyIsSaid() throws Exception {
        home.startNatts();
        String wrong = anotherKey();
        assertSays(
                proxy("--target", ticket(wrong, "")),
                "the host key of " + Natt.NAME + " has changed",
                "the ticket has " + wrong,
                "DNS says " + home.host().key());
    }

    @Test
    void aKeyThatIsNotListedIsSaidToBothAtOnce() throws Exception {
        RunningProcess natts = home.startNatts();
        Node stranger = home.node("stranger");
        long start = System.nanoTime();
        Run run = Run.of(home.prepareNattc("--proxy").env(stranger.environment()));
        assertSays(run, "does not know this node's key " + stranger.key(), "authorized_clients");
        assertTrue(took(start).compareTo(AT_ONCE) < 0, took(start)::toString);
        natts.awaitLine("refused " + stranger.key() + " from 127.0.0.1:.* not listed", AT_ONCE);
    }

    @Test
    void aKeyThatIsTakenOffTheListEndsItsSessionWithinASecond() throws Exception {
        RunningProcess natts = home.startNatts();
        RunningProcess ssh = home.ssh("cat").binary().start();
        CountedEcho.start(ssh, Duration.ofMillis(50));
        long start = System.nanoTime();
        home.host().admit(anotherKey());
        assertEquals(255, ssh.awaitExit(AT_ONCE));
        Duration took = took(start);
        Measured.say("ssh ends after its key is taken off the list", took);
        assertTrue(took.compareTo(Duration.ofMillis(2500)) < 0, took::toString);
        ssh.awaitLine("this node's key has been removed from the peer's list", AT_ONCE);
        natts.awaitLine("the list of clients has changed", AT_ONCE);
    }

    @Test
    void aKeyWhoseTimeHasComeIsSaid() throws Exception {
        home.host().admit("expires=2020-01-01 " + home.client().key());
        home.startNatts();
        assertSays(proxy(), "the permission of this node's key has expired");
    }

    @Test
    void aKeyFromElsewhereThanItsLineSaysIsSaid() throws Exception {
        home.host().admit("from=203.0.113.0/24 " + home.client().key());
        home.startNatts();
        assertSays(proxy(), "does not let this node's key in from this address");
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true"})
    void anotherSharedSecretIsSilenceAndOneLineThatSaysSo(boolean atHost, boolean atClient)
            throws Exception {
        home.startNatts(atHost ? secretOption(home.host()) : new String[0]);
        assertSays(
                proxy(atClient ? secretOption(home.client()) : new String[0]),
                "does not answer at 127.0.0.1:",
                "shared secret");
    }

    private static String[] secretOption(Node node) throws Exception {
        Path file = node.configuration().resolve("own-psk");
        KeyFiles.createPreSharedKey(file);
        return new String[] {"--psk-file", file.toString()};
    }

    @Test
    void theRightSharedSecretLetsIn() throws Exception {
        home.startNatts(secretOption(home.host()));
        Path file = home.client().configuration().resolve("psk");
        Files.copy(home.host().configuration().resolve("own-psk"), file);
        RunningProcess ssh =
                home.sshAs(home.client(), List.of("--psk-file", file.toString()), "echo in")
                        .start();
        ssh.awaitLine("^in$", Home.SOON);
        assertEquals(0, ssh.awaitExit(Home.SOON));
    }

    @Test
    void anExpiredTicketIsSaidWithoutAskingAnybody() throws Exception {
        assertSays(
                proxy("--target", ticket(home.host().key().toString(), "?expires=1000000000")),
                "the ticket for " + Natt.NAME + " has expired");
    }

    @Test
    void theKnownHostIsFoundThoughDnsNamesAnotherKey() throws Exception {
        home.startNatts();
        assertReached();
        String record = Files.readString(home.zone());
        Files.writeString(home.zone(), record.replace(home.host().key().toString(), anotherKey()));
        assertReached();
    }

    @Test
    void aChangedHostKeyIsSaidOnceNobodyAnswersWithTheKnownOne() throws Exception {
        home.startNatts();
        assertReached();
        home.natts().terminate();
        home.natts().awaitExit(AT_ONCE);
        Files.delete(home.host().identityFile());
        var renewed = new Node(directory.resolve("host"));
        home.startNatts();
        assertSays(
                proxy(),
                "the host key of " + Natt.NAME + " has changed",
                "known_hosts line 1 has " + home.host().key(),
                "DNS says " + renewed.key(),
                "remove the line");
    }

    private void assertReached() throws Exception {
        RunningProcess ssh = home.ssh("echo here").start();
        ssh.awaitLine("^here$", Home.SOON);
        assertEquals(0, ssh.awaitExit(Home.SOON));
    }

    @Test
    void aRecordOfTheOriginalIsNotTakenForASessions() throws Exception {
        Natt.writeZone(directory, "127.0.0.1", 30_000);
        long start = System.nanoTime();
        assertSays(proxy(), Natt.NAME, "--compat kcp-go");
        assertTrue(took(start).compareTo(AT_ONCE) < 0, took(start)::toString);
    }

    @Test
    void strictRefusesAHostThatIsNotKnown() throws Exception {
        home.startNatts();
        assertSays(proxy("--strict"), Natt.NAME + " is not in ", "known_hosts", "--strict");
        assertReached();
        assertReachedBy("--strict");
    }

    private void assertReachedBy(String option) throws Exception {
        RunningProcess ssh = home.sshAs(home.client(), List.of(option), "echo here").start();
        ssh.awaitLine("^here$", Home.SOON);
        assertEquals(0, ssh.awaitExit(Home.SOON));
    }

    @Test
    void aServiceThatIsNotThereIsSaid() throws Exception {
        home.startNatts();
        assertSays(proxy("--service", "web"), Natt.NAME + " has no service web");
    }

    @Test
    void aServiceThatTheLineDoesNotNameIsSaid() throws Exception {
        home.host().admit("target=web " + home.client().key());
        home.startNatts();
        assertSays(proxy(), "does not allow this node the service ssh");
    }

    @Test
    void aTargetThatIsNoSshIsRefusedAtTheStartWhenAnybodyMayConnect() throws Exception {
        Files.delete(home.host().authorizedClients());
        for (String greeting : new String[] {"", "220 mail\r\n"}) {
            try (var service = greeter(new AtomicReference<>(greeting))) {
                Run run = Run.of(home.prepareNatts("--ssh-target", service.address()));
                assertEquals(1, run.status(), () -> String.join("\n", run.lines()));
                List<String> why =
                        run.lines().stream().filter(each -> each.startsWith("natts: ")).toList();
                assertEquals(1, why.size(), () -> String.join("\n", run.lines()));
                String line = why.getFirst();
                assertTrue(line.startsWith("natts: the target " + service.address()), line);
                assertTrue(
                        line.contains(greeting.isEmpty() ? "says nothing" : "does not speak SSH"),
                        line);
                assertTrue(line.contains("--authorized-clients"), line);
            }
        }
    }

    @Test
    void aTargetThatIsNoSshAnyMoreIsSaidWhenAnybodyMayConnect() throws Exception {
        Files.delete(home.host().authorizedClients());
        var greeting = new AtomicReference<>("SSH-2.0-a\r\n");
        try (var service = greeter(greeting)) {
            RunningProcess natts = home.startNatts("--ssh-target", service.address());
            natts.awaitLine("WARNING .*anybody may", AT_ONCE);
            Thread.sleep(500); // The look at the target at the start is over by then.
            greeting.set("220 mail\r\n");
            assertSays(proxy(), "the peer serves strangers only with SSH");
        }
    }

    private static Tcp.Service greeter(AtomicReference<String> greeting) throws Exception {
        return Tcp.service(
                socket -> {
                    socket.getOutputStream()
                            .write(greeting.get().getBytes(StandardCharsets.US_ASCII));
                    socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                });
    }

    @Test
    void keyFilesThatOthersCanReadAreRefused() throws Exception {
        Path psk = Path.of(secretOption(home.host())[1]);
        open(psk);
        assertFileRefused(Run.of(home.prepareNatts("--psk-file", psk.toString())), "natts", psk);
        assertFileRefused(proxy("--psk-file", psk.toString()), "nattc", psk);
        open(home.host().identityFile());
        assertFileRefused(Run.of(home.prepareNatts()), "natts", home.host().identityFile());
        open(home.client().identityFile());
        assertFileRefused(proxy(), "nattc", home.client().identityFile());
    }

    @Test
    void keyFilesThatHoldNoKeyAreRefusedAndNotShown() throws Exception {
        Path psk = home.client().secretFile("bad", "canary-is-no-key\n");
        assertFileRefused(proxy("--psk-file", psk.toString()), "nattc", psk);
        Path missing = directory.resolve("missing");
        assertFileRefused(proxy("--psk-file", missing.toString()), "nattc", missing);
        assertFileRefused(
                Run.of(home.prepareNatts("--authorized-clients", missing.toString())),
                "natts",
                missing);
        Files.writeString(home.client().identityFile(), "canary-is-no-key\n");
        assertFileRefused(proxy(), "nattc", home.client().identityFile());
    }

    private static void open(Path file) throws Exception {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    }

    private static void assertFileRefused(Run run, String program, Path file) {
        assertEquals(1, run.status(), () -> String.join("\n", run.lines()));
        assertTrue(run.onlyLine().startsWith(program + ": "), run.onlyLine());
        assertTrue(run.onlyLine().contains(file.toString()), run.onlyLine());
        assertTrue(!run.onlyLine().contains("canary"), run.onlyLine());
    }

    @Test
    void aSharedSecretOfZerosIsNone() throws Exception {
        assertEquals(43, PreSharedKey.NONE.revealText().length());
        Path psk = home.client().secretFile("zeros", PreSharedKey.NONE.revealText() + "\n");
        assertFileRefused(proxy("--psk-file", psk.toString()), "nattc", psk);
    }
}
