package natt.core.keys;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.NodeKey;
import natt.core.keys.KeyFiles.Guard;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class KeyFilesTests {
    private static final String SECRET = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";

    @TempDir Path directory;

    private Path file(String text, String mode) throws IOException {
        Path file = directory.resolve("key");
        // Who is not root cannot write into one that was made read-only.
        Files.deleteIfExists(file);
        Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        return file;
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private List<String> names() throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void anIdentityIsMadeOnceAndReadFromThenOn() throws Exception {
        Path file = directory.resolve("state/natt/identity");
        NodeKey made = KeyFiles.loadOrCreate(file).publicKey();
        assertEquals(made, KeyFiles.loadOrCreate(file).publicKey());
        assertEquals(made, KeyFiles.readIdentity(file, Guard.FILE_MODE).publicKey());
        assertEquals("rw-------", mode(file));
        assertEquals("rwx------", mode(file.getParent()));
        assertEquals("rwx------", mode(file.getParent().getParent()));
        assertTrue(Files.readString(file).contains(made.toString()), "a comment says whose it is");
    }

    @Test
    void aSharedSecretIsReadAsItWasMade() throws Exception {
        Path file = directory.resolve("psk");
        var made = KeyFiles.createPreSharedKey(file);
        assertEquals(made, KeyFiles.readPreSharedKey(file, Guard.FILE_MODE));
        assertEquals("rw-------", mode(file));
        assertEquals(List.of("psk"), names());
    }

    @Test
    void nothingIsOverwritten() throws Exception {
        Path file = file("mine", "rw-------");
        var refused =
                assertThrows(FileAlreadyExistsException.class, () -> KeyFiles.createIdentity(file));
        assertEquals(file + ": exists", refused.getMessage());
        assertThrows(FileAlreadyExistsException.class, () -> KeyFiles.createPreSharedKey(file));
        assertEquals("mine", Files.readString(file));
        assertEquals(List.of("key"), names());
    }

    @Test
    void ofManyWhoMakeTheIdentityAtOnceAllHaveTheSame() throws Exception {
        Path file = directory.resolve("identity");
        var barrier = new CyclicBarrier(8);
        Callable<NodeKey> make =
                () -> {
                    barrier.await();
                    return KeyFiles.loadOrCreate(file).publicKey();
                };
        Set<NodeKey> keys = new HashSet<>();
        try (var threads = Executors.newFixedThreadPool(8)) {
            for (Future<NodeKey> each : threads.invokeAll(Collections.nCopies(8, make))) {
                keys.add(each.get());
            }
        }
        assertEquals(1, keys.size());
        assertEquals(List.of("identity"), names());
    }

    @Test
    void commentsBlankLinesAndAMissingLineFeedDoNotMatter() throws Exception {
        for (String text :
                List.of(
                        SECRET,
                        SECRET + "\n",
                        "# a comment\r\n\r\n  " + SECRET + "  \r\n",
                        "#\n" + SECRET + "\n# \u00ff\n")) {
            Path file = file(text, "rw-------");
            var scalar = KeyFiles.readIdentity(file, Guard.FILE_MODE).reveal();
            var expected = new byte[32];
            Arrays.fill(expected, (byte) 2);
            assertArrayEquals(expected, scalar);
            assertEquals(SECRET, KeyFiles.readPreSharedKey(file, Guard.FILE_MODE).revealText());
        }
    }

    @Test
    void aFileThatOthersCanUseIsRefused() throws Exception {
        for (String mode :
                List.of("rw-r--r--", "rw----r--", "rw-r-----", "rw--w----", "r-x-----x")) {
            Path file = file(SECRET, mode);
            var refused =
                    assertThrows(
                            IOException.class,
                            () -> KeyFiles.readIdentity(file, Guard.FILE_MODE),
                            mode);
            assertTrue(refused.getMessage().contains("chmod go-rwx"), refused.getMessage());
            assertThrows(IOException.class, () -> KeyFiles.readPreSharedKey(file, Guard.FILE_MODE));
            assertThrows(IOException.class, () -> KeyFiles.loadOrCreate(file), mode);
        }
        assertEquals(
                file("x", "rw-r--r--")
                        + ": group or others can use this private key (mode 0644): chmod go-rwx it",
                assertThrows(
                                IOException.class,
                                () ->
                                        KeyFiles.readIdentity(
                                                file(SECRET, "rw-r--r--"), Guard.FILE_MODE))
                        .getMessage());
    }

    @Test
    void aCredentialOfTheServiceManagerMayBeReadableByItsGroup() throws Exception {
        for (String mode : List.of("r--------", "r--r-----")) {
            Path file = file(SECRET, mode);
            KeyFiles.readIdentity(file, Guard.SERVICE_MANAGER);
            KeyFiles.readPreSharedKey(file, Guard.SERVICE_MANAGER);
        }
    }

    @Test
    void aCredentialIsWhatIsInTheCredentialsDirectory() {
        var environment = Map.of("CREDENTIALS_DIRECTORY", "/run/credentials/natts.service");
        assertEquals(
                Guard.SERVICE_MANAGER,
                Guard.of(Path.of("/run/credentials/natts.service/psk"), environment));
        for (String elsewhere :
                List.of(
                        "/run/credentials/natts.service2/psk",
                        "/run/credentials/natts.service/../psk",
                        "psk")) {
            assertEquals(Guard.FILE_MODE, Guard.of(Path.of(elsewhere), environment));
        }
        assertEquals(
                Guard.FILE_MODE, Guard.of(Path.of("/psk"), Map.of("CREDENTIALS_DIRECTORY", "")));
    }

    @Test
    void aFileOfSomebodyElseIsRefused() throws Exception {
        Path file = file(SECRET, "rw-------");
        int owner = (Integer) Files.getAttribute(file, "unix:uid");
        assertEquals(OptionalInt.of(owner), Ownership.us());
        Ownership.require(file, OptionalInt.of(owner), Ownership.ANY_ACCESS, "use it");
        if (owner == 0) {
            Ownership.require(file, OptionalInt.of(1000), Ownership.ANY_ACCESS, "use it");
            Files.setAttribute(file, "unix:uid", 1001);
        }
        var refused =
                assertThrows(
                        IOException.class,
                        () ->
                                Ownership.require(
                                        file, OptionalInt.of(1002), Ownership.ANY_ACCESS, "use"));
        assertTrue(
                refused.getMessage().contains("neither to us nor to root"), refused.getMessage());
    }

    @Test
    void whatHoldsNoKeyIsRefusedInOneLineThatShowsNothingOfIt() throws Exception {
        for (String text :
                List.of(
                        "",
                        "\n\n",
                        "# " + SECRET,
                        SECRET + SECRET,
                        SECRET + "\n" + SECRET,
                        SECRET.substring(1),
                        SECRET + "=",
                        SECRET.substring(1) + "+",
                        "\0".repeat(43),
                        "\u00ff\u00fe" + SECRET,
                        SECRET.repeat(100_000),
                        "\n".repeat(5000))) {
            Path file = file(text, "rw-------");
            for (var refused :
                    List.of(
                            assertThrows(
                                    IOException.class,
                                    () -> KeyFiles.readIdentity(file, Guard.FILE_MODE)),
                            assertThrows(
                                    IOException.class,
                                    () -> KeyFiles.readPreSharedKey(file, Guard.FILE_MODE)))) {
                assertFalse(refused.getMessage().contains("AgIC"), refused.getMessage());
                assertEquals(1, refused.getMessage().lines().count());
                assertTrue(refused.getMessage().startsWith(file + ": h"), refused.getMessage());
            }
        }
    }

    @Test
    void zerosAreNoSharedSecret() throws Exception {
        Path file = file("A".repeat(43), "rw-------");
        assertThrows(IOException.class, () -> KeyFiles.readPreSharedKey(file, Guard.FILE_MODE));
    }

    @Test
    void whatIsNoFileIsSaidInOneLine() {
        Path missing = directory.resolve("missing");
        assertEquals(
                missing + ": there is no such file",
                assertThrows(
                                NoSuchFileException.class,
                                () -> KeyFiles.readIdentity(missing, Guard.FILE_MODE))
                        .getMessage());
        assertEquals(
                directory + ": is not a file",
                assertThrows(
                                IOException.class,
                                () -> KeyFiles.readIdentity(directory, Guard.FILE_MODE))
                        .getMessage());
    }

    @Test
    void aDirectoryThatCannotBeMadeIsSaidInOneLine() throws Exception {
        Path file = file("x", "rw-------");
        var refused =
                assertThrows(
                        IOException.class, () -> KeyFiles.loadOrCreate(file.resolve("identity")));
        assertEquals(1, refused.getMessage().lines().count());
        assertTrue(refused.getMessage().contains(file.toString()), refused.getMessage());
    }
}
