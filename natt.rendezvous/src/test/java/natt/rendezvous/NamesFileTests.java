package natt.rendezvous;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.NodeKey;
import natt.rendezvous.proto.Name;
import natt.rendezvous.proto.Sleeper;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/// What a broker keeps on disk.
class NamesFileTests {
    private static final NodeKey KEY = NodeKey.of(new byte[NodeKey.LENGTH]);
    private static final Name ALICE = new Name("alice", KEY, 1_800_000_000, 1_800_000_001, false);
    private static final Name BOB = new Name("bob", KEY, 1_800_000_000, 1_800_000_002, false);

    @TempDir Path directory;

    private Path file() {
        return directory.resolve("names");
    }

    @Test
    void whatIsAddedIsThereWithoutAnOrderlyEnd() throws IOException {
        var names = new NamesFile(file());
        assertEquals(List.of(), names.loaded());
        names.rewrite(List.of(ALICE));
        assertTrue(names.add(BOB));
        assertEquals(List.of(ALICE, BOB), new NamesFile(file()).loaded());
        names.close();
    }

    @Test
    void theFileIsForItsOwnerOnly() throws IOException {
        new NamesFile(file()).rewrite(List.of(ALICE));
        assertEquals(
                PosixFilePermissions.fromString("rw-------"),
                Files.getPosixFilePermissions(file()));
    }

    @Test
    void aDamagedLineCostsThatLineOnly() throws IOException {
        Files.writeString(
                file(), ALICE.toLine() + "\nbob ???\n\n# by hand\n" + BOB.toLine() + "\nbo");
        assertEquals(List.of(ALICE, BOB), new NamesFile(file()).loaded());
        Path copy = directory.resolve("names.damaged");
        assertEquals(Files.readString(file()), Files.readString(copy));
    }

    @Test
    void afterItWasWrittenAnewLinesGoToTheNewFile() throws IOException {
        var names = new NamesFile(file());
        names.rewrite(List.of());
        names.add(ALICE);
        names.rewrite(List.of(ALICE));
        names.add(BOB);
        assertEquals(List.of(ALICE, BOB), new NamesFile(file()).loaded());
        names.close();
    }

    @Test
    void aNameThatCannotBeWrittenIsNotKept() throws IOException {
        var names = new NamesFile(directory.resolve("none/names"));
        assertFalse(names.add(ALICE));
    }

    @Test
    void aFileThatCannotBeReadIsNoEmptyOne() throws IOException {
        Files.createDirectory(file());
        assertThrows(IOException.class, () -> new NamesFile(file()));
    }

    @Test
    void nodesAreKeptWithWhatTheyAreWokenWith() throws IOException {
        var address = new InetSocketAddress(InetAddress.ofLiteral("203.0.113.1"), 4000);
        var nodes = new NodesFile(directory.resolve("nodes"));
        assertEquals(List.of(), nodes.load());
        var sleeper = new Sleeper(KEY, address, new byte[16]);
        nodes.write(List.of(sleeper, sleeper));
        Files.writeString(
                directory.resolve("nodes"),
                Files.readString(directory.resolve("nodes")).replaceFirst("203", "x"));
        List<Sleeper> loaded = nodes.load();
        assertEquals(1, loaded.size(), "the damaged line is left out");
        assertEquals(sleeper.toLine(), loaded.getFirst().toLine());
        assertEquals(KEY + " at 203.0.113.1:4000", sleeper.toString(), "without the token");
        assertEquals(
                PosixFilePermissions.fromString("rw-------"),
                Files.getPosixFilePermissions(directory.resolve("nodes")));
    }
}
