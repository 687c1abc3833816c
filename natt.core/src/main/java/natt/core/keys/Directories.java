package natt.core.keys;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;

/// Where a node keeps its files: where the service manager says, else in the system's directories
/// if we are root, else in the user's (XDG Base Directory Specification).
public final class Directories {
    private static final String NATT = "natt";

    private final Map<String, String> environment;
    private final boolean root;

    /// @param root whether the system's directories are ours
    public Directories(Map<String, String> environment, boolean root) {
        this.environment = Map.copyOf(environment);
        this.root = root;
    }

    /// Those of the user that this process runs as.
    public static Directories of(Map<String, String> environment) {
        return new Directories(environment, Ownership.us().orElse(-1) == 0);
    }

    /// Holds what a node has made and must keep.
    ///
    /// @throws IllegalArgumentException with one line for the user, if the environment names none
    public Path state() {
        return find("STATE_DIRECTORY", "/var/lib", "XDG_STATE_HOME", ".local/state");
    }

    /// Holds what the user has written.
    ///
    /// @throws IllegalArgumentException with one line for the user, if the environment names none
    public Path configuration() {
        return find("CONFIGURATION_DIRECTORY", "/etc", "XDG_CONFIG_HOME", ".config");
    }

    /// Holds what matters while a process runs.
    ///
    /// @throws IllegalArgumentException with one line for the user, if the environment names none
    public Path runtime() {
        Optional<Path> given = serviceManagers("RUNTIME_DIRECTORY");
        if (given.isPresent()) {
            return given.get();
        }
        return root
                ? Path.of("/run", NATT)
                : users("XDG_RUNTIME_DIR").map(each -> each.resolve(NATT)).orElseGet(this::state);
    }

    /// This node's key pair.
    public Path identityFile() {
        return identityFile(state());
    }

    /// The key pair of the node that keeps its state in another directory.
    public static Path identityFile(Path state) {
        return state.resolve("identity");
    }

    public Path knownHostsFile() {
        return state().resolve("known_hosts");
    }

    public Path authorizedClientsFile() {
        return configuration().resolve("authorized_clients");
    }

    private Path find(String given, String system, String variable, String inHome) {
        Optional<Path> managers = serviceManagers(given);
        if (managers.isPresent()) {
            return managers.get();
        }
        if (root) {
            return Path.of(system, NATT);
        }
        return users(variable)
                .or(() -> users("HOME").map(home -> home.resolve(inHome)))
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "neither %s nor HOME is set".formatted(variable)))
                .resolve(NATT);
    }

    /// systemd lists several directories with colons between; the first is the main one.
    private Optional<Path> serviceManagers(String variable) {
        return Optional.ofNullable(environment.get(variable))
                .map(list -> list.split(":", 2)[0])
                .flatMap(Directories::absolute);
    }

    /// A relative path is to be ignored, says the specification.
    private Optional<Path> users(String variable) {
        return Optional.ofNullable(environment.get(variable)).flatMap(Directories::absolute);
    }

    private static Optional<Path> absolute(String text) {
        try {
            return Optional.of(Path.of(text)).filter(Path::isAbsolute);
        } catch (InvalidPathException wrong) {
            return Optional.empty();
        }
    }

    static void createParent(Path file) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory != null) {
            create(directory);
        }
    }

    /// Makes a directory that only we can enter, and those above it, where there is none.
    public static void create(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        try {
            Path existing = directory.toAbsolutePath().getParent();
            while (existing != null && !Files.exists(existing)) {
                existing = existing.getParent();
            }
            boolean posix =
                    existing != null
                            && Files.getFileStore(existing).supportsFileAttributeView("posix");
            if (posix) {
                Files.createDirectories(
                        directory,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
            } else {
                Files.createDirectories(directory);
            }
        } catch (FileAlreadyExistsException file) {
            throw TextFile.failure(directory, "is not a directory");
        } catch (FileSystemException failed) {
            throw TextFile.failure(directory, "cannot be made: " + TextFile.reason(failed));
        }
    }
}
