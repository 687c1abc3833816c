package natt.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.keys.KeyFiles;
import natt.core.keys.KeyFiles.Guard;
import natt.core.keys.Ticket;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// `natt id`, `natt keygen` and `natt ticket`.
class KeyCommandsTests {
    private static final String KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

    @TempDir Path directory;

    private Ticket ticket(Map<String, String> environment, String... args) throws IOException {
        var options = new TicketOptions();
        assertTrue(CommandLine.parse("natt ticket", options, args, Map.of()));
        return TicketCommand.ticket(options, environment, NOW);
    }

    private Ticket ticket(String... args) throws IOException {
        return ticket(Map.of("STATE_DIRECTORY", directory.toString()), args);
    }

    @Test
    void aTicketHasThisNodesKeyWhichIsMadeTheFirstTime() throws Exception {
        Ticket ticket = ticket("PC.example.com");
        var made = KeyFiles.readIdentity(directory.resolve("identity"), Guard.FILE_MODE);
        assertEquals("natt://" + made.publicKey() + "@pc.example.com", ticket.text());
        assertEquals(ticket, ticket("pc.example.com"));
        assertEquals(ticket, ticket(Map.of(), "pc.example.com", "--state-dir=" + directory));
    }

    @Test
    void anotherMachinesKeyNeedsNoIdentity() throws Exception {
        Ticket ticket = ticket(Map.of(), "--host-key", KEY, "--expires", "30d", "pc.example.com");
        long expires = Instant.parse("2026-12-21T10:00:00Z").getEpochSecond();
        assertEquals("natt://%s@pc.example.com?expires=%d".formatted(KEY, expires), ticket.text());
    }

    @Test
    void aKeyMayBeginWithAHyphen() throws Exception {
        String key = "-" + KEY.substring(1);
        assertEquals(key, ticket("--host-key", key, "a.b").key().toString());
        assertEquals(key, ticket("--host-key=" + key, "a.b").key().toString());
    }

    @Test
    void theSecretIsInTheTicketOnlyWhenAskedFor() throws Exception {
        Path psk = directory.resolve("psk");
        assertEquals(0, KeygenCommand.run(new String[] {"--psk", psk.toString()}));
        var secret = KeyFiles.readPreSharedKey(psk, Guard.FILE_MODE);
        String[] given = {"pc.example.com", "--host-key", KEY, "--psk-file", psk.toString()};
        assertThrows(UsageException.class, () -> ticket(given));
        assertThrows(
                UsageException.class,
                () -> ticket("pc.example.com", "--host-key", KEY, "--secret"));
        Ticket ticket =
                ticket("pc.example.com", "--host-key", KEY, "--secret", "--psk-file=" + psk);
        assertEquals(Optional.of(secret), ticket.secret());
        assertFalse(ticket.toString().contains(secret.revealText()));
    }

    @Test
    void aSecretThatOthersCanReadIsTakenFromTheServiceManagerOnly() throws Exception {
        Path psk = directory.resolve("psk");
        KeyFiles.createPreSharedKey(psk);
        Files.setPosixFilePermissions(psk, PosixFilePermissions.fromString("r--r-----"));
        String[] given = {"a.b", "--host-key", KEY, "--secret", "--psk-file", psk.toString()};
        var refused = assertThrows(IOException.class, () -> ticket(Map.of(), given));
        assertTrue(refused.getMessage().contains("chmod"), refused.getMessage());
        var managed = Map.of("CREDENTIALS_DIRECTORY", directory.toString());
        assertTrue(ticket(managed, given).secret().isPresent());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a b",
                "a..b",
                "203.0.113.7",
                "a.b --host-key nonsense",
                "a.b --expires never",
                "a.b --expires 2026-11-21",
                "a.b --frobnicate",
            })
    void wrongUsageMakesNoIdentity(String line) {
        String[] args = line.isEmpty() ? new String[0] : line.split(" ");
        var refused = assertThrows(UsageException.class, () -> ticket(args));
        assertEquals(1, refused.getMessage().lines().count());
        assertTrue(Files.notExists(directory.resolve("identity")));
    }

    @Test
    void withoutAHomeTheStateDirectoryMustBeGiven() {
        var options = new TicketOptions();
        options.stateDir = "";
        var refused = assertThrows(UsageException.class, () -> options.identity(Map.of()));
        assertTrue(refused.getMessage().contains("--state-dir"), refused.getMessage());
    }

    @Test
    void keygenDoesNotOverwrite() throws Exception {
        String file = directory.resolve("key").toString();
        assertEquals(0, KeygenCommand.run(new String[] {file}));
        String made = Files.readString(Path.of(file));
        assertThrows(
                FileAlreadyExistsException.class, () -> KeygenCommand.run(new String[] {file}));
        assertThrows(
                FileAlreadyExistsException.class,
                () -> KeygenCommand.run(new String[] {"--psk", file}));
        assertEquals(made, Files.readString(Path.of(file)));
    }

    @Test
    void keygenNeedsOneFile() {
        for (String[] args : new String[][] {{}, {"a", "b"}, {"--psk"}, {""}, {"-"}}) {
            assertThrows(UsageException.class, () -> KeygenCommand.run(args));
        }
    }
}
