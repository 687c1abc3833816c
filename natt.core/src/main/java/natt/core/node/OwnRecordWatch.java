package natt.core.node;

import natt.core.NodeKey;
import natt.core.Text;
import natt.core.publish.NattRecord;
import natt.core.publish.NattRecord.Found;
import natt.core.spi.NameLookup.Resolver;
import natt.core.spi.NameLookup.Source;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Optional;

/// Looks whether another node publishes under this node's name: so that two of them do not
/// overwrite each other for ever.
final class OwnRecordWatch implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final Duration INTERVAL = Duration.ofSeconds(60);

    /// How soon a foreign key that comes back is a second node, and no leftover of the first.
    private static final Duration QUARREL = Duration.ofMinutes(10);

    /// How long what was published may take to reach all servers of the zone.
    private static final Duration SPREADING = Duration.ofSeconds(30);

    /// What follows.
    interface Remedy {
        /// For how long this node's newest record has been published, in nanoseconds; negative if
        /// it has not.
        long publishedFor(long nowNanos);

        /// Publishes this node's record again.
        void overwrite();

        /// Publishes nothing any more.
        void giveUp();
    }

    private final String name;
    private final NodeKey own;
    private final Resolver resolver;
    private final Remedy remedy;
    private final Thread thread;
    private boolean overwritten;
    private long overwrittenAt;
    private boolean givenUp;

    OwnRecordWatch(String name, NodeKey own, Resolver resolver, Remedy remedy) {
        this.name = name;
        this.own = own;
        this.resolver = resolver;
        this.remedy = remedy;
        thread = Thread.ofVirtual().name("natt-record-watch").unstarted(this::run);
    }

    OwnRecordWatch start() {
        thread.start();
        return this;
    }

    private void run() {
        try {
            while (!givenUp) {
                check();
                Thread.sleep(INTERVAL);
            }
        } catch (InterruptedException closed) {
            LOG.log(Level.DEBUG, "watching the record ends");
        }
    }

    private void check() throws InterruptedException {
        try {
            Found found = NattRecord.find(resolver, name, Optional.empty(), Source.AUTHORITATIVE);
            switch (found) {
                case Found.At(var record) -> seen(record.key(), System.nanoTime());
                case Found.Stopped(var record, _) -> seen(record.key(), System.nanoTime());
                case Found.Nowhere(var why) -> LOG.log(Level.DEBUG, "{0}", why);
            }
        } catch (RuntimeException | AssertionError fault) {
            LOG.log(
                    Level.WARNING,
                    "looking up {0} failed: {1}",
                    name,
                    Text.escape(fault.toString()));
        }
    }

    /// Judges what the zone's servers hold.
    void seen(NodeKey key, long nowNanos) {
        if (key.equals(own)) {
            return;
        }
        if (overwritten && nowNanos - overwrittenAt < QUARREL.toNanos()) {
            long publishedFor = remedy.publishedFor(nowNanos);
            if (publishedFor < SPREADING.toNanos()) {
                // The leftover of before, since the overwriting is still under way.
                return;
            }
            givenUp = true;
            LOG.log(
                    Level.ERROR,
                    "another node with the key {0} publishes under {1}: this one stops writing;"
                            + " stop one of the two, or give it another name",
                    key,
                    name);
            remedy.giveUp();
            return;
        }
        overwritten = true;
        overwrittenAt = nowNanos;
        LOG.log(
                Level.WARNING,
                "{0} has the key {1} of another node, which is overwritten",
                name,
                key);
        remedy.overwrite();
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
