package natt.core.node;

import natt.core.Text;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.LongSupplier;

/// Numbers the copies of a record: each greater than the last, also after a restart with a clock
/// that was set back, and otherwise the time.
final class RecordNumbers {
    private static final System.Logger LOG = System.getLogger("natt");

    private final Path file;
    private final LongSupplier wallMillis;
    private long last;
    private boolean warned;

    RecordNumbers(Path file, LongSupplier wallMillis) {
        this.file = file;
        this.wallMillis = wallMillis;
        last = read();
    }

    private long read() {
        try {
            return Files.exists(file) ? Long.parseLong(Files.readString(file).strip()) : 0;
        } catch (IOException | NumberFormatException unreadable) {
            LOG.log(Level.WARNING, "the file {0} holds no record number", file);
            return 0;
        }
    }

    /// The next number, which is on disk before it is used, unless the disk takes none.
    long next() {
        last = Math.max(last + 1, wallMillis.getAsLong() / 1_000);
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.writeString(fresh, last + "\n");
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failed) {
            if (!warned) {
                warned = true;
                LOG.log(
                        Level.WARNING,
                        "cannot write the file {0}: {1}; going on without",
                        file,
                        Text.escape(failed.toString()));
            }
        }
        return last;
    }
}
