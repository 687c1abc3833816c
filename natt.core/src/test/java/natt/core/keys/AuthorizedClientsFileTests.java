package natt.core.keys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

class AuthorizedClientsFileTests {
    private static final String KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    private static final String OTHER = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";

    @TempDir Path directory;

    private Path path() {
        return directory.resolve("authorized_clients");
    }

    private static void mode(Path path, String mode) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    @Test
    void aFileChangesWhenItIsWrittenReplacedOrRemoved() throws Exception {
        Files.writeString(path(), KEY + "\n");
        mode(path(), "rw-r--r--");
        var file = new AuthorizedClientsFile(path());
        assertTrue(file.changed(), "not loaded yet");
        assertEquals(1, file.load().clients().size());
        assertFalse(file.changed());

        Files.writeString(path(), KEY + "\n" + OTHER + "\n");
        assertTrue(file.changed());
        assertEquals(2, file.load().clients().size());
        assertFalse(file.changed());

        // Another file of the same size and time.
        Path written = Files.writeString(directory.resolve("new"), OTHER + "\n" + KEY + "\n");
        mode(written, "rw-r--r--");
        Files.setLastModifiedTime(written, Files.getLastModifiedTime(path()));
        Files.move(written, path(), StandardCopyOption.ATOMIC_MOVE);
        assertTrue(file.changed());
        assertEquals(2, file.load().clients().size());

        Files.delete(path());
        assertTrue(file.changed());
        var gone = assertThrows(NoSuchFileException.class, file::load);
        assertEquals(path() + ": there is no such file", gone.getMessage());
        assertFalse(file.changed());
        Files.writeString(path(), "");
        assertTrue(file.changed());
    }

    @Test
    void aFileThatOthersCanWriteIsRefused() throws Exception {
        Files.writeString(path(), KEY);
        var file = new AuthorizedClientsFile(path());
        for (String mode : new String[] {"rw-rw-r--", "rw-r--rw-"}) {
            mode(path(), mode);
            var refused = assertThrows(IOException.class, file::load, mode);
            assertTrue(refused.getMessage().contains("chmod go-w it"), refused.getMessage());
            assertFalse(file.changed());
        }
        mode(path(), "rw-r--r--");
        assertTrue(file.changed());
        mode(directory, "rwxrwxr-x");
        var refused = assertThrows(IOException.class, file::load);
        assertTrue(refused.getMessage().startsWith(directory.toRealPath() + ": "));
        mode(directory, "rwxr-xr-x");
        assertEquals(1, file.load().clients().size());
    }
}
