package natt.tests;

import natt.core.NodeKey;
import natt.core.keys.Directories;
import natt.core.keys.KeyFiles;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The directories of one node: its key, what it remembers, whom it admits. Nothing of the
/// machine's own natt is read or written.
public final class Node {
    private final Path directory;
    private final NodeKey key;

    /// Makes a node with a new key, or takes the one that is there.
    public Node(Path directory) {
        this.directory = directory;
        try {
            Directories.create(state());
            Directories.create(configuration());
            Directories.create(runtime());
            key = KeyFiles.loadOrCreate(identityFile()).publicKey();
        } catch (IOException e) {
            throw new AssertionError("the directory is this test's own", e);
        }
    }

    public NodeKey key() {
        return key;
    }

    public Path state() {
        return directory.resolve("state");
    }

    public Path identityFile() {
        return Directories.identityFile(state());
    }

    public Path knownHosts() {
        return state().resolve("known_hosts");
    }

    public Path configuration() {
        return directory.resolve("configuration");
    }

    public Path runtime() {
        return directory.resolve("runtime");
    }

    public Path authorizedClients() {
        return configuration().resolve("authorized_clients");
    }

    /// Replaces the list of clients, at once as an editor does.
    public void admit(String... lines) throws IOException {
        Path written = configuration().resolve("authorized_clients.new");
        Files.write(written, List.of(lines));
        Files.move(
                written,
                authorizedClients(),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    /// What tells the programs where these directories are.
    public Map<String, String> environment() {
        return Map.of(
                "STATE_DIRECTORY", state().toString(),
                "CONFIGURATION_DIRECTORY", configuration().toString(),
                "RUNTIME_DIRECTORY", runtime().toString());
    }

    /// A file that only we can read.
    public Path secretFile(String name, String content) throws IOException {
        Path file = configuration().resolve(name);
        Files.writeString(file, content);
        Files.setPosixFilePermissions(
                file, Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));
        return file;
    }
}
