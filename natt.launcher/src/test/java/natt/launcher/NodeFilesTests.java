package natt.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.PreSharedKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

class NodeFilesTests {
    @TempDir Path directory;

    private static NodeFiles files(Path configuration) {
        return new NodeFiles(Map.of("CONFIGURATION_DIRECTORY", configuration.toString()), null);
    }

    @Test
    void withoutAListOrASecretThereIsNone() throws IOException {
        NodeFiles files = files(directory);
        assertEquals(Optional.empty(), files.authorizedClients(null));
        assertEquals(PreSharedKey.NONE, files.hostSecret(null));
    }

    @Test // A natts that cannot look must not let everybody in.
    void aDirectoryThatCannotBeLookedIntoIsNoReasonToDoWithout() throws IOException {
        Path loop = directory.resolve("loop");
        NodeFiles files = files(Files.createSymbolicLink(loop, loop));
        var list = assertThrows(IOException.class, () -> files.authorizedClients(null));
        assertTrue(String.valueOf(list.getMessage()).contains("may not be looked into"));
        assertThrows(IOException.class, () -> files.hostSecret(null));
    }
}
