package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;

import natt.core.status.ControlSocket;
import natt.core.status.Report;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// What a user reads and what a script sees when something is wrong: one line and an exit code.
@Requires(Need.IMAGE)
@Timeout(120)
class CommandLineTests {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final String CANARY = "canary-0123456789abcdef";

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "natts || the name to publish under is missing",
                "natts | --target-fqdn pc.example.com | token is missing",
                "natts | --target-fqdn nodots --cf-token x | not a complete DNS name",
                "natts | --target-fqdn a.b --dns gandi | installed: cloudflare, file",
                "natts | --target-fqdn a.b --dns file | path",
                "natts | --target-fqdn a.b --dns file --dns-option nonsense | KEY=VALUE",
                "natts | --target-fqdn a.b --dns file --dns-option x=y | does not know",
                "natts | --target-fqdn a.b --dns file --dns-option path=z --listen x | HOST:PORT",
                "natts | --target-fqdn a.b --dns file --dns-option path=z --port-map on | auto or"
                        + " off",
                "natts | --target-fqdn a.b --dns file --dns-option path=z --listen :99999 | port",
                "natts | --target-fqdn a.b --dns file --dns-option path=z --ssh-target x |"
                        + " HOST:PORT",
                "natts | --target-fqdn a.b --dns file --dns-option path=z --stun none | publish",
                "natts | --target-fqdn a.b --dns file --dns-option path=z --ttl 0 | --ttl",
                "natts | --target-fqdn a.b --cf-token x --ttl 30 | 60 seconds or more",
                "natts | --compat quic | kcp-go",
                "natts | --target-fqdn a.b --dns file --dns-option path=z --compat kcp-go:turbo |"
                        + " no mode",
                "nattc | --target pc.example.com --transport kcp:turbo | fast, fast2, fast3",
                "natts | --cf-token-file missing --target-fqdn a.b | cannot read",
                "natts | --frobnicate | --frobnicate",
                "natts | --config missing.conf | cannot read the configuration file",
                "nattc || the name to connect to is missing",
                "nattc | --target pc.example.com --listen nonsense | HOST:PORT",
                "nattc | --target pc.example.com --listen :70000 | port",
                "nattc | --target pc.example.com --dns-server a:b:c | ",
                "natt || which command",
                "natt | frobnicate | frobnicate",
                "natt | demo --megabytes 0 | --megabytes",
                "natt | id --frobnicate | --frobnicate",
                "natt | keygen | one FILE",
                "natt | keygen --frobnicate | there is no option",
                "natt | ticket | one NAME",
                "natt | ticket 203.0.113.7 | not a DNS name",
                "natt | ticket a.b --secret | --psk-file",
                "natt | ticket a.b --expires soon | 30d",
                "natt | ticket a.b --host-key x | not a key",
                "natt | status --frobnicate | --frobnicate",
                "natt | broker | --open for anybody",
                "natt | broker --open --psk-file x | contradict",
                "natt | broker --open --listen x | HOST:PORT",
                "natt | broker --open --listen :1 --listen :2 | different ones of IPv4",
                "natt | broker --open --tls-cert x | go together",
                "natt | broker --open --relay-rate 0 | --relay-rate",
                "natt | doctor --frobnicate | --frobnicate",
                "natt | doctor --stun none --lifetime 5 | --lifetime",
                "natt | doctor --stun none --write-test | --write-test needs a name",
                "natt | doctor --stun none --peer missing.json | cannot read",
                "natt | doctor --stun none --target-fqdn nodots | not a complete DNS name",
                "natt | doctor --stun none --port-map maybe | --port-map",
                "natt | doctor --stun none --broker :0 | [KEY@]HOST[:PORT]",
            })
    void wrongUsageIsOneLineAndTwo(String program, String arguments, String says) throws Exception {
        String[] given = arguments == null ? new String[0] : arguments.split(" ");
        Run run =
                Run.of(
                        processes
                                .prepare(program, Natt.program(program))
                                .with(given)
                                .env("XDG_STATE_HOME", directory.toString())
                                .env("TARGET_FQDN", "")
                                .env("CF_API_TOKEN", ""));
        assertEquals(2, run.status(), run.lastLine());
        assertTrue(run.lastLine().startsWith(program + ": "), run.lastLine());
        assertTrue(run.lastLine().contains(says == null ? "" : says), run.lastLine());
        long complaints = run.lines().stream().filter(line -> !line.contains(" WARNING ")).count();
        assertEquals(1, complaints, () -> String.join("\n", run.lines()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"natts", "nattc", "natt"})
    void helpAndVersionEndWithZero(String program) throws Exception {
        for (String option : List.of("--help", "-help", "-h", "--version", "-version")) {
            Run run = Run.of(processes, program, option);
            assertEquals(0, run.status(), option);
            assertFalse(run.lines().isEmpty(), option);
        }
    }

    @Test
    void aNodesKeyAndItsTicketAreOneLineToPaste() throws Exception {
        String state = directory.resolve("state").toString();
        Run made = Run.of(processes, "natt", "id", "--state-dir", state, "--quiet");
        String key = made.onlyLine();
        assertEquals(0, made.status());
        assertTrue(key.matches("[A-Za-z0-9_-]{43}"), key);
        assertEquals(key, Run.of(processes, "natt", "id", "--state-dir", state).onlyLine());
        String psk = directory.resolve("psk").toString();
        assertEquals(0, Run.of(processes, "natt", "keygen", "--psk", psk).status());
        String secret = Files.readAllLines(Path.of(psk)).getLast();
        Run ticket =
                Run.of(
                        processes
                                .prepare("natt", Natt.program("natt"))
                                .with("ticket", "pc.example.com", "--state-dir", state)
                                .with("--secret", "--psk-file", psk));
        assertEquals("natt://" + key + "@pc.example.com?secret=" + secret, ticket.onlyLine());
        Run again = Run.of(processes, "natt", "keygen", psk);
        assertEquals(1, again.status());
        assertTrue(again.onlyLine().contains("exists"), again.onlyLine());
    }

    @Test
    void statusWithNoNodeRunningIsOneLineAndOne() throws Exception {
        Run run = Run.of(processes, "natt", "status", "--runtime-dir", directory.toString());
        assertEquals(1, run.status());
        assertEquals("natt: no running natts or nattc in " + directory, run.onlyLine());
    }

    @Test
    void statusTellsOfARunningNodeInTextAndJson() throws Exception {
        Report report =
                Report.builder().text("comment", "b\u00fcro").share("sessions", 1, 64).build();
        Path path = ControlSocket.path(directory, "natts", 4711);
        try (var _ = ControlSocket.open(path, () -> CompletableFuture.completedFuture(report))) {
            Run text = Run.of(processes, "natt", "status", "--runtime-dir=" + directory);
            assertEquals(0, text.status(), text.lastLine());
            assertEquals(
                    List.of("node", "  comment   b\u00fcro", "  sessions  1 of 64"), text.lines());
            Run json = Run.of(processes, "natt", "status", "--json", "--runtime-dir=" + directory);
            assertEquals(0, json.status(), json.lastLine());
            assertEquals(
                    "{\"nodes\":[{\"comment\":\"b\\u00fcro\",\"sessions\":{\"used\":1,\"limit\":64}}]}",
                    json.onlyLine());
        }
    }

    private List<String> file(String... more) {
        var all = new ArrayList<>(List.of("--compat", "kcp-go", "--target-fqdn", Natt.NAME));
        all.addAll(List.of("--dns", "file", "--dns-option"));
        all.add("path=" + directory.resolve("zone"));
        all.addAll(List.of(more));
        return all;
    }

    private Run natts(List<String> arguments) throws Exception {
        return Run.of(processes, "natts", arguments.toArray(String[]::new));
    }

    @Test
    void aPortInUseIsSaidAtOnce() throws Exception {
        try (var taken = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0))) {
            Run run = natts(file("--listen", "127.0.0.1:" + taken.getLocalPort(), "--stun", "a:1"));
            assertEquals(1, run.status());
            assertTrue(run.lastLine().contains("Address already in use"), run.lastLine());
        }
        try (var taken = new ServerSocket(0, 1, LOOPBACK)) {
            Run run =
                    Run.of(
                            processes,
                            "nattc",
                            "--compat",
                            "kcp-go",
                            "--target",
                            "a.b",
                            "--listen",
                            "127.0.0.1:" + taken.getLocalPort());
            assertEquals(1, run.status());
            assertTrue(run.lastLine().contains("cannot listen on TCP"), run.lastLine());
        }
    }

    @Test
    void optionsComeFromTheCommandLineBeforeTheFile() throws Exception {
        Path config =
                Files.writeString(
                        directory.resolve("natts.conf"),
                        """
                        # for a test
                        compat = kcp-go
                        target-fqdn = file.example.com
                        listen = 127.0.0.1:0
                        stun = none
                        publish-private = true
                        dns = file
                        dns-option = path=%s
                        """
                                .formatted(directory.resolve("zone")));
        var natts =
                processes
                        .prepare("natts", Natt.program("natts"))
                        .with("-config=" + config, "-target-fqdn", Natt.NAME)
                        .start();
        natts.awaitLine("published " + Natt.NAME, Duration.ofSeconds(30));
        natts.terminate();
        assertEquals(0, natts.awaitExit(Duration.ofSeconds(3)));
    }

    @Test
    void jsonLogsAreOneObjectALine() throws Exception {
        var natts =
                processes
                        .prepare("natts", Natt.program("natts"))
                        .with(
                                file("--listen", "127.0.0.1:0", "--stun", "none")
                                        .toArray(String[]::new))
                        .with("--publish-private", "--log-format", "json")
                        .start();
        natts.awaitLine("published", Duration.ofSeconds(30));
        natts.terminate();
        natts.awaitExit(Duration.ofSeconds(3));
        for (String line : natts.text().lines().map(line -> line.substring(8)).toList()) {
            var event = JsonParser.parseString(line).getAsJsonObject();
            assertTrue(event.has("time") && event.has("level") && event.has("message"), line);
        }
    }

    private Run proxy(String... arguments) throws Exception {
        return Run.of(
                processes
                        .prepare("nattc", Natt.program("nattc"))
                        .with("--compat", "kcp-go", "--proxy", "--target", Natt.NAME)
                        .with(arguments));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "other.lab.test. 60 IN A 127.0.0.1 | does not exist",
                "home.lab.test. 60 IN A 127.0.0.1 | has no TXT record",
                "home.lab.test. 60 IN TXT \"kcp-port=1\" | has no A record",
                "home.lab.test. 60 IN TXT \"v=spf1 -all\" | no TXT record kcp-port",
                "home.lab.test. 60 IN TXT \"kcp-port=99999\" | no port from 1 to 65535",
                "home.lab.test. 60 IN TXT unclosed \" | failed",
            })
    void whatIsMissingInDnsIsSaid(String zone, String says) throws Exception {
        Path file = Files.writeString(directory.resolve("zone"), zone + "\n");
        Run run = proxy("--dns-file", file.toString());
        assertEquals(1, run.status());
        assertTrue(run.onlyLine().startsWith("nattc: "), run.onlyLine());
        assertTrue(run.onlyLine().contains(says), run.onlyLine());
    }

    @Test
    void aDnsServerThatIsNotThereIsSaid() throws Exception {
        int port;
        try (var free = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0))) {
            port = free.getLocalPort();
        }
        Run run = proxy("--dns-server", "127.0.0.1:" + port);
        assertEquals(1, run.status());
        assertTrue(run.onlyLine().contains(Natt.NAME), run.onlyLine());
    }

    @Test
    void anAddressThatStaysSilentIsSaidAfterTenSeconds() throws Exception {
        try (var silent = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0))) {
            Path zone = Natt.writeZone(directory, "127.0.0.1", silent.getLocalPort());
            Run run = proxy("--dns-file", zone.toString());
            assertEquals(1, run.status());
            assertTrue(run.onlyLine().contains("no answer for 10 s"), run.onlyLine());
        }
    }

    @Test
    void aTargetThatIsDownIsSaidByTheClient() throws Exception {
        int port;
        try (var free = new ServerSocket(0, 1, LOOPBACK)) {
            port = free.getLocalPort();
        }
        var natts = Natt.startLocalServer(processes, directory, port);
        natts.process().awaitLine("cannot be reached now", Duration.ofSeconds(10));
        var nattc =
                processes
                        .prepare("nattc", Natt.program("nattc"))
                        .with("--compat", "kcp-go", "--proxy", "--target", Natt.NAME)
                        .with("--dns-file", natts.zone().toString())
                        .start();
        assertEquals(1, nattc.awaitExit(Duration.ofSeconds(5)));
        nattc.awaitLine("the peer cannot reach its target", Duration.ofSeconds(1));
    }

    @Test
    void aSecretOnTheCommandLineIsUsedWithAWarningAndNeverShown() throws Exception {
        Run run =
                Run.of(
                        processes,
                        "natts",
                        "--compat",
                        "kcp-go",
                        "--target-fqdn",
                        "pc.example.com",
                        "--cf-token",
                        CANARY,
                        "--verbose",
                        "--listen",
                        "127.0.0.1:0",
                        "--stun",
                        "none",
                        "--publish-private",
                        "--cf-api-url",
                        "nonsense");
        assertTrue(
                run.lines().stream().anyMatch(line -> line.contains("--cf-token is visible")),
                () -> String.join("\n", run.lines()));
        assertTrue(run.lines().stream().noneMatch(line -> line.contains(CANARY)));
        assertTrue(run.status() != 0);
    }
}
