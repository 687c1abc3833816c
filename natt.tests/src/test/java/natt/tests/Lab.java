package natt.tests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// A laboratory of natlab's, with NATs of exact behavior (RFC 4787), coturn and Knot DNS.
///
/// It works on a copy, because natlab compiles its programs beside itself.
public final class Lab implements Network {
    private static final String PREFIX = "ntl";
    private static final Path STATE = Path.of("/run/natlab");
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final Path DIRECTORY = Repository.target("natlab");

    static {
        copy();
        endThoseOfDeadProcesses();
    }

    private final String prefix =
            PREFIX + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
    private final Thread hook = new Thread(() -> run(prefix, "down"));

    private Lab() {}

    /// Builds a laboratory.
    ///
    /// @param arguments of `natlab up`
    public static Lab up(String... arguments) {
        var lab = new Lab();
        Runtime.getRuntime().addShutdownHook(lab.hook);
        try {
            List<String> line = new ArrayList<>(List.of("up"));
            line.addAll(List.of(arguments));
            lab.natlab(line.toArray(String[]::new));
        } catch (AssertionError e) {
            lab.close();
            throw e;
        }
        return lab;
    }

    @Override
    public String namespace(String host) {
        return prefix + "-" + host;
    }

    /// Starts `coturn` or `dns` on `pub`.
    public void service(String name) {
        natlab("service", name, "start");
    }

    public void stopService(String name) {
        natlab("service", name, "stop");
    }

    public String nat(String node, String... settings) {
        List<String> line = new ArrayList<>(List.of("nat", node));
        line.addAll(List.of(settings));
        return natlab(line.toArray(String[]::new));
    }

    public void wan(String link, String... settings) {
        List<String> line = new ArrayList<>(List.of("wan", link));
        line.addAll(List.of(settings));
        natlab(line.toArray(String[]::new));
    }

    @Override
    public void rebind() {
        nat("natB", "rebind");
    }

    @Override
    public void renumber(String address) {
        natlab("renumber", "natB", address);
    }

    /// What a service has written.
    public String log(String service) {
        try {
            return Files.readString(STATE.resolve(prefix).resolve(service + ".log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Override
    public void close() {
        try {
            natlab("down");
        } catch (AssertionError raced) {
            // natlab itself fails if a process ends by itself while it is being ended.
            natlab("down");
        }
        Runtime.getRuntime().removeShutdownHook(hook);
    }

    private String natlab(String... arguments) {
        return run(prefix, arguments);
    }

    private static String run(String prefix, String... arguments) {
        List<String> line = new ArrayList<>(List.of(DIRECTORY.resolve("natlab").toString()));
        line.addAll(List.of(arguments));
        return Programs.mustRun(line, Map.of("NATLAB_PREFIX", prefix), "");
    }

    private static void copy() {
        try (Stream<Path> files = Files.list(Repository.natlab())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path to = DIRECTORY.resolve(file.getFileName());
                Files.copy(
                        file,
                        to,
                        StandardCopyOption.REPLACE_EXISTING,
                        StandardCopyOption.COPY_ATTRIBUTES);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A killed JVM leaves its laboratory behind.
    private static void endThoseOfDeadProcesses() {
        if (!Files.isDirectory(STATE)) {
            return;
        }
        try (Stream<Path> states = Files.list(STATE)) {
            for (String name : states.map(path -> path.getFileName().toString()).toList()) {
                if (name.matches(PREFIX + "[0-9]+-[0-9]+")) {
                    long pid = Long.parseLong(name.substring(PREFIX.length(), name.indexOf('-')));
                    if (ProcessHandle.of(pid).isEmpty()) {
                        run(name, "down");
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
