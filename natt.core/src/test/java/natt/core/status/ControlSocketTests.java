package natt.core.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

@Timeout(30)
class ControlSocketTests {
    private static final Report REPORT = Report.builder().text("name", "pc\u00e9").build();
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(500);

    private final List<AutoCloseable> open = new ArrayList<>();
    private Path root = Path.of("/");
    private Path directory = root;

    @BeforeEach
    void makeDirectory() throws IOException {
        // Short, since the path of a socket is.
        root = Files.createTempDirectory("natt");
        directory = root.resolve("run/natt");
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        try (var files = Files.walk(root)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        }
    }

    private ControlSocket listen(
            String name, Duration patience, Supplier<CompletableFuture<Report>> reports)
            throws IOException {
        var socket = ControlSocket.open(directory.resolve(name), reports, patience);
        open.add(socket);
        return socket;
    }

    private ControlSocket listen(Duration patience) throws IOException {
        return listen("natts-1.sock", patience, () -> CompletableFuture.completedFuture(REPORT));
    }

    private SocketChannel connect(ControlSocket socket) throws IOException {
        var channel = SocketChannel.open(UnixDomainSocketAddress.of(socket.path()));
        open.add(channel);
        return channel;
    }

    private static String exchange(SocketChannel channel, String request) throws IOException {
        channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
        return rest(channel);
    }

