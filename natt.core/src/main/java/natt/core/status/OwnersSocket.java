package natt.core.status;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.Semaphore;

/// A Unix domain socket that nobody but its owner can connect to.
public final class OwnersSocket implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    /// Of a path, in bytes: Linux has room for 108, of which the JDK leaves two unused.
    private static final int LONGEST_PATH = 106;

    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> OWNERS_DIRECTORY =
            PosixFilePermissions.fromString("rwx------");

    /// Tidies a directory up.
    interface Tidier {
        void tidy(Path directory) throws IOException;
    }

    /// Answers whoever has connected, on a thread of its own.
    public interface Service {
        /// Closes the connection in the end.
        void serve(SocketChannel client);

        /// Nobody can connect any more.
        ///
        /// @param failed why
        void lost(IOException failed);
    }

    private final Path path;
    private final ServerSocketChannel listener;
    private final Semaphore free;
    private final Service service;

    private OwnersSocket(Path path, ServerSocketChannel listener, int most, Service service) {
        this.path = path;
        this.listener = listener;
        this.service = service;
        free = new Semaphore(most);
    }

    /// Listens at a path, in place of a process that was killed, but of no other. Makes its
    /// directory, for the owner only; in one that others can write, there is no such socket.
    ///
    /// @param most connections at once; others wait
    /// @throws IOException with one line for the user
    public static OwnersSocket open(Path path, int most, Service service) throws IOException {
        return open(path, most, service, _ -> {});
    }

    static OwnersSocket open(Path path, int most, Service service, Tidier tidier)
            throws IOException {
        Path file = path.toAbsolutePath();
        var socket = new OwnersSocket(file, listen(file, tidier), most, service);
        Thread.ofVirtual().name("control").start(socket::accept);
        return socket;
    }

    /// Absolute.
    public Path path() {
        return path;
    }

    private void accept() {
        while (listener.isOpen()) {
            free.acquireUninterruptibly();
            try {
                SocketChannel client = listener.accept();
                Thread.ofVirtual().name("control").start(() -> serve(client));
            } catch (IOException failed) {
                free.release();
                if (listener.isOpen()) {
                    service.lost(failed);
                    close();
                }
            }
        }
    }

    private void serve(SocketChannel client) {
        try {
            service.serve(client);
        } finally {
            free.release();
        }
    }

    /// Stops listening and removes the file; connections stay.
    @Override
    public void close() {
        if (!listener.isOpen()) {
            return;
        }
        try {
            listener.close();
            Files.deleteIfExists(path);
        } catch (IOException failed) {
            LOG.log(Level.DEBUG, "the socket {0} stays behind", path);
        }
    }

    private static ServerSocketChannel listen(Path file, Tidier tidier) throws IOException {
        int length = file.toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > LONGEST_PATH) {
            throw new IOException(
                    "%s is %d bytes long, the path of a socket may have %d"
                            .formatted(file, length, LONGEST_PATH));
        }
        Path directory = file.getParent();
        if (directory == null) {
            throw new IOException(file + " is no path of a socket");
        }
        try {
            prepare(directory);
            tidier.tidy(directory);
            if (ControlClient.isSocket(file) && ControlClient.isDead(file)) {
                Files.deleteIfExists(file);
            }
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                String why = ControlClient.isSocket(file) ? "in use" : "no socket";
                throw new IOException(file + " is " + why);
            }
            return listen(directory, file);
        } catch (UnsupportedOperationException notPosix) {
            throw new IOException(directory + " cannot be kept from other users", notPosix);
        } catch (FileSystemException failed) {
            String why = failed.getReason();
            throw new IOException(
                    "%s: %s"
                            .formatted(
                                    failed.getFile(),
                                    why == null ? failed.getClass().getSimpleName() : why),
                    failed);
        }
    }

    private static void prepare(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
            if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                    || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
                throw new IOException(directory + " can be written by other users");
            }
            return;
        }
        Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(OWNERS_DIRECTORY));
    }

    /// Binds where nobody else can come, and moves the socket to its place once its mode is right
    /// and it listens.
    private static ServerSocketChannel listen(Path directory, Path file) throws IOException {
        // The way there must not be longer than the path itself.
        Path workshop = directory.resolve("." + file.getFileName().toString().replace(".sock", ""));
        Path unfinished = workshop.resolve("s");
        Files.deleteIfExists(unfinished);
        Files.deleteIfExists(workshop);
        Files.createDirectory(workshop, PosixFilePermissions.asFileAttribute(OWNERS_DIRECTORY));
        var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(unfinished));
            Files.setPosixFilePermissions(unfinished, OWNER_ONLY);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException failed) {
            listener.close();
            throw failed;
        } finally {
            Files.deleteIfExists(unfinished);
            Files.deleteIfExists(workshop);
        }
        return listener;
    }
}
