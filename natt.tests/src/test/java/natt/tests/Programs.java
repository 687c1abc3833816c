package natt.tests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Runs short helper programs to their end. What is under test runs in [Processes].
public final class Programs {
    private static final int LIMIT_SECONDS = 60;

    private Programs() {}

    /// How a program ended.
    ///
    /// @param output both streams
    public record Result(int status, String output) {
        String firstLine() {
            return output.lines().findFirst().orElse("exit status " + status);
        }
    }

    /// Looks a program up, also where only root's search path looks.
    public static Optional<Path> find(String name) {
        return Stream.concat(
                        Stream.of(System.getenv("PATH").split(":")),
                        Stream.of("/usr/local/sbin", "/usr/sbin", "/sbin"))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    public static Result run(String... command) {
        return run(List.of(command), Map.of(), "");
    }

    public static Result run(List<String> command, Map<String, String> environment, String input) {
        try {
            var builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().putAll(environment);
            Path output = Files.createTempFile("natt-", ".out");
            Process process = builder.redirectOutput(output.toFile()).start();
            try (var stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            } catch (IOException _) {
                // It ended without reading its input; the status tells.
            }
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return new Result(-1, String.join(" ", command) + ": did not end in time");
            }
            String text = Files.readString(output, StandardCharsets.ISO_8859_1);
            Files.delete(output);
            return new Result(process.exitValue(), text);
        } catch (IOException e) {
            return new Result(-1, e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException(e));
        }
    }

    /// Runs a program that has to succeed.
    public static String mustRun(String... command) {
        return mustRun(List.of(command), Map.of(), "");
    }

    public static String mustRun(
            List<String> command, Map<String, String> environment, String input) {
        Result result = run(command, environment, input);
        if (result.status() != 0) {
            throw new AssertionError(
                    "%s: status %d%n%s"
                            .formatted(
                                    String.join(" ", command), result.status(), result.output()));
        }
        return result.output();
    }
}
