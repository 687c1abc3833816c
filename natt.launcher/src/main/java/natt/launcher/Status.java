package natt.launcher;

import natt.core.Text;
import natt.core.keys.Directories;
import natt.core.status.ControlClient;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.stream.Collectors;

/// `natt status`: asks every running natts and nattc of this user how it is.
final class Status {
    /// Holds a directory for each user who is logged in.
    private static final Path USERS = Path.of("/run/user");

    private Status() {}

    static int run(String[] args, Map<String, String> environment) throws IOException {
        var options = new StatusOptions();
        if (!CommandLine.parse("natt status", options, args, Map.of())) {
            return CommandLine.DONE;
        }
        SequencedSet<Path> directories;
        if (options.runtimeDir == null) {
            boolean root = "root".equals(System.getProperty("user.name"));
            directories = directories(environment, root, USERS);
        } else {
            directories = new LinkedHashSet<>(List.of(given(options.runtimeDir)));
        }
        // Text has been made safe for a terminal and may be other than ASCII.
        var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        tell(directories, options.json, out);
        out.flush();
        return CommandLine.DONE;
    }

    private static Path given(String directory) {
        try {
            return Path.of(directory);
        } catch (InvalidPathException wrong) {
            throw new UsageException(
                    "--runtime-dir: '%s' is no directory".formatted(Text.escape(directory)));
        }
    }

    /// Where nodes that this user may ask can have their sockets. A node that was started with
    /// another environment, as a service is, has its own elsewhere.
    ///
    /// @throws UsageException if the environment names none
    static SequencedSet<Path> directories(
            Map<String, String> environment, boolean root, Path users) {
        var found = new LinkedHashSet<Path>();
        try {
            found.add(new Directories(environment, root).runtime());
            var unmanaged = new HashMap<>(environment);
            unmanaged.remove("RUNTIME_DIRECTORY");
            unmanaged.remove("STATE_DIRECTORY");
            found.add(new Directories(unmanaged, root).runtime());
            if (!root) {
                unmanaged.remove("XDG_RUNTIME_DIR");
                found.add(new Directories(unmanaged, false).runtime());
            }
        } catch (IllegalArgumentException none) {
            if (found.isEmpty()) {
                throw new UsageException(none.getMessage() + ": give --runtime-dir");
            }
        }
        if (root) {
            found.addAll(directoriesOf(users));
        }
        return found;
    }

    private static List<Path> directoriesOf(Path users) {
        try (var each = Files.list(users)) {
            return each.map(user -> user.resolve("natt"))
                    .filter(Files::isDirectory)
                    .sorted()
                    .toList();
        } catch (IOException | UncheckedIOException none) {
            return List.of();
        }
    }

    /// Prints what the nodes tell.
    ///
    /// @throws IOException with one line for the user if none does
    static void tell(SequencedSet<Path> directories, boolean json, PrintStream out)
            throws IOException {
        var format = json ? ControlClient.Format.JSON : ControlClient.Format.TEXT;
        var reports = new ArrayList<String>();
        var failures = new ArrayList<String>();
        for (Path directory : directories) {
            try {
                for (Path socket : ControlClient.sockets(directory)) {
                    read(socket, format, reports, failures);
                }
            } catch (IOException unreadable) {
                failures.add("cannot read the directory " + directory);
            }
        }
        if (reports.isEmpty()) {
            throw new IOException(
                    failures.isEmpty()
                            ? "no running natts or nattc in " + joined(directories)
                            : String.join("; ", failures));
        }
        failures.forEach(failure -> CommandLine.complain("natt", failure));
        out.print(
                json
                        ? "{\"nodes\":[%s]}\n".formatted(String.join(",", reports))
                        : String.join("\n", reports));
    }

    private static void read(
            Path socket, ControlClient.Format format, List<String> reports, List<String> failures) {
        try {
            ControlClient.read(socket, format)
                    .map(report -> format == ControlClient.Format.JSON ? report.strip() : report)
                    .ifPresent(reports::add);
        } catch (IOException failed) {
            failures.add(String.valueOf(failed.getMessage()));
        }
    }

    private static String joined(SequencedSet<Path> directories) {
        return directories.stream().map(Path::toString).collect(Collectors.joining(", "));
    }
}
