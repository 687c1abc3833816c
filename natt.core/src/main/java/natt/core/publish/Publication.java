package natt.core.publish;

import natt.core.DnsRecord;
import natt.core.spi.DnsProvider;
import natt.core.spi.DnsProvider.PublishException;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Keeps records true: publishes what is wanted, when that changes, until it has succeeded.
///
/// A virtual thread makes the calls, since they block; what is wanted meanwhile replaces what
/// waited, so a provider that was away is given the newest records only.
public final class Publication implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    /// After a refusal nothing changes by itself, but a person may have mended the token.
    private static final Duration AFTER_REFUSAL = Duration.ofMinutes(5);

    /// Is told what became of each attempt, on the publishing thread.
    public interface Listener {
        void published(List<DnsRecord> records);

        void failed(PublishException failure);
    }

    private final DnsProvider.Publisher publisher;
    private final Listener listener;
    private final Backoff backoff;
    private final Thread thread;
    private List<DnsRecord> wanted = List.of();
    private boolean changed;

    public Publication(DnsProvider.Publisher publisher, RandomGenerator random, Listener listener) {
        this.publisher = publisher;
        this.listener = listener;
        backoff = new Backoff(random);
        thread = Thread.ofVirtual().name("natt-publish").unstarted(this::run);
    }

    public Publication start() {
        thread.start();
        return this;
    }

    /// Replaces the records that are to be published.
    public synchronized void want(List<DnsRecord> records) {
        if (!records.equals(wanted)) {
            wanted = List.copyOf(records);
            changed = true;
            notifyAll();
        }
    }

    private void run() {
        try (publisher) {
            Optional<Duration> retry = Optional.empty();
            while (true) {
                retry = attempt(awaitWork(retry));
            }
        } catch (InterruptedException closed) {
            LOG.log(Level.DEBUG, "publishing ends");
        }
    }

    private synchronized List<DnsRecord> awaitWork(Optional<Duration> retry)
            throws InterruptedException {
        if (retry.isPresent()) {
            // A change does not shorten the wait: it was the service that asked for it.
            long deadline = System.nanoTime() + retry.get().toNanos();
            for (long left; (left = deadline - System.nanoTime()) > 0; ) {
                wait(left / 1_000_000, (int) (left % 1_000_000));
            }
        } else {
            while (!changed) {
                wait();
            }
        }
        changed = false;
        return wanted;
    }

    /// Publishes once; returns how long to wait before the next attempt, empty if it succeeded.
    private Optional<Duration> attempt(List<DnsRecord> records) throws InterruptedException {
        try {
            publisher.publish(records);
            backoff.succeeded();
            listener.published(records);
            return Optional.empty();
        } catch (PublishException failure) {
            listener.failed(failure);
            Duration wait = backoff.failed(failure.retryAfter());
            boolean refused = failure.kind() == PublishException.Kind.REFUSED;
            return Optional.of(refused && wait.compareTo(AFTER_REFUSAL) < 0 ? AFTER_REFUSAL : wait);
        }
    }

    /// Stops publishing; an attempt under way is interrupted.
    @Override
    public void close() {
        thread.interrupt();
    }
}
