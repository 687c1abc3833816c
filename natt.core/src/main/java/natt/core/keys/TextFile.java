package natt.core.keys;

import natt.core.Text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/// Reads and writes small files whole. Text is Latin-1, one character for each byte, so that
/// nothing is lost. Exceptions are one line that names the file.
public final class TextFile {
    private static final Set<PosixFilePermission> PRIVATE =
            PosixFilePermissions.fromString("rw-------");

    private TextFile() {}

    /// @param limit the most bytes that the file may have
    public static String read(Path path, int limit) throws IOException {
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw failure(path, "is not a file");
        }
        try (InputStream in = Files.newInputStream(path)) {
            byte[] bytes = in.readNBytes(limit + 1);
            if (bytes.length > limit) {
                throw failure(path, "has more than %d bytes".formatted(limit));
            }
            return new String(bytes, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException missing) {
            throw new NoSuchFileException(shown(path), null, "there is no such file");
        } catch (FileSystemException failed) {
            throw failed.getFile() != null && failed.getFile().equals(shown(path))
                    ? failed
                    : failure(path, reason(failed));
        }
    }

    /// Makes a file that only we can read. Another process sees all of it or nothing.
    ///
    /// @throws FileAlreadyExistsException if it is there, and then it is left alone
    static void create(Path path, String text) throws IOException {
        try {
            Path written = write(path, text, PRIVATE);
            try {
                place(written, path);
            } finally {
                Files.deleteIfExists(written);
            }
            syncDirectory(path);
        } catch (FileAlreadyExistsException exists) {
            throw new FileAlreadyExistsException(shown(path), null, "exists");
        } catch (FileSystemException failed) {
            throw failure(path, "cannot be made: " + reason(failed));
        }
    }

    /// Replaces a file, or makes it; keeps the mode of what was there.
    public static void replace(Path path, String text) throws IOException {
        Path target = Files.exists(path) ? path.toRealPath() : path;
        Path written = write(target, text, Files.exists(target) ? mode(target) : PRIVATE);
        try {
            try {
                Files.move(written, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException unusual) {
                Files.move(written, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(written);
        }
        syncDirectory(target);
    }

    private static Set<PosixFilePermission> mode(Path path) throws IOException {
        try {
            return Files.getPosixFilePermissions(path);
        } catch (UnsupportedOperationException notPosix) {
            return PRIVATE;
        }
    }

    /// Writes a new file beside the one it is to become.
    private static Path write(Path target, String text, Set<PosixFilePermission> mode)
            throws IOException {
        Path whole = target.toAbsolutePath();
        String name =
                ".%s.%08x".formatted(whole.getFileName(), ThreadLocalRandom.current().nextInt());
        Path written = whole.resolveSibling(name);
        var options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        boolean posix = Files.getFileStore(whole.getParent()).supportsFileAttributeView("posix");
        var attributes =
                posix
                        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PRIVATE)}
                        : new FileAttribute<?>[0];
        boolean done = false;
        try (var out = FileChannel.open(written, options, attributes)) {
            ByteBuffer bytes = StandardCharsets.ISO_8859_1.encode(text);
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            if (posix) {
                Files.setPosixFilePermissions(written, mode);
            }
            out.force(true);
            done = true;
        } finally {
            if (!done) {
                Files.deleteIfExists(written);
            }
        }
        return written;
    }

    /// Gives a written file its name. A link, unlike a move, never replaces.
    private static void place(Path written, Path path) throws IOException {
        try {
            Files.createLink(path, written);
        } catch (FileAlreadyExistsException exists) {
            throw exists;
        } catch (UnsupportedOperationException | FileSystemException noLinks) {
            Files.move(written, path);
        }
    }

    private static void syncDirectory(Path file) {
        try (var directory =
                FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            directory.force(true);
        } catch (IOException unusual) {
            // Not every system opens directories; the text is in place all the same.
        }
    }

    static String shown(Path path) {
        return Text.escape(path.toString());
    }

    static FileSystemException failure(Path path, String why) {
        return new FileSystemException(shown(path), null, why);
    }

    /// Says what went wrong in a few words.
    static String reason(IOException failed) {
        if (failed instanceof NoSuchFileException) {
            return "no such file or directory";
        }
        if (failed instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (failed instanceof FileSystemException system && system.getReason() != null) {
            return Text.escape(system.getReason());
        }
        return Text.escape(failed.getMessage() == null ? failed.toString() : failed.getMessage());
    }
}
