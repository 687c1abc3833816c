package natt.core.node;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.io.Driver;
import natt.core.keys.KnownHosts;
import natt.core.keys.KnownHosts.Entry;
import natt.core.keys.KnownHosts.Outcome;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// Remembers which key a peer's name had when it was met first: a broker that gives a name to
/// somebody else is noticed.
final class PeerPins {
    private static final System.Logger LOG = System.getLogger("natt");

    private final HostAndPort broker;
    private final KnownHosts known;
    private final boolean strict;
    private final Driver driver;
    private final ReentrantLock writing = new ReentrantLock();

    /// @param broker whose names these are
    /// @param strict whether peers are refused that have not been met
    PeerPins(HostAndPort broker, KnownHosts known, boolean strict, Driver driver) {
        this.broker = broker;
        this.known = known;
        this.strict = strict;
        this.driver = driver;
    }

    /// Finds the key of a peer; the file is read on a virtual thread.
    ///
    /// @param outcome called on the driver's thread
    void find(Peer peer, PeerFinder finder, Consumer<PeerFinder.Found> outcome) {
        Thread.startVirtualThread(
                () -> {
                    try {
                        Optional<Entry> pinned =
                                known.find(KnownHosts.atBroker(peer.text(), broker));
                        driver.execute(
                                () ->
                                        finder.resolve(
                                                peer.text(),
                                                found ->
                                                        outcome.accept(
                                                                compare(peer, pinned, found))));
                    } catch (IOException unreadable) {
                        String why = Client.reason(unreadable);
                        driver.execute(
                                () -> outcome.accept(new PeerFinder.Found(Optional.empty(), why)));
                    }
                });
    }

    /// Finds the key that a peer had when it was met; the file is read on a virtual thread.
    ///
    /// @param outcome called on the driver's thread; empty if it has not been met, or the file
    ///     cannot be read
    void pinned(Peer peer, Consumer<Optional<NodeKey>> outcome) {
        Thread.startVirtualThread(
                () -> {
                    Optional<NodeKey> pinned;
                    try {
                        pinned =
                                known.find(KnownHosts.atBroker(peer.text(), broker))
                                        .map(Entry::key);
                    } catch (IOException unreadable) {
                        // Who asks for the peer next is told so.
                        pinned = Optional.empty();
                    }
                    Optional<NodeKey> found = pinned;
                    driver.execute(() -> outcome.accept(found));
                });
    }

    private PeerFinder.Found compare(Peer peer, Optional<Entry> pinned, PeerFinder.Found found) {
        if (found.key().isEmpty()) {
            return found;
        }
        NodeKey key = found.key().get();
        if (pinned.isPresent() && !pinned.get().key().equals(key)) {
            return refused(
                    "the broker says that %s has the key %s, but line %d of %s has another: remove"
                                    .formatted(peer, key, pinned.get().line(), known.path())
                            + " it if that is right");
        }
        if (pinned.isEmpty() && strict) {
            return refused(
                    "%s is not in %s, and --strict is given; its key is %s, the broker says"
                            .formatted(peer, known.path(), key));
        }
        if (pinned.isEmpty()) {
            LOG.log(
                    Level.WARNING,
                    "the key of {0} is {1}, the broker says; it is remembered once {0} has proven"
                            + " it",
                    peer,
                    key);
        }
        return found;
    }

    private static PeerFinder.Found refused(String why) {
        return new PeerFinder.Found(Optional.empty(), why);
    }

    /// The peer has proven its key.
    void remember(Peer peer, NodeKey key) {
        if (peer.key().isPresent()) {
            return;
        }
        Thread.startVirtualThread(
                () -> {
                    writing.lock();
                    try {
                        String name = KnownHosts.atBroker(peer.text(), broker);
                        if (known.remember(name, key, List.of())
                                instanceof Outcome.NotKept(var why)) {
                            LOG.log(Level.WARNING, "{0}", why);
                        }
                    } finally {
                        writing.unlock();
                    }
                });
    }
}
