package natt.dns.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/// The file itself: read whole, replaced whole.
final class ZoneFile {
    /// Larger files are no fragment of ours.
    static final int SIZE_LIMIT = 4 << 20;

    private ZoneFile() {}

    /// Returns the text, one character for each byte.
    static String read(Path path) throws IOException {
        try (var in = Files.newInputStream(path)) {
            byte[] bytes = in.readNBytes(SIZE_LIMIT + 1);
            if (bytes.length > SIZE_LIMIT) {
                throw new FileSystemException(
                        path.toString(), null, "larger than %d bytes".formatted(SIZE_LIMIT));
            }
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
    }

    /// Splits a text into lines without their line feeds; a final line feed ends the last line
    /// and begins none.
    static List<String> lines(String text) {
        if (text.isEmpty()) {
            return List.of();
        }
        String body = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        return List.of(body.split("\n", -1));
    }

    /// Puts a new text in the place of the file, so that a reader sees the old one or the new
    /// one whole, also after a crash. Mode, and as far as allowed owner and group, are kept; a
    /// symbolic link stays one.
    static void replace(Path path, String text) throws IOException {
        boolean exists = Files.exists(path);
        Path target = exists ? path.toRealPath() : path;
        String suffix = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
        Path written = target.resolveSibling("." + target.getFileName() + "." + suffix + ".new");
        try {
            write(written, text);
            if (exists) {
                keepAttributes(target, written);
            }
            Files.move(
                    written,
                    target,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            Files.deleteIfExists(written);
            throw e;
        }
        syncDirectory(target);
    }

    /// Says what went wrong in a few words.
    static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "no such file or directory";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof FileSystemException system && system.getReason() != null) {
            return system.getReason();
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private static void write(Path path, String text) throws IOException {
        try (var out =
                FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = StandardCharsets.ISO_8859_1.encode(text);
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
        }
    }

    private static void keepAttributes(Path from, Path to) throws IOException {
        var source = Files.getFileAttributeView(from, PosixFileAttributeView.class);
        var target = Files.getFileAttributeView(to, PosixFileAttributeView.class);
        if (source == null || target == null) {
            return;
        }
        var attributes = source.readAttributes();
        try {
            target.setGroup(attributes.group());
            target.setOwner(attributes.owner());
        } catch (IOException e) {
            // Only root may give a file away; the mode below is ours to set in any case.
        }
        target.setPermissions(attributes.permissions());
    }

    private static void syncDirectory(Path file) {
        Path directory = file.toAbsolutePath().getParent();
        try (var opened = FileChannel.open(directory, StandardOpenOption.READ)) {
            opened.force(true);
        } catch (IOException e) {
            // Not every system opens directories; the new text is in place all the same.
        }
    }
}
