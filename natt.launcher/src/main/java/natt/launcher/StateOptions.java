package natt.launcher;

import com.beust.jcommander.Parameter;

import natt.core.Identity;
import natt.core.keys.Directories;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;

/// The options of what needs this node's identity.
class StateOptions extends LogOptions {
    private static final System.Logger LOG = System.getLogger("natt");

    @Parameter(
            names = {"--state-dir", "-state-dir"},
            description =
                    "directory of the identity (default: $STATE_DIRECTORY; else /var/lib/natt for"
                            + " root; else $XDG_STATE_HOME/natt, which is ~/.local/state/natt)")
    @Nullable String stateDir;

    /// This node's identity, as natts has it, which is made the first time.
    final Identity identity(Map<String, String> environment) throws IOException {
        if (stateDir != null) {
            path("--state-dir", stateDir);
        }
        var files = new NodeFiles(environment, stateDir);
        Path file;
        try {
            file = Directories.identityFile(files.state());
        } catch (IllegalArgumentException none) {
            throw new UsageException(none.getMessage() + ": give --state-dir");
        }
        boolean missing = Files.notExists(file);
        Identity identity = files.hostIdentity();
        if (missing && Files.exists(file)) {
            LOG.log(Level.INFO, "made the new identity {0}", file);
        }
        return identity;
    }

    /// @throws UsageException if it is none
    static Path path(String option, String text) {
        try {
            if (!text.isEmpty()) {
                return Path.of(text);
            }
        } catch (InvalidPathException wrong) {
            // Said below.
        }
        throw new UsageException("%s is not a path: '%s'".formatted(option, text));
    }
}
