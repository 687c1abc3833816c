package natt.core.node;

import natt.core.DnsRecord;
import natt.core.NodeKey;
import natt.core.publish.KcpGoRecords;
import natt.core.publish.NattRecord;
import natt.core.publish.Publication;
import natt.core.rendezvous.BrokerAddress;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.status.Report;

import org.jspecify.annotations.Nullable;

import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;

/// What a node publishes under its name: one set of records for all its wires.
final class Notice implements Publication.Listener, OwnRecordWatch.Remedy, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    private final ServerConfig config;
    private final Publication publication;
    private final Optional<RecordNumbers> numbers;
    private final CompletableFuture<@Nullable Void> published;
    private final CompletableFuture<String> failure;
    private List<InetSocketAddress> sessionsAt = List.of();
    private Optional<String> brokerAt = Optional.empty();
    private @Nullable Where written;
    private @Nullable InetSocketAddress plainAt;
    private List<DnsRecord> ofSessions = List.of();
    private volatile Told told = new Told(Optional.empty(), 0, Optional.empty(), 0);
    private volatile boolean started;
    private volatile boolean silent;

    /// Whether nothing has been published since the record was to be overwritten.
    private volatile boolean overwriting;

    /// What the record of sessions says.
    private record Where(List<InetSocketAddress> addresses, Optional<String> broker) {}

    /// What became of publishing.
    ///
    /// @param records those published last
    /// @param error what has failed since
    private record Told(
            Optional<List<DnsRecord>> records,
            long publishedAt,
            Optional<String> error,
            long failedAt) {}

    /// @param published completed when records have been published for the first time
    /// @param failure completed with one line for the user if that is refused
    Notice(
            ServerConfig config,
            RandomGenerator random,
            CompletableFuture<@Nullable Void> published,
            CompletableFuture<String> failure) {
        this.config = config;
        this.published = published;
        this.failure = failure;
        publication = new Publication(config.publisher(), random, this);
        numbers =
                config.sessions()
                        .map(
                                each ->
                                        new RecordNumbers(
                                                each.stateDirectory().resolve("record-number"),
                                                System::currentTimeMillis));
    }

    synchronized void start() {
        if (!silent) {
            started = true;
            publication.start();
        }
    }

    /// Sessions are reached at these addresses.
    void sessionsAt(List<InetSocketAddress> addresses) {
        synchronized (this) {
            sessionsAt = List.copyOf(addresses);
        }
        // The number of the record goes to disk, which the driver does not wait for.
        Thread.startVirtualThread(() -> renew(false));
    }

    /// Sessions are also reached by this broker.
    void brokerAt(BrokerAddress broker) {
        synchronized (this) {
            if (brokerAt.isEmpty()) {
                brokerAt = Optional.of(broker.toString());
            }
        }
        Thread.startVirtualThread(() -> renew(false));
    }

    /// The original's wire is reached at this address.
    void plainAt(InetSocketAddress address) {
        synchronized (this) {
            plainAt = address;
        }
        Thread.startVirtualThread(() -> renew(false));
    }

    @Override
    public void overwrite() {
        overwriting = true;
        renew(true);
    }

    @Override
    public long publishedFor(long nowNanos) {
        Told now = told;
        boolean newest = now.error.isEmpty() && now.records.isPresent() && !overwriting;
        return newest ? nowNanos - now.publishedAt : -1;
    }

    @Override
    public synchronized void giveUp() {
        silent = true;
        // What waits for a provider to come back must not be written either.
        publication.close();
    }

    private synchronized void renew(boolean anew) {
        if (silent) {
            return;
        }
        var where = new Where(sessionsAt, brokerAt);
        boolean reached = !sessionsAt.isEmpty() || brokerAt.isPresent();
        if (reached && (anew || !where.equals(written))) {
            written = where;
            ofSessions = sessionRecords(where);
        }
        var all = new ArrayList<DnsRecord>(ofSessions);
        if (plainAt != null) {
            all.addAll(KcpGoRecords.of(config.name(), plainAt, config.ttl()));
        }
        if (!all.isEmpty()) {
            publication.want(all);
        }
    }

    private List<DnsRecord> sessionRecords(Where where) {
        NodeKey key = config.sessions().orElseThrow().identity().publicKey();
        long number = numbers.orElseThrow().next();
        // The original's A record is at the same name and has another address, maybe.
        boolean courtesy = config.plain().isEmpty();
        List<InetSocketAddress> addresses = where.addresses();
        List<InetSocketAddress> fitting =
                addresses.subList(0, Math.min(addresses.size(), NattRecord.MOST_ADDRESSES));
        return NattRecord.records(
                config.name(),
                new NattRecord(key, fitting, number, where.broker()),
                config.ttl(),
                courtesy);
    }

    /// Publishes, as the last thing, that there is no address any more.
    void withdraw(Duration patience) throws InterruptedException {
        List<DnsRecord> last;
        synchronized (this) {
            if (!started || silent || written == null) {
                silent = true;
                return;
            }
            silent = true;
            last = sessionRecords(new Where(List.of(), Optional.empty()));
        }
        boolean withdrawn = publication.last(last, patience);
        if (!withdrawn) {
            LOG.log(
                    Level.WARNING,
                    "the record of {0} could not be withdrawn in time; it keeps its last address",
                    config.name());
        }
    }

    /// What was published last, and what failed since. Does not wait for a file or a provider.
    Report report() {
        Told now = told;
        var report =
                Report.builder()
                        .text("name", config.name())
                        .text("state", state(now))
                        .texts("records", now.records.map(Notice::show).orElse(List.of()));
        if (now.records.isPresent()) {
            report.seconds("age", Duration.ofNanos(System.nanoTime() - now.publishedAt));
        }
        if (now.error.isPresent()) {
            report.text("lastError", now.error.get())
                    .seconds("failed", Duration.ofNanos(System.nanoTime() - now.failedAt));
        }
        return report.build();
    }

    private String state(Told now) {
        if (silent) {
            return "stopped";
        }
        if (now.error.isPresent()) {
            return "failing";
        }
        if (now.records.isPresent()) {
            return "published";
        }
        return started ? "waiting for an address" : "waiting for the targets";
    }

    private static List<String> show(List<DnsRecord> records) {
        return records.stream().map(each -> each.type() + " " + each.content()).toList();
    }

    @Override
    public void published(List<DnsRecord> records) {
        told = new Told(Optional.of(List.copyOf(records)), System.nanoTime(), Optional.empty(), 0);
        overwriting = false;
        boolean nowhere = config.publisher() instanceof NoPublisher;
        LOG.log(
                nowhere ? Level.DEBUG : Level.INFO,
                "published {0}: {1}, TTL {2} s",
                config.name(),
                String.join(", ", show(records)),
                config.ttl().toSeconds());
        published.complete(null);
    }

    @Override
    public void failed(PublishException refused) {
        Told before = told;
        told =
                new Told(
                        before.records,
                        before.publishedAt,
                        Optional.of(String.valueOf(refused.getMessage())),
                        System.nanoTime());
        boolean fatal = refused.kind() == PublishException.Kind.REFUSED && !published.isDone();
        if (fatal) {
            failure.complete("cannot publish: " + refused.getMessage());
        } else {
            LOG.log(Level.WARNING, "publishing failed, trying again: {0}", refused.getMessage());
        }
    }

    @Override
    public void close() {
        publication.close();
    }
}
