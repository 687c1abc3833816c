package natt.core.status;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;

/// Tells programs of the same user how this node is, over a Unix domain socket.
///
/// A request is one line, `status` or `status json`; the answer is a report, or one line that
/// begins with `error: `, and the end. Whoever the file system lets in is answered.
public final class ControlSocket implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    private static final int CONNECTIONS = 4;
    private static final int LONGEST_REQUEST = 64;
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final OwnersSocket socket;
    private final Level level;
    private final Supplier<CompletableFuture<Report>> reports;
    private final Duration patience;

    private ControlSocket(
            Path path, Level level, Supplier<CompletableFuture<Report>> reports, Duration patience)
            throws IOException {
        this.level = level;
        this.reports = reports;
        this.patience = patience;
        socket = OwnersSocket.open(path, CONNECTIONS, new Requests(), ControlSocket::removeDead);
    }

    private final class Requests implements OwnersSocket.Service {
        @Override
        public void serve(SocketChannel client) {
            ControlSocket.this.serve(client);
        }

        @Override
        public void lost(IOException failed) {
            LOG.log(level, "no status from now on: {0}", failed.getMessage());
        }
    }

    /// Where a process has its socket.
    ///
    /// @param program of lower-case letters, the first four `natt`
    public static Path path(Path directory, String program, long process) {
        return directory.resolve(program + "-" + process + ".sock");
    }

    /// Listens at a path. Makes its directory, for the owner only, and clears away what processes
    /// that were killed left there.
    ///
    /// @param reports called on any thread, several times at once; a node that does not answer
    /// within 2 seconds is reported as such
    /// @throws IOException if there can be no socket, as when another process has it; with one line
    /// for the user
    public static ControlSocket open(Path path, Supplier<CompletableFuture<Report>> reports)
            throws IOException {
        return open(path, reports, PATIENCE);
    }

    /// Listens at a path, or says that there is no status.
    ///
    /// @param level how loudly, now and later
    public static Optional<ControlSocket> tryOpen(
            Path path, Level level, Supplier<CompletableFuture<Report>> reports) {
        try {
            return Optional.of(new ControlSocket(path, level, reports, PATIENCE));
        } catch (IOException | RuntimeException failed) {
            LOG.log(level, "no status: {0}", String.valueOf(failed.getMessage()));
            return Optional.empty();
        }
    }

    static ControlSocket open(
            Path path, Supplier<CompletableFuture<Report>> reports, Duration patience)
            throws IOException {
        return new ControlSocket(path, Level.WARNING, reports, patience);
    }

    /// A process that is killed leaves its socket, under a name that hardly comes again.
    private static void removeDead(Path directory) throws IOException {
        for (Path socket : ControlClient.sockets(directory)) {
            if (ControlClient.isDead(socket)) {
                Files.deleteIfExists(socket);
            }
        }
    }

    /// The path, absolute.
    public Path path() {
        return socket.path();
    }

    private void serve(SocketChannel client) {
        var deadline =
                new CompletableFuture<Boolean>()
                        .completeOnTimeout(true, patience.toNanos(), TimeUnit.NANOSECONDS);
        var _ = deadline.thenAccept(_ -> hangUp(client));
        try {
            ByteBuffer answer = ByteBuffer.wrap(answer(client).getBytes(StandardCharsets.UTF_8));
            while (answer.hasRemaining()) {
                client.write(answer);
            }
        } catch (IOException _) {
            // Whoever asked has gone, or took too long.
        } finally {
            deadline.cancel(false);
            hangUp(client);
        }
    }

    private String answer(SocketChannel client) throws IOException {
        return switch (request(client)) {
            case "status" -> report(Report::toText);
            case "status json" -> report(report -> report.toJson() + "\n");
            default -> "error: the requests are 'status' and 'status json'\n";
        };
    }

    /// The first line, or the beginning of one that is too long.
    private static String request(SocketChannel client) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(LONGEST_REQUEST);
        while (buffer.hasRemaining() && client.read(buffer) >= 0) {
            String text = new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
            int end = text.indexOf('\n');
            if (end >= 0) {
                return text.substring(0, end);
            }
        }
        if (buffer.position() == 0) {
            // Whoever only looked whether this node lives wants no answer.
            throw new ClosedChannelException();
        }
        return "";
    }

    private String report(Function<Report, String> writer) {
        try {
            // The deadline must leave the time to say that it has passed.
            long nanos = patience.toNanos() * 3 / 4;
            return writer.apply(reports.get().get(nanos, TimeUnit.NANOSECONDS));
        } catch (TimeoutException late) {
            return "error: this node is too busy to tell\n";
        } catch (ExecutionException | InterruptedException | RuntimeException failed) {
            Throwable cause = failed.getCause() == null ? failed : failed.getCause();
            LOG.log(level, "no status for one who asked: {0}", cause.toString());
            return "error: this node cannot tell\n";
        }
    }

    private static void hangUp(SocketChannel client) {
        try {
            client.close();
        } catch (IOException _) {
            // It is closed all the same.
        }
    }

    /// Stops listening and removes the file.
    @Override
    public void close() {
        socket.close();
    }
}
