package natt.core.keys;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/// The file that holds the list of clients. For one thread at a time.
public final class AuthorizedClientsFile {
    private static final int LIMIT = 4 << 20;

    private final Path path;
    private @Nullable Map<String, Object> loaded;

    public AuthorizedClientsFile(Path path) {
        this.path = path;
    }

    public Path path() {
        return path;
    }

    /// Reads the list. Afterwards the file counts as unchanged, even if this failed.
    ///
    /// @throws NoSuchFileException if there is no such file
    /// @throws IOException with one line for the user, if it cannot be read, or others than us and
    ///     root can write it: they could let themselves in
    public AuthorizedClients load() throws IOException {
        loaded = stamp();
        String text = TextFile.read(path, LIMIT);
        requireOurs(path);
        Path directory = path.toRealPath().getParent();
        if (directory != null) {
            requireOurs(directory);
        }
        return AuthorizedClients.parse(text);
    }

    private static void requireOurs(Path path) throws IOException {
        Ownership.require(path, Ownership.us(), Ownership.WRITING, "write it");
    }

    /// Whether the file is another than the one that was loaded last. Asks for its attributes
    /// only.
    public boolean changed() {
        return !Objects.equals(loaded, stamp());
    }

    /// What differs between two versions of a file; empty if there is none.
    private Map<String, Object> stamp() {
        try {
            return Files.readAttributes(path, "unix:size,lastModifiedTime,ctime,ino,dev");
        } catch (IOException none) {
            return Map.of();
        } catch (UnsupportedOperationException | IllegalArgumentException notUnix) {
            try {
                return Files.readAttributes(path, "size,lastModifiedTime");
            } catch (IOException none) {
                return Map.of();
            }
        }
    }
}
