package natt.rendezvous;

import natt.core.NodeKey;
import natt.core.Route;
import natt.core.keys.AuthorizedClients;
import natt.core.keys.WatchedClients;
import natt.rendezvous.proto.Guests;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;

/// For whom the broker has names and relays: those in a file, which is read again when it changes,
/// or everybody.
final class GuestList implements Guests, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final WatchedClients.Words WORDS =
            new WatchedClients.Words("is left out", "there are names and relays for nobody");

    private final Optional<WatchedClients> clients;
    private final Function<InetSocketAddress, Optional<InetSocketAddress>> connections;

    /// @param connections the transport address at the other end of a connection
    /// @throws IOException with one line for the user, if the list cannot be read
    GuestList(
            Optional<Path> path,
            Function<InetSocketAddress, Optional<InetSocketAddress>> connections)
            throws IOException {
        this.connections = connections;
        clients =
                path.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new WatchedClients(path.get(), WORDS));
    }

    void start() {
        clients.ifPresent(
                each -> {
                    LOG.log(
                            Level.INFO,
                            "{0} may have names and be relayed, listed in {1}",
                            each.list(),
                            each.path());
                    each.start(() -> {});
                });
    }

    @Override
    public boolean isGuest(NodeKey key, Optional<InetSocketAddress> from) {
        if (clients.isEmpty()) {
            return true;
        }
        AuthorizedClients now = clients.get().list();
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

    @Override
    public void close() {
        clients.ifPresent(WatchedClients::close);
    }
}
