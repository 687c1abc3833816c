package natt.core.forward;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;

/// A process and all that descend from it: those whose parents have gone are found by a mark in
/// their environment, where the system shows that, as Linux does.
final class ProcessTree {
    private static final Path PROC = Path.of("/proc");
    private static final int ROUNDS = 10;

    /// How long processes may take to end by themselves.
    private static final Duration GRACE = Duration.ofSeconds(2);

    private static final Duration PAUSE = Duration.ofMillis(50);

    private final ProcessHandle root;
    private final String mark;

    /// @param mark `NAME=VALUE`, in the environment of all of them and of no other process
    ProcessTree(ProcessHandle root, String mark) {
        this.root = root;
        this.mark = mark;
    }

    /// Asks all to end, and kills those that do not.
    void end() {
        try {
            Set<ProcessHandle> alive = alive();
            alive.forEach(ProcessHandle::destroy);
            long deadline = System.nanoTime() + GRACE.toNanos();
            while (!alive.isEmpty() && deadline - System.nanoTime() > 0) {
                Thread.sleep(PAUSE);
                alive = alive();
            }
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
        kill();
    }

    /// Kills all. One that is being started meanwhile is found in the next round.
    void kill() {
        for (int round = 0; round < ROUNDS; round++) {
            Set<ProcessHandle> alive = alive();
            if (alive.isEmpty()) {
                return;
            }
            alive.forEach(ProcessHandle::destroyForcibly);
            Thread.yield();
        }
    }

    private Set<ProcessHandle> alive() {
        var found = new LinkedHashSet<ProcessHandle>();
        found.add(root);
        root.descendants().forEach(found::add);
        addMarked(found);
        found.removeIf(each -> !each.isAlive());
        return found;
    }

    private void addMarked(Set<ProcessHandle> found) {
        if (!Files.isDirectory(PROC)) {
            return;
        }
        try (DirectoryStream<Path> all = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path each : all) {
                if (isMarked(each)) {
                    long id = Long.parseLong(each.getFileName().toString());
                    ProcessHandle.of(id).ifPresent(found::add);
                }
            }
        } catch (IOException | RuntimeException unreadable) {
            // The descendants have to do.
        }
    }

    private boolean isMarked(Path process) {
        try {
            byte[] environment = Files.readAllBytes(process.resolve("environ"));
            String text = new String(environment, StandardCharsets.ISO_8859_1);
            return text.startsWith(mark + "\0") || text.contains("\0" + mark + "\0");
        } catch (IOException gone) {
            // It belongs to another user, or has ended.
            return false;
        }
    }
}
