package natt.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.status.ControlSocket;
import natt.core.status.Report;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.concurrent.CompletableFuture;

class StatusTests {
    @TempDir Path directory;

    private ControlSocket node(String program, long process) throws IOException {
        Report report = Report.builder().text("program", program).count("process", process).build();
        return ControlSocket.open(
                ControlSocket.path(directory, program, process),
                () -> CompletableFuture.completedFuture(report));
    }

    private String tell(boolean json) throws IOException {
        var out = new ByteArrayOutputStream();
        var missing = directory.resolve("missing");
        var directories = new LinkedHashSet<>(List.of(missing, directory));
        Status.tell(directories, json, new PrintStream(out, true, StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void everyRunningNodeIsToldInOrder() throws Exception {
        try (var _ = node("natts", 12);
                var _ = node("nattc", 7);
                var _ = node("natts", 11)) {
            assertEquals(
                    """
                    node
                      program  nattc
                      process  7

                    node
                      program  natts
                      process  11

                    node
                      program  natts
                      process  12
                    """,
                    tell(false));
            assertEquals(
                    """
                    {"nodes":[{"program":"nattc","process":7},{"program":"natts","process":11},\
                    {"program":"natts","process":12}]}
                    """,
                    tell(true));
        }
    }

    @Test
    void aNodeThatCannotTellDoesNotHideTheOthers() throws Exception {
        try (var _ = node("natts", 1);
                var _ =
                        ControlSocket.open(
                                ControlSocket.path(directory, "natts", 2),
                                () -> CompletableFuture.failedFuture(new IOException("late")))) {
            assertEquals("{\"nodes\":[{\"program\":\"natts\",\"process\":1}]}\n", tell(true));
        }
    }

    @Test
    void whyTheOnlyNodeDoesNotTellIsSaid() throws Exception {
        try (var socket =
                ControlSocket.open(
                        ControlSocket.path(directory, "natts", 2),
                        () -> CompletableFuture.failedFuture(new IOException("late")))) {
            var failed = assertThrows(IOException.class, () -> tell(true));
            assertEquals(socket.path() + ": this node cannot tell", failed.getMessage());
        }
    }

    @Test
    void noNodeAtAllIsSaidWithWhereItWasLookedFor() {
        var failed = assertThrows(IOException.class, () -> tell(false));
        assertEquals(
                "no running natts or nattc in %s/missing, %s".formatted(directory, directory),
                failed.getMessage());
    }

    @Test
    void anEmptyRuntimeDirectoryIsAFailureOfTheCommand() {
        String[] args = {"--runtime-dir=" + directory, "--json"};
        var failed = assertThrows(IOException.class, () -> Status.run(args, Map.of()));
        assertEquals("no running natts or nattc in " + directory, failed.getMessage());
    }

    private static SequencedSet<Path> paths(String... paths) {
        var all = new LinkedHashSet<Path>();
        for (String path : paths) {
            all.add(Path.of(path));
        }
        return all;
    }

    @Test
    void nodesAreLookedForWhereverOneOfThisUserMayHaveItsSocket() {
        assertEquals(
                paths("/home/u/.local/state/natt"), Status.directories(Map.of(), "/home/u", false));
        assertEquals(
                paths("/run/natt", "/root/.local/state/natt"),
                Status.directories(Map.of(), "/root", true));
        var all =
                Map.of(
                        "RUNTIME_DIRECTORY", "/run/x/natt:/run/other",
                        "XDG_RUNTIME_DIR", "/run/user/1",
                        "XDG_STATE_HOME", "/var/state");
        assertEquals(
                paths("/run/x/natt", "/run/user/1/natt", "/var/state/natt"),
                Status.directories(all, "/home/u", false));
        var relative =
                Map.of("RUNTIME_DIRECTORY", "x", "XDG_RUNTIME_DIR", "", "XDG_STATE_HOME", "y");
        assertEquals(
                paths("/home/u/.local/state/natt"), Status.directories(relative, "/home/u", false));
    }
}
