package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Need;
import natt.tests.Peers;
import natt.tests.Processes;
import natt.tests.Programs;
import natt.tests.Repository;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.Tcp;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.spi.ToolProvider;

/// Nodes in the hands of other programs: as a Java module, and over the control socket.
@Requires(Need.IMAGE)
@Timeout(180)
class EmbeddingTests {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @Test
    void exampleOfTheLibraryDoesWhatItsPageSays() throws Exception {
        Peers peers = Peers.start(processes, directory);
        Path source = Repository.root().resolve("docs/library/example");
        Path classes = directory.resolve("classes");
        compile(source, classes);
        String path =
                String.join(
                        ":",
                        Repository.root().resolve("natt.core/target/classes").toString(),
                        Repository.root().resolve("natt.transport.kcp/target/classes").toString(),
                        classes.toString());
        try (var echo = Tcp.echo()) {
            RunningProcess example =
                    processes
                            .prepare(
                                    "example",
                                    Path.of(System.getProperty("java.home"), "bin", "java")
                                            .toString(),
                                    "--module-path",
                                    path,
                                    "--module",
                                    "natt.example/natt.example.Example")
                            .with(peers.address(), directory.toString(), "" + echo.port())
                            .start();
            assertEquals(0, example.awaitExit(LIMIT), example::text);
            assertEquals(1, example.count("^bob said: hello, bob$"));
            assertEquals(1, example.count("^status: 3$"));
            assertEquals(1, example.count("^forwarding from: \\[/127.0.0.1:[0-9]+\\]$"));
            assertEquals(1, example.count("^refused: bob does not allow localhost:1$"));
        }
    }

    private static void compile(Path source, Path classes) {
        int status =
                ToolProvider.findFirst("javac")
                        .orElseThrow()
                        .run(
                                System.out,
                                System.err,
                                "--release",
                                "25",
                                "-Xlint:all",
                                "-d",
                                classes.toString(),
                                "--module-path",
                                Repository.root().resolve("natt.core/target/classes").toString(),
                                source.resolve("module-info.java").toString(),
                                source.resolve("natt/example/Example.java").toString());
        assertEquals(0, status);
    }

    /// Bob with a service, and alice with a control socket.
    private Path control(String... allowed) throws Exception {
        Peers peers = Peers.start(processes, directory);
        peers.node("bob").admit("" + peers.node("alice").key());
        peers.listen("bob", allowed);
        Path socket = peers.node("alice").runtime().resolve("alice.sock");
        peers.forward("alice", "--control", socket.toString())
                .start()
                .awaitLine("taking requests at", Peers.SOON);
        return socket;
    }

    @Test
    @Requires(Need.GCC)
    void programInCReachesAPeerByTheHeader() throws Exception {
        Path program = directory.resolve("example");
        Path source = Repository.root().resolve("docs/c/example.c");
        for (String standard : List.of("c99", "c17")) {
            Programs.mustRun(
                    "gcc",
                    "-std=" + standard,
                    "-D_POSIX_C_SOURCE=200809L",
                    "-Wall",
                    "-Wextra",
                    "-Werror",
                    "-pedantic",
                    "-o",
                    program.toString(),
                    source.toString());
        }
        try (var reversed = Tcp.service(EmbeddingTests::reverse)) {
            Path socket = control("--allow", "" + reversed.port());
            var said =
                    Programs.run(
                            List.of(
                                    program.toString(),
                                    socket.toString(),
                                    "bob",
                                    "" + reversed.port()),
                            Map.of(),
                            "stressed");
            assertEquals("desserts", said.output());
            assertEquals(0, said.status());
            var refused = Programs.run(program.toString(), socket.toString(), "bob", "1");
            assertEquals(1, refused.status());
            assertTrue(
                    refused.output().endsWith(": bob does not allow localhost:1\n"),
                    refused.output());
            var missing = Programs.run(program.toString(), socket + "x", "bob", "1");
            assertTrue(missing.output().endsWith(": No such file or directory\n"));
        }
    }

    private static void reverse(Socket socket) throws IOException {
        String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        String reversed = new StringBuilder(all).reverse().toString();
        socket.getOutputStream().write(reversed.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void controlSocketCarriesBytesBothWaysAndSaysWhatFails() throws Exception {
        Path socket = control("--allow", "exec:cat");
        assertEquals(
                PosixFilePermissions.fromString("rw-------"),
                Files.getPosixFilePermissions(socket));
        var bytes = new byte[1_000_000];
        new Random(3).nextBytes(bytes);
        try (SocketChannel channel = ask(socket, "open bob exec:cat\n")) {
            Thread.ofVirtual().start(() -> send(channel, bytes));
            assertEquals("ok", line(channel));
            assertArrayEquals(bytes, rest(channel));
        }
        for (Map.Entry<String, String> each :
                Map.of(
                                "open bob exec:dog\n", "error bob does not allow exec:dog",
                                "open bob\n",
                                        "error the requests are 'open PEER TARGET' and 'status'",
                                "open b/b 22\n",
                                        "error 'b/b' is not a name of 1 to 63 letters, digits,"
                                                + " '-', '.' and '_'",
                                "open bob exec:'\n", "error a quotation mark is not closed: '''")
                        .entrySet()) {
            try (SocketChannel channel = ask(socket, each.getKey())) {
                assertEquals(each.getValue(), line(channel));
                assertEquals(0, rest(channel).length);
            }
        }
        try (SocketChannel channel = ask(socket, "status\n")) {
            assertEquals("ok", line(channel));
            assertTrue(new String(rest(channel), StandardCharsets.UTF_8).contains("alice"));
        }
    }

    private static SocketChannel ask(Path socket, String request) throws IOException {
        var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
        return channel;
    }

    private static void send(SocketChannel channel, byte[] bytes) {
        try {
            var all = ByteBuffer.wrap(bytes);
            while (all.hasRemaining()) {
                channel.write(all);
            }
            channel.shutdownOutput();
        } catch (IOException broken) {
            throw new AssertionError(broken);
        }
    }

    private static String line(SocketChannel channel) throws IOException {
        var line = new StringBuilder();
        var one = ByteBuffer.allocate(1);
        while (channel.read(one.clear()) == 1 && one.get(0) != '\n') {
            line.append((char) one.get(0));
        }
        return line.toString();
    }

    private static byte[] rest(SocketChannel channel) throws IOException {
        var all = new ByteArrayOutputStream();
        var some = ByteBuffer.allocate(8192);
        while (channel.read(some.clear()) >= 0) {
            all.write(some.array(), 0, some.position());
        }
        return all.toByteArray();
    }
}
