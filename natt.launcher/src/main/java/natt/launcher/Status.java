package natt.launcher;

import natt.core.Text;
import natt.core.status.ControlClient;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.stream.Collectors;

/// `natt status`: asks every running natts and nattc of this user how it is.
final class Status {
    private static final Path SYSTEM_DIRECTORY = Path.of("/run/natt");

    private Status() {}

    static int run(String[] args, Map<String, String> environment) throws IOException {
        var options = new StatusOptions();
        if (!CommandLine.parse("natt status", options, args, Map.of())) {
            return CommandLine.DONE;
        }
        SequencedSet<Path> directories;
        if (options.runtimeDir == null) {
            boolean root = "root".equals(System.getProperty("user.name"));
            directories = directories(environment, System.getProperty("user.home"), root);
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

    /// Where nodes of this user may have their sockets. A node takes the first; one that was
    /// started with another environment has taken another.
    static SequencedSet<Path> directories(
            Map<String, String> environment, String home, boolean root) {
        var directories = new LinkedHashSet<Path>();
        absolute(environment.getOrDefault("RUNTIME_DIRECTORY", "").split(":", 2)[0])
                .ifPresent(directories::add);
        if (root) {
            directories.add(SYSTEM_DIRECTORY);
        }
        absolute(environment.get("XDG_RUNTIME_DIR"))
                .ifPresent(runtime -> directories.add(runtime.resolve("natt")));
        Path state =
                absolute(environment.get("XDG_STATE_HOME"))
                        .orElseGet(() -> Path.of(home, ".local", "state"));
        directories.add(state.resolve("natt"));
        return directories;
    }

    private static Optional<Path> absolute(@Nullable String path) {
        // Relative ones are to be ignored (XDG Base Directory Specification).
        return Optional.ofNullable(path).filter(text -> text.startsWith("/")).map(Path::of);
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
