package natt.core.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.unix.Privileges.Capability;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/// Rights belong to threads, so each test loses those of a thread of its own. With root's rights
/// these tests see more.
@Timeout(30)
@EnabledOnOs(OS.LINUX)
class PrivilegesTests {
    private static final long NET_ADMIN = 1L << 12;

    private static <T> T inItsThread(Callable<T> action) throws Exception {
        var task = new FutureTask<>(action);
        Thread.ofPlatform().start(task);
        return task.get();
    }

    private static long field(String name) throws IOException {
        return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                .filter(line -> line.startsWith(name + ":"))
                .map(line -> Long.parseUnsignedLong(line.substring(name.length() + 1).strip(), 16))
                .findFirst()
                .orElseThrow();
    }

    private static String rights() throws IOException {
        return "%x %x %x %x %x"
                .formatted(
                        field("CapEff"),
                        field("CapPrm"),
                        field("CapInh"),
                        field("CapAmb"),
                        field("NoNewPrivs"));
    }

    @Test
    void aThreadAndThoseThatItStartsLoseAllRights() throws Exception {
        String before = rights();
        String later =
                inItsThread(
                        () -> {
                            Privileges.drop(Set.of());
                            return rights() + ", " + inItsThread(PrivilegesTests::rights);
                        });
        assertEquals("0 0 0 0 1, 0 0 0 0 1", later);
        assertEquals(before, rights());
    }

    @Test
    void aProgramGainsNothingBack() throws Exception {
        String line =
                inItsThread(
                        () -> {
                            Privileges.drop(Set.of());
                            Process grep =
                                    new ProcessBuilder("grep", "CapEff", "/proc/self/status")
                                            .start();
                            return new String(grep.getInputStream().readAllBytes()).strip();
                        });
        assertEquals("CapEff:\t0000000000000000", line);
    }

    @Test
    void whatIsKeptIsKeptAlsoByPrograms() throws Exception {
        long kept = field("CapPrm") & NET_ADMIN;
        String line =
                inItsThread(
                        () -> {
                            Privileges.drop(Set.of(Capability.NET_ADMIN));
                            assertEquals(kept != 0, Privileges.has(Capability.NET_ADMIN));
                            assertFalse(Privileges.has(Capability.NET_RAW));
                            Process grep =
                                    new ProcessBuilder("grep", "CapEff", "/proc/self/status")
                                            .start();
                            return new String(grep.getInputStream().readAllBytes()).strip();
                        });
        assertEquals("CapEff:\t%016x".formatted(kept), line);
    }

    @Test
    void rightsThatAreGoneCannotBeKeptOrDroppedAgainWithHarm() throws Exception {
        String later =
                inItsThread(
                        () -> {
                            Privileges.drop(Set.of());
                            Privileges.drop(Set.of(Capability.values()));
                            return rights();
                        });
        assertEquals("0 0 0 0 1", later);
    }

    @Test
    void aVirtualThreadIsRefused() throws Exception {
        var task =
                new FutureTask<>(
                        () ->
                                assertThrows(
                                        IllegalStateException.class,
                                        () -> Privileges.drop(Set.of())));
        Thread.ofVirtual().start(task);
        assertTrue(task.get().getMessage().startsWith("a virtual thread"));
    }
}
