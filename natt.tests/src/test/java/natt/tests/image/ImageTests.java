package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

@Requires(Need.IMAGE)
@Timeout(120)
class ImageTests {
    private static final long SIZE_BUDGET_MB = 64;

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @Test
    void everyProviderIsLinkedAndListed() throws Exception {
        assertEquals(
                List.of(
                        "AddressDiscovery stun",
                        "DnsProvider cloudflare file",
                        "NameLookup dns file",
                        "PlainTransport kcp-go",
                        "PortMapper portmap",
                        "Transport kcp"),
                Run.of(processes, "natt", "providers").lines());
    }

    @Test
    void theDemoMovesEveryByteBothWaysAndEndsWithZero() throws Exception {
        Run demo = Run.of(processes, "natt", "demo", "--megabytes", "10");
        assertEquals(0, demo.status(), () -> String.join("\n", demo.lines()));
        assertTrue(
                demo.lines().stream().anyMatch(line -> line.startsWith("10 MB each way")),
                () -> String.join("\n", demo.lines()));
    }

    @Test
    void theImageWorksWhereverItIsMovedAndThroughALink() throws Exception {
        Path moved = directory.resolve("else where");
        copy(Natt.IMAGE, moved);
        Path link = Files.createSymbolicLink(directory.resolve("natt"), moved.resolve("bin/natt"));
        Run run = Run.of(processes.prepare("moved", link.toString(), "providers"));
        assertEquals(0, run.status());
        assertEquals(6, run.lines().size());
    }

    @Test
    void theLaunchersShareAnAheadOfTimeCacheAndUseIt() throws Exception {
        assertTrue(Files.size(Natt.IMAGE.resolve("lib/natt.aot")) > 1_000_000);
        for (String program : List.of("natts", "nattc", "natt")) {
            // With this mode the JVM refuses to start if it cannot use the cache.
            Run run =
                    Run.of(
                            processes
                                    .prepare(program, Natt.program(program), "--version")
                                    .env("JDK_JAVA_OPTIONS", "-XX:AOTMode=on"));
            assertEquals(0, run.status(), () -> String.join("\n", run.lines()));
        }
    }

    @Test
    void theSizeStaysWithinItsBudget() throws IOException {
        try (var files = Files.walk(Natt.IMAGE)) {
            long bytes = files.filter(Files::isRegularFile).mapToLong(ImageTests::size).sum();
            assertTrue(bytes < SIZE_BUDGET_MB * 1_000_000, bytes + " bytes");
        }
    }

    @Test
    void noProgramWritesToStandardOutputWhatItDidNotReceive() throws Exception {
        var process =
                processes
                        .prepare("nattc", Natt.program("nattc"), "--proxy", "--target", "a.b")
                        .with("--compat", "kcp-go")
                        .with("--dns-file", directory.resolve("missing").toString(), "--verbose")
                        .binary()
                        .start();
        process.stdin().close();
        assertFalse(process.stdout().read() >= 0);
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }
}
