package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Need;
import natt.tests.Peers;
import natt.tests.Processes;
import natt.tests.RealSshd;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.Tcp;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/// `natt listen` and `natt forward` with a broker, as processes on the loopback.
@Requires(Need.IMAGE)
@Timeout(240)
@Execution(ExecutionMode.CONCURRENT)
class PeersTests {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    private Peers peers;

    @BeforeEach
    void open() throws Exception {
        peers = Peers.start(processes, directory);
    }

    /// Lets alice reach something of bob.
    private RunningProcess bob(String... allowed) throws Exception {
        peers.node("bob").admit(peers.node("alice").key() + " alice");
        return peers.listen("bob", allowed);
    }

    private Run alice(String... arguments) throws Exception {
        return Run.of(peers.forward("alice", arguments));
    }

    private static int unusedPort() throws IOException {
        try (var free = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            return free.getLocalPort();
        }
    }

    @Test
    @Requires(Need.SSHD)
    void sshAndScpReachANamedPeerThatAnybodyMayReach() throws Exception {
        try (var sshd = RealSshd.start(processes, "127.0.0.1", unusedPort())) {
            peers.listen("bob", "--allow", "" + sshd.port());
            RunningProcess alice = peers.forward("alice", "0:bob:" + sshd.port()).start();
            int port = Peers.accepting(alice);
            String here = "HostName=127.0.0.1";
            List<String> ssh = sshd.ssh(here, "Port=" + port);
            RunningProcess said =
                    processes
                            .prepare("ssh", ssh.toArray(String[]::new))
                            .with("echo through; exit 7")
                            .start();
            assertEquals(7, said.awaitExit(LIMIT));
            said.awaitLine("^through$", LIMIT);
            Path original = directory.resolve("original");
            Path copy = directory.resolve("copy");
            var bytes = new byte[3_000_000];
            new Random(1).nextBytes(bytes);
            Files.write(original, bytes);
            RunningProcess scp =
                    processes
                            .prepare("scp", sshd.scp(here, "Port=" + port).toArray(String[]::new))
                            .with(original.toString(), sshd.remote(copy))
                            .start();
            assertEquals(0, scp.awaitExit(LIMIT));
            assertArrayEquals(bytes, Files.readAllBytes(copy));
        }
    }

    @Test
    void hundredShortConnectionsFollowEachOther() throws Exception {
        try (var echo = Tcp.echo()) {
            bob("--allow", "" + echo.port());
            int port = Peers.accepting(peers.forward("alice", "0:bob:" + echo.port()).start());
            for (int i = 0; i < 100; i++) {
                assertEquals("n" + i, ask(port, "n" + i));
            }
        }
    }

    @Test
    void fortyConnectionsAtOnceAreMoreThanOneSessionHas() throws Exception {
        try (var echo = Tcp.echo()) {
            bob("--allow", "" + echo.port());
            int port = Peers.accepting(peers.forward("alice", "0:bob:" + echo.port()).start());
            var sockets = new ArrayList<Socket>();
            for (int i = 0; i < 40; i++) {
                sockets.add(Tcp.connect(port, LIMIT));
                sockets.get(i).getOutputStream().write(("c%02d".formatted(i)).getBytes());
            }
            for (int i = 0; i < 40; i++) {
                byte[] said = sockets.get(i).getInputStream().readNBytes(3);
                assertEquals("c%02d".formatted(i), new String(said, StandardCharsets.US_ASCII));
                sockets.get(i).close();
            }
        }
    }

