package natt.rendezvous;

import natt.core.Text;
import natt.core.keys.TextFile;
import natt.rendezvous.proto.Sleeper;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// The file of the nodes that have sessions, which are woken when the broker is started again. A
/// node that is missing comes back by itself, later.
final class NodesFile {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final int LIMIT = 64 << 20;

    private final Path path;

    NodesFile(Path path) {
        this.path = path;
    }

    /// What cannot be read is left out.
    List<Sleeper> load() {
        var sleepers = new ArrayList<Sleeper>();
        int damaged = 0;
        try {
            for (String line : TextFile.read(path, LIMIT).split("\n", -1)) {
                try {
                    if (!line.isEmpty()) {
                        sleepers.add(Sleeper.parse(line));
                    }
                } catch (IllegalArgumentException wrong) {
                    damaged++;
                }
            }
        } catch (NoSuchFileException none) {
            LOG.log(Level.DEBUG, "there is no file {0}", Text.escape(path.toString()));
        } catch (IOException failed) {
            LOG.log(
                    Level.WARNING,
                    "nodes are not woken: {0}",
                    Text.escape(String.valueOf(failed.getMessage())));
        }
        if (damaged > 0) {
            LOG.log(
                    Level.WARNING,
                    "{0} lines of {1} are left out",
                    Integer.toString(damaged),
                    Text.escape(path.toString()));
        }
        return sleepers;
    }

    void write(List<Sleeper> sleepers) throws IOException {
        TextFile.replace(
                path,
                sleepers.stream().map(each -> each.toLine() + "\n").collect(Collectors.joining()));
    }
}
