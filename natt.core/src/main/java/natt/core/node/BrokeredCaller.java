package natt.core.node;

import natt.core.NodeKey;
import natt.core.io.Driver;
import natt.core.session.Session;
import natt.core.session.SessionEvent;

import org.jspecify.annotations.Nullable;

import java.lang.System.Logger.Level;
import java.time.Duration;

/// Finds a peer by its name at a broker, or by its key.
final class BrokeredCaller implements PacketCaller {
    private static final System.Logger LOG = System.getLogger("natt");

    /// The pause after the first answer that is none, then twice as long each time.
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);

    private final Peer peer;
    private final Driver driver;
    private final PeerFinder finder;
    private final PeerPins pins;
    private @Nullable Owner owner;
    private @Nullable NodeKey key;
    private boolean remembered;
    private boolean asking;
    private boolean stopped;
    private int failures;
    private int plan;
    private String said = "";

    BrokeredCaller(Peer peer, Driver driver, PeerFinder finder, PeerPins pins) {
        this.peer = peer;
        this.driver = driver;
        this.finder = finder;
        this.pins = pins;
    }

    @Override
    public void start(Owner wants) {
        owner = wants;
        if (peer.key().isPresent()) {
            remembered = true;
            found(peer.key().get());
        } else {
            // A peer that has been met can be called, and may call, whatever a broker says of it.
            pins.pinned(
                    peer,
                    pinned -> {
                        pinned.ifPresent(this::found);
                        find();
                    });
        }
    }

    private void found(NodeKey settled) {
        if (key == null && !stopped && owner != null) {
            key = settled;
            owner.keyFound(settled);
        }
    }

    private void find() {
        if (!asking && !stopped) {
            asking = true;
            pins.find(peer, finder, this::found);
        }
    }

    private void found(PeerFinder.Found found) {
        asking = false;
        if (found.key().isPresent()) {
            found(found.key().get());
            return;
        }
        if (!stopped && !found.why().equals(said)) {
            said = found.why();
            LOG.log(Level.WARNING, "{0}: {1}", peer, said);
        }
        if (key == null) {
            long millis = PAUSE.toMillis() << Math.min(failures++, 10);
            int planned = ++plan;
            driver.schedule(
                    Duration.ofMillis(Math.min(millis, LONGEST_PAUSE.toMillis())),
                    () -> {
                        if (planned == plan) {
                            find();
                        }
                    });
        }
    }

    @Override
    public void called(Session session) {
        finder.use(session);
    }

    @Override
    public void hurry() {
        if (key == null) {
            failures = 0;
            plan++;
            find();
        }
    }

    @Override
    public void happened(Session session, SessionEvent event) {
        if (event instanceof SessionEvent.Established && !remembered) {
            remembered = true;
            pins.remember(peer, session.peer());
        }
    }

    @Override
    public void stop() {
        stopped = true;
    }
}
