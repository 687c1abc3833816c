package natt.rendezvous;

import natt.core.NodeKey;
import natt.core.Route;
import natt.core.Text;
import natt.core.keys.AuthorizedClients;
import natt.core.keys.AuthorizedClientsFile;
import natt.rendezvous.proto.Guests;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;

/// For whom the broker has names and relays: those in a file, which is read again when it changes,
/// or everybody.
final class GuestList implements Guests, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final Duration POLL = Duration.ofMillis(500);

    /// Programs that do not replace a file at once write it within this time.
    private static final Duration SETTLE = Duration.ofMillis(150);

    private final Optional<AuthorizedClientsFile> file;
    private final Function<InetSocketAddress, Optional<InetSocketAddress>> connections;
    private final Thread thread;
    private volatile AuthorizedClients list = AuthorizedClients.nobody();

    /// @param connections the transport address at the other end of a connection
    /// @throws IOException with one line for the user, if the list cannot be read
    GuestList(
            Optional<Path> path,
            Function<InetSocketAddress, Optional<InetSocketAddress>> connections)
            throws IOException {
        this.connections = connections;
        file = path.map(AuthorizedClientsFile::new);
        thread = Thread.ofVirtual().name("natt-clients").unstarted(this::run);
        if (file.isPresent()) {
            try {
                list = file.get().load();
            } catch (NoSuchFileException none) {
                throw new IOException("there is no file " + file.get().path(), none);
            }
            sayProblems();
        }
    }

    void start() {
        if (file.isPresent()) {
            LOG.log(
                    Level.INFO,
                    "{0} may have names and be relayed, listed in {1}",
                    list,
                    file.get().path());
            thread.start();
        }
    }

    @Override
    public boolean isGuest(NodeKey key, Optional<InetSocketAddress> from) {
        if (file.isEmpty()) {
            return true;
        }
        AuthorizedClients now = list;
        if (from.isEmpty()) {
            return now.find(key).isPresent();
        }
        Optional<InetSocketAddress> address =
                Route.connection(from.get()).isPresent()
                        ? connections.apply(from.get())
                        : from.map(Route::remote);
        return address.isPresent()
                && now.refuses(key, address.get().getAddress(), Instant.now()).isEmpty();
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(POLL);
                try {
                    if (file.orElseThrow().changed()) {
                        Thread.sleep(SETTLE);
                        reload();
                    }
                } catch (RuntimeException | AssertionError fault) {
                    LOG.log(Level.ERROR, "a fault in natt: {0}", Text.escape(fault.toString()));
                }
            }
        } catch (InterruptedException closed) {
            LOG.log(Level.DEBUG, "watching the list of clients ends");
        }
    }

    private void reload() {
        try {
            list = file.orElseThrow().load();
            LOG.log(Level.INFO, "the list of clients has changed: {0}", list);
            sayProblems();
        } catch (NoSuchFileException gone) {
            list = AuthorizedClients.nobody();
            LOG.log(
                    Level.WARNING,
                    "the file {0} is gone: there are names and relays for nobody",
                    file.orElseThrow().path());
        } catch (IOException failed) {
            LOG.log(
                    Level.WARNING,
                    "{0}; the list of clients stays as it was",
                    Text.escape(String.valueOf(failed.getMessage())));
        }
    }

    private void sayProblems() {
        list.problems()
                .forEach(
                        problem ->
                                LOG.log(
                                        Level.WARNING,
                                        "{0}, line {1} is left out: {2}",
                                        file.orElseThrow().path(),
                                        Integer.toString(problem.line()),
                                        problem.why()));
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
