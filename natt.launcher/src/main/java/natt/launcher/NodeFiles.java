package natt.launcher;

import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.keys.Directories;
import natt.core.keys.KeyFiles;
import natt.core.keys.KeyFiles.Guard;
import natt.core.status.ControlSocket;
import natt.core.status.Report;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/// The files of a node, where options name them or where they usually are.
final class NodeFiles {
    private static final System.Logger LOG = System.getLogger("natt");

    /// Under this name systemd hands the key over.
    private static final String CREDENTIAL = "natt.key";

    private final Map<String, String> environment;
    private final Directories directories;
    private final Optional<Path> stateDirectory;

    /// @param stateDirectory as the option says it, if it does
    NodeFiles(Map<String, String> environment, @Nullable String stateDirectory) {
        this.environment = environment;
        this.stateDirectory = Optional.ofNullable(stateDirectory).map(NodeFiles::path);
        directories = Directories.of(environment);
    }

    /// @throws UsageException if the text cannot be a path
    static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException wrong) {
            throw new UsageException("'%s' is not a path".formatted(text));
        }
    }

    Path state() {
        return stateDirectory.orElseGet(directories::state);
    }

    /// The identity of a node that others look for: that which systemd hands over, else that in
    /// the state directory, made on first use.
    Identity hostIdentity() throws IOException {
        Optional<Path> credential =
                Natts.first(environment.get("CREDENTIALS_DIRECTORY"))
                        .map(directory -> Path.of(directory, CREDENTIAL))
                        .filter(Files::exists);
        return credential.isPresent()
                ? KeyFiles.readIdentity(credential.get(), Guard.SERVICE_MANAGER)
                : KeyFiles.loadOrCreate(Directories.identityFile(state()));
    }

    /// The identity of a node that looks for others. Where none can be kept, one for this time.
    Identity clientIdentity() throws IOException {
        Path file = Directories.identityFile(state());
        try {
            return KeyFiles.loadOrCreate(file);
        } catch (IOException failed) {
            if (Files.exists(file)) {
                throw failed;
            }
            LOG.log(
                    Level.WARNING,
                    "cannot keep this node's key, so that it is another each time: {0}",
                    String.valueOf(failed.getMessage()));
            return Identity.generate(new SecureRandom());
        }
    }

    /// The shared secret of clients: in the file named, else in the usual one, if that exists.
    PreSharedKey hostSecret(@Nullable String file) throws IOException {
        if (file != null) {
            return secret(path(file));
        }
        Path usual = directories.configuration().resolve("psk");
        return isThere(usual) ? secret(usual) : PreSharedKey.NONE;
    }

    /// A shared secret, which the service manager may have handed over.
    PreSharedKey secret(Path file) throws IOException {
        try {
            return KeyFiles.readPreSharedKey(file, Guard.of(file, environment));
        } catch (NoSuchFileException none) {
            throw new IOException("there is no file " + file, none);
        }
    }

    /// The list of clients: the file named, else the usual one, if that exists.
    ///
    /// @throws IOException if it cannot be told whether there is one
    Optional<Path> authorizedClients(@Nullable String file) throws IOException {
        if (file != null) {
            return Optional.of(path(file));
        }
        Path usual = directories.authorizedClientsFile();
        return isThere(usual) ? Optional.of(usual) : Optional.empty();
    }

    /// Whether a file that guards the node exists. A directory that may not be looked into is no
    /// reason to do without.
    private static boolean isThere(Path file) throws IOException {
        if (Files.notExists(file)) {
            return false;
        }
        if (!Files.exists(file)) {
            throw new IOException(
                    "cannot see whether there is a file %s: %s may not be looked into"
                            .formatted(file, file.getParent()));
        }
        return true;
    }

    /// Answers `natt status`, where such a socket can be.
    ///
    /// @param options say where, perhaps
    /// @param level how loudly to say that there is none
    static Optional<ControlSocket> controlSocket(
            String program,
            RunningOptions options,
            Map<String, String> environment,
            Level level,
            Supplier<CompletableFuture<Report>> reports) {
        return controlSocket(program, options.runtimeDir, environment, level, reports);
    }

    /// Answers `natt status`, where such a socket can be.
    ///
    /// @param runtimeDir where, if an option says it
    /// @param level how loudly to say that there is none
    static Optional<ControlSocket> controlSocket(
            String program,
            @Nullable String runtimeDir,
            Map<String, String> environment,
            Level level,
            Supplier<CompletableFuture<Report>> reports) {
        Path directory;
        try {
            directory =
                    runtimeDir == null ? Directories.of(environment).runtime() : path(runtimeDir);
        } catch (IllegalArgumentException | UsageException none) {
            LOG.log(level, "no status: {0}", String.valueOf(none.getMessage()));
            return Optional.empty();
        }
        Path path = ControlSocket.path(directory, program, ProcessHandle.current().pid());
        return ControlSocket.tryOpen(path, level, reports);
    }

    Path knownHosts(@Nullable String file) {
        return file == null ? state().resolve("known_hosts") : path(file);
    }
}
