package natt.core.keys;

import natt.core.Text;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/// The list of clients in a file, read again when that changes: within a second, so that whoever is
/// taken off it is out. A file that cannot be read leaves the list as it was; one that is gone
/// lists nobody.
public final class WatchedClients implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final Duration POLL = Duration.ofMillis(500);

    /// Programs that do not replace a file at once write it within this time.
    private static final Duration SETTLE = Duration.ofMillis(150);

    /// How the log tells people.
    ///
    /// @param wrongLine what a line does that cannot be read: `admits nobody`
    /// @param gone what holds without the file: `nobody may connect`
    public record Words(String wrongLine, String gone) {}

    private final AuthorizedClientsFile file;
    private final Words words;
    private final Thread thread;
    private volatile AuthorizedClients list;
    private volatile Runnable onChange = () -> {};

    /// Reads the list.
    ///
    /// @throws IOException with one line for the user, if it cannot be read
    public WatchedClients(Path path, Words words) throws IOException {
        this.words = words;
        file = new AuthorizedClientsFile(path);
        thread = Thread.ofVirtual().name("natt-clients").unstarted(this::run);
        try {
            list = file.load();
        } catch (NoSuchFileException none) {
            throw new IOException("there is no file " + path, none);
        }
        sayProblems();
    }

    /// Watches the file from now on.
    ///
    /// @param onListChange called on a thread of its own when others than before are listed, or
    ///     somebody's permission has expired
    public void start(Runnable onListChange) {
        onChange = onListChange;
        thread.start();
    }

    public Path path() {
        return file.path();
    }

    /// As it is now.
    public AuthorizedClients list() {
        return list;
    }

    private void run() {
        Instant checked = Instant.now();
        try {
            while (true) {
                Thread.sleep(POLL);
                Instant now = Instant.now();
                try {
                    look(checked, now);
                } catch (RuntimeException | AssertionError fault) {
                    // A watch that ends would leave those in who are taken off the list.
                    LOG.log(Level.ERROR, "a fault in natt: {0}", Text.escape(fault.toString()));
                }
                checked = now;
            }
        } catch (InterruptedException closed) {
            LOG.log(Level.DEBUG, "watching the list of clients ends");
        }
    }

    private void look(Instant since, Instant now) throws InterruptedException {
        boolean changed = file.changed();
        if (changed) {
            Thread.sleep(SETTLE);
            reload();
        }
        boolean expired = list.nextExpiry(since).map(next -> !next.isAfter(now)).orElse(false);
        if (changed || expired) {
            onChange.run();
        }
    }

    private void reload() {
        try {
            list = file.load();
            LOG.log(Level.INFO, "the list of clients has changed: {0}", list);
            sayProblems();
        } catch (NoSuchFileException gone) {
            list = AuthorizedClients.nobody();
            LOG.log(Level.WARNING, "the file {0} is gone: {1}", path(), words.gone());
        } catch (IOException failed) {
            LOG.log(
                    Level.WARNING,
                    "{0}; the list of clients stays as it was",
                    Text.escape(String.valueOf(failed.getMessage())));
        }
    }

    private void sayProblems() {
        for (AuthorizedClients.Problem each : list.problems()) {
            LOG.log(
                    Level.WARNING,
                    "{0}, line {1} {2}: {3}",
                    path(),
                    Integer.toString(each.line()),
                    words.wrongLine(),
                    each.why());
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
