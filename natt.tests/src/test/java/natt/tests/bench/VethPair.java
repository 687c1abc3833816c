package natt.tests.bench;

import natt.tests.Programs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// Two hosts, each a network namespace, joined by one veth; and if asked for also by a [WanLink].
/// Needs root.
final class VethPair implements AutoCloseable {
    /// The address of the second host.
    static final String FAR_ADDRESS = "10.78.0.2";

    /// The address of the first host.
    static final String NEAR_ADDRESS = "10.78.0.1";

    private static final String PREFIX = "nattbench";
    private static final int GRACE_SECONDS = 4;

    private final String prefix;
    private final Thread hook = new Thread(this::delete);

    private VethPair(String prefix) {
        this.prefix = prefix;
    }

    static VethPair up() {
        endThoseOfDeadProcesses();
        var pair = new VethPair(PREFIX + ProcessHandle.current().pid());
        Runtime.getRuntime().addShutdownHook(pair.hook);
        for (String name : List.of(pair.near(), pair.far())) {
            Programs.mustRun("ip", "netns", "add", name);
            Programs.mustRun("ip", "-n", name, "link", "set", "lo", "up");
        }
        Programs.mustRun(
                ("ip link add eth0 netns %s type veth peer name eth0 netns %s"
                                .formatted(pair.near(), pair.far()))
                        .split(" "));
        pair.configure(pair.near(), NEAR_ADDRESS);
        pair.configure(pair.far(), FAR_ADDRESS);
        return pair;
    }

    private void configure(String name, String address) {
        Programs.mustRun("ip", "-n", name, "addr", "add", address + "/24", "dev", "eth0");
        Programs.mustRun("ip", "-n", name, "link", "set", "eth0", "up");
    }

    String near() {
        return prefix + "a";
    }

    String far() {
        return prefix + "b";
    }

    /// What lies between the two hosts, where a link has a namespace of its own.
    String between() {
        return prefix + "w";
    }

    /// The pair that another process has made and will delete.
    ///
    /// @param far the namespace of its second host
    static VethPair madeByAnother(String far) {
        return new VethPair(far.substring(0, far.length() - 1));
    }

    /// Runs a program of this class path where it sees the near end of the pair, until it ends.
    int runNear(Class<?> program, List<String> arguments) throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
        command.addAll(arguments);
        Process process = new ProcessBuilder(on(near(), command)).inheritIO().start();
        try {
            return process.waitFor();
        } finally {
            process.destroy();
        }
    }

    /// A command line that runs the given one on a host.
    static List<String> on(String namespace, List<String> command) {
        var line = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        line.addAll(command);
        return line;
    }

    private void delete() {
        List.of(near(), far(), between()).forEach(VethPair::delete);
    }

    /// Ends what still runs inside, without which a namespace lives on; politely at first, because
    /// it may have something to put away.
    private static void delete(String name) {
        List<ProcessHandle> inside =
                Programs.run("ip", "netns", "pids", name)
                        .output()
                        .lines()
                        .filter(line -> line.matches("[0-9]+"))
                        .flatMap(pid -> ProcessHandle.of(Long.parseLong(pid)).stream())
                        .toList();
        inside.forEach(ProcessHandle::destroy);
        CompletableFuture.allOf(
                        inside.stream()
                                .map(ProcessHandle::onExit)
                                .toArray(CompletableFuture[]::new))
                .completeOnTimeout(null, GRACE_SECONDS, TimeUnit.SECONDS)
                .join();
        inside.forEach(ProcessHandle::destroyForcibly);
        Programs.run("ip", "netns", "del", name);
    }

    /// A killed JVM leaves its pair behind.
    private static void endThoseOfDeadProcesses() {
        Programs.run("ip", "netns", "list")
                .output()
                .lines()
                .map(line -> line.split(" ", 2)[0])
                .filter(name -> name.matches(PREFIX + "[0-9]+[abw]"))
                .filter(name -> ProcessHandle.of(pid(name)).isEmpty())
                .toList()
                .forEach(VethPair::delete);
    }

    private static long pid(String name) {
        return Long.parseLong(name.substring(PREFIX.length(), name.length() - 1));
    }

    @Override
    public void close() {
        delete();
        Runtime.getRuntime().removeShutdownHook(hook);
    }
}
