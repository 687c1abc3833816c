package natt.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.beust.jcommander.JCommander;

import natt.core.status.ControlSocket;
import natt.core.status.Report;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
                    nattc
                      process  7

                    natts
                      process  11

                    natts
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
        var home = Map.of("HOME", "/home/u");
        Path users = directory.resolve("run");
        assertEquals(paths("/home/u/.local/state/natt"), Status.directories(home, false, users));
        assertEquals(paths("/run/natt"), Status.directories(home, true, users));
        var all =
                Map.of(
                        "RUNTIME_DIRECTORY", "/run/x/natt:/run/other",
                        "STATE_DIRECTORY", "/var/lib/x",
                        "XDG_RUNTIME_DIR", "/run/user/1",
                        "XDG_STATE_HOME", "/var/state");
        assertEquals(
                paths("/run/x/natt", "/run/user/1/natt", "/var/state/natt"),
                Status.directories(all, false, users));
        assertEquals(paths("/run/x/natt", "/run/natt"), Status.directories(all, true, users));
        assertThrows(UsageException.class, () -> Status.directories(Map.of(), false, users));
    }

    @Test
    void rootLooksIntoTheDirectoriesOfAllUsersAsWell() throws Exception {
        Files.createDirectories(directory.resolve("1000/natt"));
        Files.createDirectories(directory.resolve("1001/other"));
        assertEquals(
                paths("/run/natt", directory + "/1000/natt"),
                Status.directories(Map.of(), true, directory));
        assertEquals(
                paths("/run/user/1/natt"),
                Status.directories(Map.of("XDG_RUNTIME_DIR", "/run/user/1"), false, directory));
    }

    @Test
    void theHelpShowsNoOptionsOfOtherPrograms() {
        for (BasicOptions options : List.of(new StatusOptions(), new KeygenOptions())) {
            var names = new ArrayList<String>();
            for (var each : JCommander.newBuilder().addObject(options).build().getParameters()) {
                names.add(each.getLongestName());
            }
            for (String other : List.of("--compat", "--config", "--log-format", "--quiet")) {
                assertFalse(names.contains(other), other);
            }
        }
    }
}