    /// Says something, ends its direction and reads to the end.
    private static String ask(int port, String text) throws IOException {
        try (Socket socket = Tcp.connect(port, LIMIT)) {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void twoForwardsAndBothDirectionsOfOnePairOfProcesses() throws Exception {
        try (var one = Tcp.service(socket -> answer(socket, "one"));
                var two = Tcp.service(socket -> answer(socket, "two"));
                var three = Tcp.service(socket -> answer(socket, "three"))) {
            peers.node("alice").admit("" + peers.node("bob").key());
            peers.node("bob").admit("" + peers.node("alice").key());
            RunningProcess bob =
                    peers.listen(
                            "bob",
                            "--allow",
                            one.address(),
                            two.address(),
                            "--forward",
                            "0:alice:" + three.address());
            RunningProcess alice =
                    peers.forward(
                                    "alice",
                                    "--allow",
                                    three.address(),
                                    "0:bob:" + one.address(),
                                    "127.0.0.1:0:bob:" + two.address())
                            .start();
            String accepting = "accepting on TCP 127\\.0\\.0\\.1:([0-9]+) for 127.0.0.1:";
            int first = port(alice, accepting + one.port());
            int second = port(alice, accepting + two.port());
            int third = port(bob, accepting + three.port());
            assertEquals("one", ask(first, "x"));
            assertEquals("two", ask(second, "x"));
            assertEquals("three", ask(third, "x"));
        }
    }

    private static int port(RunningProcess process, String regex) throws Exception {
        return Integer.parseInt(process.awaitLine(regex, Peers.SOON).group(1));
    }

    private static void answer(Socket socket, String text) throws IOException {
        socket.getInputStream().readAllBytes();
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void commandEndsTheForwardWithItsStatusThoughInputIsOpen() throws Exception {
        bob("--allow", "exec:sh -c 'echo hello; echo trouble >&2; exit 3'");
        RunningProcess alice =
                peers.forward("alice", ":bob:", "sh", "-c", "echo hello; echo trouble >&2; exit 3")
                        .binary()
                        .start();
        assertEquals("hello\n", new String(alice.stdout().readAllBytes(), StandardCharsets.UTF_8));
        assertEquals(3, alice.awaitExit(LIMIT));
        assertEquals(1, alice.count("^trouble$"));
    }

    @Test
    void endOfInputReachesTheCommandAndTheRestComesBack() throws Exception {
        bob("--allow", "exec:sha256sum");
        var bytes = new byte[10_000_000];
        new Random(2).nextBytes(bytes);
        Path file = directory.resolve("input");
        Files.write(file, bytes);
        RunningProcess alice = peers.forward("alice", ":bob:", "sha256sum").binary().start();
        var sending =
                new FutureTask<Boolean>(
                        () -> {
                            try (var in = alice.stdin()) {
                                in.write(bytes);
                            }
                            return true;
                        });
        Thread.ofVirtual().start(sending);
        String sum = new String(alice.stdout().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(sending.get());
        assertEquals(0, alice.awaitExit(LIMIT));
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
        assertEquals(HexFormat.of().formatHex(digest) + "  -\n", sum);
    }

    @Test
    void endOfInputReachesAServiceAndItsAnswerComesBack() throws Exception {
        try (var counting =
                Tcp.service(
                        socket -> {
                            int length = socket.getInputStream().readAllBytes().length;
                            answer(socket, "got " + length);
                        })) {
            bob("--allow", "" + counting.port());
            RunningProcess alice =
                    peers.forward("alice", ":bob:" + counting.port()).binary().start();
            alice.stdin().write(new byte[1_000_000]);
            alice.stdin().close();
            String said = new String(alice.stdout().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals("got 1000000", said);
            assertEquals(0, alice.awaitExit(LIMIT));
        }
    }

    @Test
    void serviceThatHangsUpEndsTheForwardThoughInputIsOpen() throws Exception {
        try (var brief =
                Tcp.service(socket -> socket.getOutputStream().write(new byte[] {'b', 'y', 'e'}))) {
            bob("--allow", "" + brief.port());
            RunningProcess alice = peers.forward("alice", ":bob:" + brief.port()).binary().start();
            String said = new String(alice.stdout().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals("bye", said);
            assertEquals(0, alice.awaitExit(LIMIT));
        }
    }

    @Test
    void commandOnATcpPortServesEveryConnection() throws Exception {
        bob("--allow", "exec:tr a-z A-Z");
        RunningProcess alice = peers.forward("alice", "0:bob:", "tr", "a-z", "A-Z").start();
        int port = Peers.accepting(alice);
        assertEquals("ONE", ask(port, "one"));
        assertEquals("TWO", ask(port, "two"));
    }

    @Test
    void commandAndItsChildrenDieWhenTheClientIsStopped() throws Exception {
        bob("--allow", "exec:sh -c 'echo $$; sleep 400 & echo $!; wait'");
        RunningProcess alice = sleeper();
        List<ProcessHandle> started = processesOf(alice);
        alice.terminate();
        for (ProcessHandle each : started) {
            each.onExit().get();
        }
    }

    @Test
    void commandAndItsChildrenDieWhenTheClientIsKilledAndNeverHeardOfAgain() throws Exception {
        bob("--allow", "exec:sh -c 'echo $$; sleep 400 & echo $!; wait'");
        RunningProcess alice = sleeper();
        List<ProcessHandle> started = processesOf(alice);
        alice.kill9();
        for (ProcessHandle each : started) {
            each.onExit().get(90, TimeUnit.SECONDS);
        }
    }

    private RunningProcess sleeper() throws Exception {
        return peers.forward("alice", ":bob:", "sh", "-c", "echo $$; sleep 400 & echo $!; wait")
                .start();
    }

    /// What a command of [#sleeper] has said of its processes.
    private static List<ProcessHandle> processesOf(RunningProcess alice) throws Exception {
        alice.awaitLine("^[0-9]+$", Peers.SOON);
        var found = new ArrayList<ProcessHandle>();
        while (alice.count("^[0-9]+$") < 2) {
            Thread.onSpinWait();
        }
        for (String line : alice.text().lines().map(each -> each.substring(8)).toList()) {
            if (line.matches("[0-9]+")) {
                found.add(ProcessHandle.of(Long.parseLong(line)).orElseThrow());
            }
        }
        return found;
    }

    @Test
    void commandsDieWithTheListener() throws Exception {
        RunningProcess bob = bob("--allow", "exec:sh -c 'echo $$; sleep 400 & echo $!; wait'");
        RunningProcess alice = sleeper();
        long id = Long.parseLong(alice.awaitLine("^[0-9]+$", Peers.SOON).group());
        ProcessHandle shell = ProcessHandle.of(id).orElseThrow();
        bob.terminate();
        shell.onExit().get();
        assertFalse(shell.isAlive());
        assertEquals(1, alice.awaitExit(LIMIT));
        assertTrue(alice.lastLine("natt forward: bob: ").find(0));
    }

    @Test
    void whatIsNotAllowedEndsInOneLine() throws Exception {
        bob("--allow", "22", "exec:df -h");
        assertFailure("natt forward: bob does not allow localhost:23", alice(":bob:23"));
        assertFailure("natt forward: bob does not allow exec:df", alice(":bob:", "df"));
        assertFailure(
                "natt forward: bob does not allow exec:df -h /", alice(":bob:", "df", "-h", "/"));
        assertFailure(
                "natt forward: bob does not allow exec:sh -c df -h",
                alice(":bob:", "sh", "-c", "df -h"));
    }

    @Test
    void whatCannotBeReachedEndsInOneLine() throws Exception {
        int port = unusedPort();
        bob("--allow", "" + port, "exec:/nonexistent/program");
        assertFailure("natt forward: bob cannot reach localhost:" + port, alice(":bob:" + port));
        assertFailure(
                "natt forward: bob cannot start exec:/nonexistent/program",
                alice(":bob:", "/nonexistent/program"));
        assertFailure(
                "natt forward: the broker %s knows no carol".formatted(peers.address()),
                alice(":carol:22"));
        String nobody = "A".repeat(43);
        Run run = alice(":" + nobody + ":22");
        assertEquals(1, run.status());
        assertTrue(run.lastLine().contains("it is not registered at the broker"), run.lastLine());
    }

    @Test
    void strangerIsToldWhatToDo() throws Exception {
        bob("--allow", "22");
        Run run = Run.of(peers.forward("mallory", ":bob:22"));
        assertFailure(
                "natt forward: bob does not know this node's key %s: add it to authorized_clients"
                                .formatted(peers.node("mallory").key())
                        + " there",
                run);
    }

    @Test
    void takenNameAndLostBrokerEndInOneLine() throws Exception {
        bob("--allow", "22");
        Run taken = Run.of(peers.forward("alice", "--name", "bob", ":bob:22"));
        assertFailure(
                "natt: the broker %s does not give the name bob: another node has it"
                        .formatted(peers.address()),
                taken);
        peers.broker().kill9();
        peers.broker().awaitExit(LIMIT);
        Run lost = alice(":bob:22");
        assertEquals(1, lost.status());
        assertTrue(
                lost.lastLine().startsWith("natt: the broker " + peers.address()), lost.lastLine());
    }

    private static void assertFailure(String line, Run run) {
        assertEquals(1, run.status());
        assertEquals(line, run.lastLine());
    }

    @Test
    void nobodyIsLetInToWhatDoesNotAuthenticateByItself() throws Exception {
        for (String each : List.of("exec:df", "*:22", "db:*")) {
            Run run = Run.of(peers.prepareListen("bob", "--allow", each));
            assertEquals(2, run.status());
            assertTrue(
                    run.lastLine()
                            .startsWith(
                                    "natt: '%s' would be open to anybody: add --authorized-clients"
                                            .formatted(each)),
                    run.lastLine());
        }
        try (var silent = Tcp.service(socket -> socket.getInputStream().readAllBytes())) {
            Run run = Run.of(peers.prepareListen("bob", "--allow", "" + silent.port()));
            assertEquals(1, run.status());
            assertTrue(run.lastLine().contains("says nothing"), run.lastLine());
        }
    }

    @Test
    void sharedSecretLetsInWhoHasIt() throws Exception {
        Path secret = peers.node("bob").secretFile("psk", "B".repeat(42) + "E\n");
        peers.listen("bob", "--psk-file", secret.toString(), "--allow", "exec:echo in");
        Run in = alice("--psk-file", secret.toString(), ":bob:", "echo", "in");
        assertEquals(0, in.status());
        assertTrue(in.lines().contains("in"));
    }

    @Test
    void forwardSurvivesTheRestartOfItsPeer() throws Exception {
        try (var echo = Tcp.echo()) {
            RunningProcess bob = bob("--allow", "" + echo.port());
            int port = Peers.accepting(peers.forward("alice", "0:bob:" + echo.port()).start());
            assertEquals("one", ask(port, "one"));
            bob.terminate();
            bob.awaitExit(LIMIT);
            assertThrows(IOException.class, () -> requireAnswer(port));
            bob("--allow", "" + echo.port());
            assertEquals("two", ask(port, "two"));
        }
    }

    private static void requireAnswer(int port) throws IOException {
        if (ask(port, "x").isEmpty()) {
            throw new IOException("an end without an answer");
        }
    }

    @Test
    void anotherKeyUnderAKnownNameIsRefused() throws Exception {
        peers.node("bob").admit("" + peers.node("alice").key());
        Path known = peers.node("alice").knownHosts();
        String name = "bob@" + peers.address();
        Files.writeString(known, name + " " + peers.node("mallory").key() + "\n");
        bob("--allow", "22");
        Run run = alice(":bob:22");
        assertEquals(1, run.status());
        assertTrue(
                run.lastLine().contains("but line 1 of " + known + " has another"), run.lastLine());
        Run strict = alice("--strict", ":bob:22");
        assertEquals(1, strict.status());
    }

    @Test
    void peerIsReachedByItsKeyToo() throws Exception {
        bob("--allow", "exec:echo by key");
        Run run = alice(":" + peers.node("bob").key() + ":", "echo", "by", "key");
        assertEquals(0, run.status());
        assertTrue(run.lines().contains("by key"));
    }

    @Test
    void wrongCommandLinesAreUsageErrors() throws Exception {
        for (List<String> wrong :
                List.of(
                        List.of("bob"),
                        List.of("10022:bob:"),
                        List.of(":bob:22", ":bob:23"),
                        List.of("--allow", "host", ":bob:22"),
                        List.of("--nonsense", ":bob:22"))) {
            Run run = Run.of(peers.forward("alice", wrong.toArray(String[]::new)));
            assertEquals(2, run.status(), () -> wrong + ": " + run.lines());
        }
    }
}
