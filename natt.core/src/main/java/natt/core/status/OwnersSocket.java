package natt.core.status;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/// Unix domain sockets that nobody but their owner can connect to.
public final class OwnersSocket {
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

    private OwnersSocket() {}

    /// Listens at a path, in place of a process that was killed, but of no other. Makes its
    /// directory, for the owner only; in one that others can write, there is no such socket.
    ///
    /// @throws IOException with one line for the user
    public static ServerSocketChannel listen(Path path) throws IOException {
        return listen(path.toAbsolutePath(), _ -> {});
    }

    static ServerSocketChannel listen(Path file, Tidier tidier) throws IOException {
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
