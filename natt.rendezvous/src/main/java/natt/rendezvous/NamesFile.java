package natt.rendezvous;

import natt.core.Text;
import natt.core.keys.TextFile;
import natt.rendezvous.proto.Journal;
import natt.rendezvous.proto.Name;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/// The file of names: a line for each, and further lines at the end for what has changed since it
/// was written whole. A line is written before a name is promised, so that a name survives the
/// death of the process; it is a hundred bytes into the system's cache, and so is done by the
/// thread that asks.
final class NamesFile implements Journal {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final int LIMIT = 64 << 20;
    private static final int MOST_SAID = 10;
    private static final long SAY_AGAIN_NANOS = Duration.ofMinutes(1).toNanos();

    /// How many lines are added before the file is worth writing anew.
    private static final int MOST_ADDED = 10_000;

    private final Path path;
    private final List<Name> loaded;
    private @Nullable FileChannel end;
    private int added;
    private boolean complained;
    private long complainedAt;

    /// @throws IOException with one line for the user, if there is a file and it cannot be read
    NamesFile(Path path) throws IOException {
        this.path = path;
        loaded = load(path);
    }

    private static List<Name> load(Path path) throws IOException {
        String text;
        try {
            text = TextFile.read(path, LIMIT);
        } catch (NoSuchFileException none) {
            return List.of();
        }
        var names = new ArrayList<Name>();
        int number = 0;
        int damaged = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            try {
                names.add(Name.parse(line));
            } catch (IllegalArgumentException wrong) {
                damaged++;
                if (damaged <= MOST_SAID) {
                    LOG.log(
                            Level.WARNING,
                            "{0}, line {1} is left out: {2}",
                            Text.escape(path.toString()),
                            Integer.toString(number),
                            String.valueOf(wrong.getMessage()));
                }
            }
        }
        if (damaged > 0) {
            Path copy = path.resolveSibling(path.getFileName() + ".damaged");
            TextFile.replace(copy, text);
            LOG.log(Level.WARNING, "{0} is a copy of it", Text.escape(copy.toString()));
        }
        return names;
    }

    /// In the order of the file: of two with one name, the later counts.
    List<Name> loaded() {
        return loaded;
    }

    @Override
    public boolean add(Name name) {
        try {
            FileChannel to = end;
            if (to == null) {
                to = FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
                end = to;
            }
            ByteBuffer line = StandardCharsets.US_ASCII.encode(name.toLine() + "\n");
            while (line.hasRemaining()) {
                to.write(line);
            }
            added++;
            LOG.log(
                    Level.INFO,
                    name.withdrawn() ? "{0} gives up the name {1}" : "{0} has the name {1}",
                    name.key(),
                    name.name());
            return true;
        } catch (IOException failed) {
            complain(failed);
            // The end may be half a line now: the file is to be written whole.
            added = MOST_ADDED;
            return false;
        }
    }

    void complain(IOException failed) {
        long now = System.nanoTime();
        if (complained && now - complainedAt < SAY_AGAIN_NANOS) {
            return;
        }
        complained = true;
        complainedAt = now;
        LOG.log(
                Level.WARNING,
                "names cannot be kept: {0}",
                Text.escape(String.valueOf(failed.getMessage())));
    }

    boolean isWorthRewriting() {
        return added >= MOST_ADDED;
    }

    /// Writes all names anew.
    void rewrite(Collection<Name> names) throws IOException {
        String lines =
                names.stream()
                        .map(name -> name.toLine() + "\n")
                        .sorted()
                        .collect(Collectors.joining());
        TextFile.replace(path, lines);
        close();
        added = 0;
    }

    void close() throws IOException {
        FileChannel open = end;
        end = null;
        if (open != null) {
            open.close();
        }
    }
}
