package natt.core.node;

import natt.core.CloseCode;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.Route;
import natt.core.Text;
import natt.core.io.Driver;
import natt.core.keys.AuthorizedClients;
import natt.core.keys.AuthorizedClients.Client;
import natt.core.keys.WatchedClients;
import natt.core.session.Admission;
import natt.core.session.SessionEngine.Refusal;
import natt.core.status.Refusals;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Decides who may connect: those on the list, if there is one, else everybody who gets this far;
/// the shared secret is the session's affair. Reads the list again when it changes.
final class Doorkeeper implements Admission, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final WatchedClients.Words WORDS =
            new WatchedClients.Words("admits nobody", "nobody may connect");
    private static final long SAY_AGAIN_NANOS = Duration.ofMinutes(1).toNanos();
    private static final int MOST_SAID = 256;

    private final boolean open;
    private final Driver driver;
    private final Optional<WatchedClients> clients;
    private final Refusals refusals;
    private final Map<NodeKey, Long> said = new LinkedHashMap<>();

    /// @param list the file of those who may connect; empty for anybody
    /// @param secret whether callers must know a secret
    /// @param refusals used on the driver's thread only
    /// @throws IOException with one line for the user, if the list cannot be read
    Doorkeeper(Optional<Path> list, boolean secret, Driver driver, Refusals refusals)
            throws IOException {
        this.driver = driver;
        this.refusals = refusals;
        open = list.isEmpty() && !secret;
        clients =
                list.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new WatchedClients(list.get(), WORDS));
    }

    /// @param onListChange called on the driver's thread when others than before may connect
    void start(Runnable onListChange) {
        clients.ifPresent(
                each -> {
                    LOG.log(Level.INFO, "{0} may connect, listed in {1}", each.list(), each.path());
                    each.start(() -> driver.execute(onListChange));
                });
    }

    private AuthorizedClients list() {
        return clients.map(WatchedClients::list).orElseGet(AuthorizedClients::nobody);
    }

    /// Whether anybody may connect.
    boolean open() {
        return open;
    }

    /// Those on the list.
    List<Client> listed() {
        return list().clients();
    }

    boolean allows(NodeKey client, String service) {
        return list().find(client).map(each -> each.mayReach(service)).orElse(clients.isEmpty());
    }

    /// The client's key, and the comment beside it on the list.
    String label(NodeKey client) {
        return comment(client).map(text -> client + " " + Text.escape(text)).orElse("" + client);
    }

    @Override
    public Answer admit(NodeKey caller, InetSocketAddress from) {
        if (clients.isEmpty()) {
            return Answer.anybody();
        }
        Optional<CloseCode> why =
                list().refuses(caller, Route.remote(from).getAddress(), Instant.now());
        return why.map(Answer::refuse).orElseGet(Answer::listedKey);
    }

    /// The comment beside the client's key on the list, not escaped.
    Optional<String> comment(NodeKey client) {
        return list().find(client).map(Client::comment).filter(text -> !text.isEmpty());
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
                    case NO_PACKETS -> "its line has no tun=";
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

    @Override
    public void close() {
        clients.ifPresent(WatchedClients::close);
    }
}