    private static String rest(SocketChannel channel) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(1 << 20);
        while (channel.read(all) >= 0) {
            // Until the end.
        }
        return new String(all.array(), 0, all.position(), StandardCharsets.UTF_8);
    }

    private static FutureTask<Optional<String>> ask(ControlSocket socket) {
        var answer =
                new FutureTask<>(
                        () -> ControlClient.read(socket.path(), ControlClient.Format.JSON, LONG));
        Thread.ofVirtual().start(answer);
        return answer;
    }

    /// Leaves a socket behind, as a process that is killed does.
    private Path leaveDead(String name) throws IOException {
        Path path = Files.createDirectories(directory).resolve(name);
        try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(path));
        }
        assertTrue(Files.exists(path));
        return path;
    }

    @Test
    void aNodeIsFoundAndToldInBothFormats() throws Exception {
        ControlSocket socket = listen(LONG);
        assertEquals(List.of(socket.path()), ControlClient.sockets(directory));
        assertEquals(
                Optional.of("node\n  name  pc\u00e9\n"),
                ControlClient.read(socket.path(), ControlClient.Format.TEXT));
        assertEquals(
                Optional.of("{\"name\":\"pc\\u00e9\"}\n"),
                ControlClient.read(socket.path(), ControlClient.Format.JSON));
    }

    @Test
    void onlyTheOwnerMayComeNear() throws Exception {
        ControlSocket socket = listen(LONG);
        assertEquals(
                "rwx------",
                PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)));
        assertEquals(
                "rw-------",
                PosixFilePermissions.toString(Files.getPosixFilePermissions(socket.path())));
    }

    @Test
    void aDirectoryThatOthersWriteToIsRefused() throws Exception {
        Files.createDirectories(directory);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        var refused = assertThrows(IOException.class, () -> listen(LONG));
        assertEquals(directory + " can be written by other users", refused.getMessage());
        try (var files = Files.list(directory)) {
            assertEquals(0, files.count());
        }
    }

    @Test
    void closingRemovesTheSocketAndNothingElseIsLeft() throws Exception {
        ControlSocket socket = listen(LONG);
        socket.close();
        try (var files = Files.list(directory)) {
            assertEquals(List.of(), files.toList());
        }
        assertEquals(
                Optional.empty(), ControlClient.read(socket.path(), ControlClient.Format.TEXT));
        assertEquals(socket.path(), listen(LONG).path());
    }

    @Test
    void socketsOfDeadProcessesAreReplacedAndClearedAway() throws Exception {
        Path same = leaveDead("natts-1.sock");
        Path other = leaveDead("nattc-2.sock");
        Path foreign = leaveDead("other.sock");
        Path live = listen("natts-3.sock", LONG, CompletableFuture::new).path();
        leaveDead("natts-4.sock");
        ControlSocket socket = listen(LONG);
        assertEquals(same, socket.path());
        assertEquals(
                Optional.of("{\"name\":\"pc\\u00e9\"}\n"),
                ControlClient.read(same, ControlClient.Format.JSON));
        assertFalse(Files.exists(other));
        assertTrue(Files.exists(foreign));
        assertEquals(List.of(same, live), ControlClient.sockets(directory));
    }

    @Test
    void aDeadSocketIsReplacedWhateverItsName() throws Exception {
        leaveDead("status");
        ControlSocket socket = listen("status", LONG, CompletableFuture::new);
        var refused =
                assertThrows(
                        IOException.class, () -> listen("status", LONG, CompletableFuture::new));
        assertEquals(socket.path() + " is in use", refused.getMessage());
    }

    @Test
    void theClientRemovesNothing() throws Exception {
        Path dead = leaveDead("natts-1.sock");
        assertEquals(List.of(dead), ControlClient.sockets(directory));
        assertEquals(Optional.empty(), ControlClient.read(dead, ControlClient.Format.TEXT));
        assertTrue(Files.exists(dead));
    }

    @Test
    void onlySocketsWithTheNameOfANodeAreListed() throws Exception {
        assertEquals(List.of(), ControlClient.sockets(directory));
        leaveDead("natts-x.sock");
        Files.createFile(directory.resolve("natts-5.sock"));
        Files.createDirectory(directory.resolve("natts-6.sock"));
        Files.createSymbolicLink(directory.resolve("natts-7.sock"), leaveDead("sock"));
        assertEquals(List.of(), ControlClient.sockets(directory));
    }

    @Test
    void aLiveSocketIsLeftAlone() throws Exception {
        ControlSocket first = listen(LONG);
        var refused = assertThrows(IOException.class, () -> listen(LONG));
        assertEquals(first.path() + " is in use", refused.getMessage());
        assertTrue(ControlClient.read(first.path(), ControlClient.Format.TEXT).isPresent());
    }

    @Test
    void aFileInTheWayIsNoSocketToReplace() throws Exception {
        Path file = Files.createDirectories(directory).resolve("natts-1.sock");
        Files.writeString(file, "mine");
        var refused = assertThrows(IOException.class, () -> listen(LONG));
        assertEquals(file + " is no socket", refused.getMessage());
        assertEquals("mine", Files.readString(file));
    }

    @Test
    void aPathMayHave106BytesAndNoMore() throws Exception {
        int used = directory.toString().length() + 1 + "/natts-1.sock".length();
        Path fits = directory.resolve("d".repeat(106 - used));
        Path tooLong = directory.resolve("d".repeat(107 - used));
        open.add(
                ControlSocket.open(
                        fits.resolve("natts-1.sock"),
                        () -> CompletableFuture.completedFuture(REPORT)));
        assertTrue(
                ControlClient.read(fits.resolve("natts-1.sock"), ControlClient.Format.TEXT)
                        .isPresent());
        Path path = tooLong.resolve("natts-1.sock");
        var refused =
                assertThrows(
                        IOException.class, () -> ControlSocket.open(path, CompletableFuture::new));
        assertEquals(
                path + " is 107 bytes long, the path of a socket may have 106",
                refused.getMessage());
        assertFalse(Files.exists(tooLong));
        assertTrue(ControlSocket.tryOpen(path, Level.DEBUG, CompletableFuture::new).isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"stop\n", "\n", "status xml\n", "status\r\n", "STATUS\n", "status \n"})
    void anUnknownRequestIsOneLineOfError(String request) throws Exception {
        ControlSocket socket = listen(LONG);
        assertEquals(
                "error: the requests are 'status' and 'status json'\n",
                exchange(connect(socket), request));
    }

    @Test
    void aRequestWithoutEndIsAnErrorOnceItIsTooLong() throws Exception {
        ControlSocket socket = listen(LONG);
        assertEquals(
                "error: the requests are 'status' and 'status json'\n",
                exchange(connect(socket), "x".repeat(64)));
    }

    @Test
    void aRequestMayComeInPieces() throws Exception {
        ControlSocket socket = listen(LONG);
        SocketChannel channel = connect(socket);
        channel.write(ByteBuffer.wrap("sta".getBytes(StandardCharsets.UTF_8)));
        assertEquals("node\n  name  pc\u00e9\n", exchange(channel, "tus\n"));
    }

    @Test
    void threeHungClientsDoNotDelayTheFourth() throws Exception {
        ControlSocket socket = listen(LONG);
        for (int i = 0; i < 3; i++) {
            connect(socket);
        }
        assertEquals("node\n  name  pc\u00e9\n", exchange(connect(socket), "status\n"));
    }

    @Test
    void aHungClientIsHungUpOnAndMakesRoom() throws Exception {
        ControlSocket socket = listen(SHORT);
        var hung = new ArrayList<SocketChannel>();
        for (int i = 0; i < 4; i++) {
            hung.add(connect(socket));
        }
        assertTrue(ask(socket).get().isPresent());
        for (SocketChannel channel : hung) {
            assertEquals("", rest(channel));
        }
    }

    @Test
    void aClientThatDoesNotReadIsHungUpOn() throws Exception {
        var one = Report.builder().text("text", "x".repeat(1000)).build();
        var many = new ArrayList<Report>();
        for (int i = 0; i < 10_000; i++) {
            many.add(one);
        }
        Report large = Report.builder().reports("all", many).build();
        ControlSocket socket =
                listen("natts-1.sock", SHORT, () -> CompletableFuture.completedFuture(large));
        var lazy = new ArrayList<SocketChannel>();
        for (int i = 0; i < 4; i++) {
            lazy.add(connect(socket));
            lazy.get(i).write(ByteBuffer.wrap("status json\n".getBytes(StandardCharsets.UTF_8)));
        }
        SocketChannel fifth = connect(socket);
        assertEquals(
                "error: the requests are 'status' and 'status json'\n", exchange(fifth, "x\n"));
    }

    @Test
    void ofFiveClientsAtOnceFourAreServedAndTheFifthComesNext() throws Exception {
        var asked = new LinkedBlockingQueue<CompletableFuture<Report>>();
        ControlSocket socket =
                listen(
                        "natts-1.sock",
                        LONG,
                        () -> {
                            var report = new CompletableFuture<Report>();
                            asked.add(report);
                            return report;
                        });
        var answers = new ArrayList<FutureTask<Optional<String>>>();
        for (int i = 0; i < 5; i++) {
            answers.add(ask(socket));
        }
        var reports = new ArrayList<CompletableFuture<Report>>();
        for (int i = 0; i < 4; i++) {
            reports.add(asked.take());
        }
        assertEquals(null, asked.poll(50, TimeUnit.MILLISECONDS));
        reports.getFirst().complete(REPORT);
        reports.add(asked.take());
        reports.forEach(report -> report.complete(REPORT));
        for (FutureTask<Optional<String>> answer : answers) {
            assertEquals(Optional.of("{\"name\":\"pc\\u00e9\"}\n"), answer.get());
        }
    }

    @Test
    void aNodeThatCannotTellSaysSo() throws Exception {
        ControlSocket busy = listen("natts-1.sock", SHORT, CompletableFuture::new);
        var late =
                assertThrows(
                        IOException.class,
                        () -> ControlClient.read(busy.path(), ControlClient.Format.JSON));
        assertEquals(busy.path() + ": this node is too busy to tell", late.getMessage());
        ControlSocket broken =
                listen(
                        "natts-2.sock",
                        LONG,
                        () -> CompletableFuture.failedFuture(new IllegalStateException("closed")));
        var failed =
                assertThrows(
                        IOException.class,
                        () -> ControlClient.read(broken.path(), ControlClient.Format.TEXT));
        assertEquals(broken.path() + ": this node cannot tell", failed.getMessage());
    }

    private Path answerAlways(String answer) throws IOException {
        Path path = Files.createDirectories(directory).resolve("natts-9.sock");
        var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        open.add(listener);
        listener.bind(UnixDomainSocketAddress.of(path));
        Thread.ofVirtual()
                .start(
                        () -> {
                            try (SocketChannel client = listener.accept()) {
                                client.read(ByteBuffer.allocate(64));
                                client.write(
                                        ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
                            } catch (IOException closed) {
                                // The test is over.
                            }
                        });
        return path;
    }

    @Test
    void whatANodeSaysCannotSteerTheTerminal() throws Exception {
        Path path = answerAlways("node\n  a \u001b[2J\u009b\u202e\r\u2028b\n");
        assertEquals(
                Optional.of("node\n  a ?[2J????b\n"),
                ControlClient.read(path, ControlClient.Format.TEXT));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "{}\n{}\n", "{\n}\n", "nonsense\n", "{\"a\":"})
    void anAnswerThatIsNoReportIsNone(String answer) throws Exception {
        Path path = answerAlways(answer);
        var failed =
                assertThrows(
                        IOException.class,
                        () -> ControlClient.read(path, ControlClient.Format.JSON));
        assertEquals(path + " does not answer", failed.getMessage());
    }

    @Test
    void aNodeThatStaysSilentIsGivenUp() throws Exception {
        Path path = Files.createDirectories(directory).resolve("natts-9.sock");
        try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(path));
            var failed =
                    assertThrows(
                            IOException.class,
                            () -> ControlClient.read(path, ControlClient.Format.TEXT, SHORT));
            assertEquals(path + " does not answer", failed.getMessage());
        }
    }
}
