package natt.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// Starts the processes of a test and ends them after it, however it ends; what they said is
/// printed when the test fails.
public final class Processes implements AfterEachCallback, AfterAllCallback {
    private final List<RunningProcess> running = new CopyOnWriteArrayList<>();
    private final Scope scope;

    private enum Scope {
        TEST,
        CLASS
    }

    private Processes(Scope scope) {
        this.scope = scope;
    }

    /// For an instance field: processes end with their test.
    public static Processes ofEachTest() {
        return new Processes(Scope.TEST);
    }

    /// For a static field: processes end after the last test of the class.
    public static Processes ofTheClass() {
        return new Processes(Scope.CLASS);
    }

    /// Prepares a process.
    ///
    /// @param name how its output is marked
    public Start prepare(String name, String... command) {
        return new Start(name, List.of(command));
    }

    /// What is known of a process before it starts.
    public final class Start {
        private final String name;
        private final List<String> command;
        private final Map<String, String> environment = new LinkedHashMap<>();
        private boolean binary;
        private boolean children;
        private Path directory;

        private Start(String name, List<String> command) {
            this.name = name;
            this.command = new ArrayList<>(command);
        }

        /// Adds arguments.
        public Start with(String... arguments) {
            command.addAll(List.of(arguments));
            return this;
        }

        /// Puts another program in front, which then runs this one.
        public Start under(String... program) {
            command.addAll(0, List.of(program));
            return this;
        }

        public Start env(String key, String value) {
            environment.put(key, value);
            return this;
        }

        public Start env(Map<String, String> more) {
            environment.putAll(more);
            return this;
        }

        public Start directory(Path working) {
            directory = working;
            return this;
        }

        /// Leaves standard output to the test; only standard error is collected.
        public Start binary() {
            binary = true;
            return this;
        }

        /// Collects what its children still say once it has ended, which Java's own pipes lose.
        public Start withChildren() {
            children = true;
            return this;
        }

        public RunningProcess start() throws IOException {
            var builder = new ProcessBuilder(command);
            builder.environment().putAll(environment);
            if (directory != null) {
                builder.directory(directory.toFile());
            }
            RunningProcess process;
            if (children) {
                process = startWithPipe(builder);
            } else {
                Process started = builder.start();
                process = new RunningProcess(name, started, started.getErrorStream(), binary);
            }
            running.add(process);
            return process;
        }

        /// A pipe with a name ends when the last who writes into it has ended.
        private RunningProcess startWithPipe(ProcessBuilder builder) throws IOException {
            Path folder = Files.createTempDirectory("natt-stderr");
            Path pipe = folder.resolve("pipe");
            try {
                int made = new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor();
                assertEquals(0, made);
                // Each side waits for the other to open it.
                var reading = new FutureTask<InputStream>(() -> Files.newInputStream(pipe));
                Thread.ofPlatform().daemon().start(reading);
                builder.redirectError(pipe.toFile());
                return new RunningProcess(name, builder.start(), reading.get(), binary);
            } catch (InterruptedException | ExecutionException failed) {
                throw new IOException(failed);
            } finally {
                Files.deleteIfExists(pipe);
                Files.delete(folder);
            }
        }
    }

    @Override
    public void afterEach(ExtensionContext context) {
        if (context.getExecutionException().isPresent()) {
            running.forEach(RunningProcess::print);
        }
        if (scope == Scope.TEST) {
            endAll();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (context.getExecutionException().isPresent()) {
            running.forEach(RunningProcess::print);
        }
        endAll();
    }

    private void endAll() {
        running.forEach(RunningProcess::close);
        running.clear();
    }
}
