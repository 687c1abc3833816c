package natt.core.status;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// Asks running nodes how they are. Changes nothing in the directories it looks into.
public final class ControlClient {
    private static final Pattern NAME = Pattern.compile("natt[a-z]*-[0-9]{1,10}\\.sock");

    /// A node may be at 4 others, 2 seconds each, before it comes to this one.
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final int LONGEST_ANSWER = 8 * 1024 * 1024;

    /// How an answer is written.
    public enum Format {
        TEXT("status\n"),
        JSON("status json\n");

        private final String request;

        Format(String request) {
            this.request = request;
        }
    }

    private ControlClient() {}

    /// The sockets in a directory by name; none if there is no such directory. Not all of them need
    /// have a process.
    public static List<Path> sockets(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.filter(
                            file ->
                                    NAME.matcher(file.getFileName().toString()).matches()
                                            && isSocket(file))
                    .sorted()
                    .toList();
        } catch (NoSuchFileException | NotDirectoryException none) {
            return List.of();
        }
    }

    static boolean isSocket(Path file) {
        // Nothing else that the attributes tell apart; a link is not followed.
        return Files.exists(file, LinkOption.NOFOLLOW_LINKS)
                && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                && !Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)
                && !Files.isSymbolicLink(file);
    }

    /// Whether nobody listens at a socket. Does not wait.
    static boolean isDead(Path socket) {
        try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.configureBlocking(false);
            channel.connect(UnixDomainSocketAddress.of(socket));
            return false;
        } catch (ConnectException refused) {
            return true;
        } catch (IOException foreign) {
            // Somebody else's, perhaps.
            return false;
        }
    }

    /// Returns a node's report, or nothing if its process has gone.
    ///
    /// @return ended lines of printable text, one of them for JSON
    /// @throws IOException with one line for the user if the node is there and does not answer
    public static Optional<String> read(Path socket, Format format) throws IOException {
        return read(socket, format, PATIENCE);
    }

    static Optional<String> read(Path socket, Format format, Duration patience) throws IOException {
        byte[] answer;
        try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            var deadline =
                    new CompletableFuture<Boolean>()
                            .completeOnTimeout(true, patience.toNanos(), TimeUnit.NANOSECONDS);
            var _ = deadline.thenAccept(_ -> hangUp(channel));
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
                answer = ask(channel, format.request);
            } finally {
                deadline.cancel(false);
            }
        } catch (ConnectException refused) {
            return Optional.empty();
        } catch (IOException failed) {
            if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
                return Optional.empty();
            }
            throw new IOException(socket + " does not answer", failed);
        }
        return Optional.of(checked(socket, format, new String(answer, StandardCharsets.UTF_8)));
    }

    private static byte[] ask(SocketChannel channel, String request) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8));
        while (out.hasRemaining()) {
            channel.write(out);
        }
        var all = new ByteArrayOutputStream();
        ByteBuffer in = ByteBuffer.allocate(8192);
        while (channel.read(in) >= 0) {
            all.write(in.array(), 0, in.position());
            in.clear();
            if (all.size() > LONGEST_ANSWER) {
                throw new IOException("an answer without end");
            }
        }
        return all.toByteArray();
    }

    /// A node may run as a user whom the one who asks trusts less.
    private static String checked(Path socket, Format format, String answer) throws IOException {
        String printable = answer.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}&&[^\\n]]", "?");
        if (printable.startsWith("error: ")) {
            throw new IOException(socket + ": " + printable.substring("error: ".length()).strip());
        }
        boolean whole =
                switch (format) {
                    case TEXT -> printable.endsWith("\n");
                    case JSON ->
                            printable.startsWith("{")
                                    && printable.endsWith("}\n")
                                    && printable.indexOf('\n') == printable.length() - 1;
                };
        if (!whole) {
            throw new IOException(socket + " does not answer");
        }
        return printable;
    }

    private static void hangUp(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException _) {
            // It is closed all the same.
        }
    }
}
