package natt.core.node;

import natt.core.CloseCode;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.Route;
import natt.core.Text;
import natt.core.io.Driver;
import natt.core.keys.AuthorizedClients;
import natt.core.keys.AuthorizedClients.Client;
import natt.core.keys.AuthorizedClientsFile;
import natt.core.session.Admission;
import natt.core.session.SessionEngine.Refusal;
import natt.core.status.Refusals;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Decides who may connect: those on the list, if there is one, else everybody who gets this far;
/// the shared secret is the session's affair. Reads the list again when it changes.
final class Doorkeeper implements Admission, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final Duration POLL = Duration.ofMillis(500);

    /// Programs that do not replace a file at once write it within this time.
    private static final Duration SETTLE = Duration.ofMillis(150);

    private static final long SAY_AGAIN_NANOS = Duration.ofMinutes(1).toNanos();
    private static final int MOST_SAID = 256;

    private final boolean open;
    private final Driver driver;
    private final Optional<AuthorizedClientsFile> file;
    private final Thread thread;
    private final Refusals refusals;
    private final Map<NodeKey, Long> said = new LinkedHashMap<>();
    private volatile AuthorizedClients list = AuthorizedClients.nobody();
    private volatile Runnable onChange = () -> {};

    /// @param list the file of those who may connect; empty for anybody
    /// @param secret whether callers must know a secret
    /// @param refusals used on the driver's thread only
    /// @throws IOException with one line for the user, if the list cannot be read
    Doorkeeper(Optional<Path> list, boolean secret, Driver driver, Refusals refusals)
            throws IOException {
        this.driver = driver;
        this.refusals = refusals;
        open = list.isEmpty() && !secret;
        file = list.map(AuthorizedClientsFile::new);
        thread = Thread.ofVirtual().name("natt-clients").unstarted(this::run);
        if (file.isPresent()) {
            try {
                this.list = file.get().load();
            } catch (NoSuchFileException none) {
                throw new IOException("there is no file " + file.get().path(), none);
            }
            sayProblems();
        }
    }

    /// @param onListChange called on the driver's thread when others than before may connect
    void start(Runnable onListChange) {
        onChange = onListChange;
        if (file.isPresent()) {
            LOG.log(Level.INFO, "{0} may connect, listed in {1}", list, file.get().path());
            thread.start();
        }
    }

    /// Whether anybody may connect.
    boolean open() {
        return open;
    }

    boolean allows(NodeKey client, String service) {
        return list.find(client).map(each -> each.mayReach(service)).orElse(file.isEmpty());
    }

    /// The client's key, and the comment beside it on the list.
    String label(NodeKey client) {
        return comment(client).map(text -> client + " " + Text.escape(text)).orElse("" + client);
    }

    @Override
    public Answer admit(NodeKey caller, InetSocketAddress from) {
        if (file.isEmpty()) {
            return Answer.anybody();
        }
        Optional<CloseCode> why =
                list.refuses(caller, Route.remote(from).getAddress(), Instant.now());
        return why.map(Answer::refuse).orElseGet(Answer::listedKey);
    }

    /// The comment beside the client's key on the list, not escaped.
    Optional<String> comment(NodeKey client) {
        return list.find(client).map(Client::comment).filter(text -> !text.isEmpty());
    }

    /// Notes, for status, that a client that is let in does not get all.
    void noteRefused(NodeKey client, String why) {
        refusals.note(why, client, driver.nanoTime());
    }

    /// Says who was refused, once for each key and minute, so that nobody can fill the log.
    void sayRefused(Refusal refusal) {
        NodeKey caller = refusal.caller();
        long now = driver.nanoTime();
        refusals.note(refusal.why().name().toLowerCase(Locale.ROOT).replace('_', ' '), caller, now);
        Long before = said.get(caller);
        if (before != null && now - before < SAY_AGAIN_NANOS) {
            return;
        }
        said.values().removeIf(at -> now - at >= SAY_AGAIN_NANOS);
        if (said.size() >= MOST_SAID) {
            return;
        }
        said.put(caller, now);
        String reason =
                switch (refusal.why()) {
                    case UNKNOWN_KEY -> "it is not listed; a line with this key lets it in";
                    case EXPIRED_KEY -> "its line has expired";
                    case WRONG_ADDRESS -> "its line has another from=";
                    case BUSY -> "there are too many sessions";
                    default -> refusal.why().description();
                };
        LOG.log(
                Level.INFO,
                "refused {0} from {1}: {2}",
                caller,
                HostAndPort.format(refusal.from()),
                reason);
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
        boolean changed = file.orElseThrow().changed();
        if (changed) {
            Thread.sleep(SETTLE);
            reload();
        }
        boolean expired = list.nextExpiry(since).map(next -> !next.isAfter(now)).orElse(false);
        if (changed || expired) {
            driver.execute(onChange);
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
                    "the file {0} is gone: nobody may connect",
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
                                        "{0}, line {1} admits nobody: {2}",
                                        file.orElseThrow().path(),
                                        problem.line(),
                                        problem.why()));
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
