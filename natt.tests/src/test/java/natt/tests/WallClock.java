package natt.tests;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;

/// The wall clock of one program, which the test moves. Others keep theirs.
public final class WallClock {
    private final Path file;

    /// A clock that is right as yet.
    public WallClock(Path file) throws IOException {
        this.file = file;
        Files.write(file, new byte[Long.BYTES]);
    }

    private static Path library() {
        return Repository.target("peer").resolve("wallclock.so");
    }

    /// Builds what moves clocks; returns why that was not possible.
    static Optional<String> build() {
        if (Programs.find("gcc").isEmpty()) {
            return Optional.of("no program 'gcc' (gcc, libc6-dev)");
        }
        Path source = Repository.root().resolve("natt.tests/src/peer/c/wallclock.c");
        var result =
                Programs.run(
                        "gcc",
                        "-O2",
                        "-shared",
                        "-fPIC",
                        "-o",
                        library().toString(),
                        source.toString());
        return result.status() == 0
                ? Optional.empty()
                : Optional.of("what moves clocks does not compile: " + result.firstLine());
    }

    /// For the program whose clock this is.
    public Map<String, String> environment() {
        return Map.of("LD_PRELOAD", library().toString(), "WALLCLOCK", file.toString());
    }

    /// Makes the clock show this many seconds more than the right time.
    public void shift(long seconds) throws IOException {
        var bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
        // In place: the program has mapped the file.
        Files.write(file, bytes.putLong(seconds).array(), StandardOpenOption.WRITE);
    }
}
