package natt.core.publish;

import natt.core.DnsRecord;
import natt.core.Text;
import natt.core.publish.Backoff.Pause;
import natt.core.spi.DnsProvider;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.PublishException.Kind;
import natt.core.spi.DnsProvider.Skipped;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// Keeps records true: publishes what is wanted, when that changes, until it has succeeded.
///
/// A virtual thread makes the calls, since they block; what is wanted meanwhile replaces what
/// waited, so a provider that was away is given the newest records only. A change does not shorten
/// a wait that the service asked for, but it does shorten that after a refusal.
public final class Publication implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    /// Is told what became of each attempt, on the publishing thread.
    public interface Listener {
        /// @param records without those that were left out
        void published(List<DnsRecord> records);

        void failed(PublishException failure);
    }

    private final DnsProvider.Publisher publisher;
    private final Listener listener;
    private final Backoff backoff;
    private final Thread thread;

    /// Type and name of the records whose absence has been explained; of the thread's own.
    private final Set<String> warned = new HashSet<>();

    private List<DnsRecord> wanted = List.of();
    private boolean changed;
    private boolean settled;

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
            settled = false;
            notifyAll();
        }
    }

    /// Publishes these records as the last ones, if that is possible in this time.
    ///
    /// @return whether it was
    public synchronized boolean last(List<DnsRecord> records, Duration patience)
            throws InterruptedException {
        want(records);
        long start = System.nanoTime();
        for (long left; !settled; ) {
            left = patience.toNanos() - (System.nanoTime() - start);
            if (left <= 0) {
                return false;
            }
            wait(1 + left / 1_000_000);
        }
        return true;
    }

    private void run() {
        try (publisher) {
            Optional<Pause> pause = Optional.empty();
            while (true) {
                pause = attempt(awaitWork(pause));
            }
        } catch (InterruptedException closed) {
            LOG.log(Level.DEBUG, "publishing ends");
        }
    }

    private synchronized List<DnsRecord> awaitWork(Optional<Pause> pause)
            throws InterruptedException {
        if (pause.isPresent()) {
            long start = System.nanoTime();
            while (true) {
                Duration wait = changed ? pause.get().ifChanged() : pause.get().otherwise();
                // Saturates, whatever a service has asked for.
                long left = TimeUnit.NANOSECONDS.convert(wait) - (System.nanoTime() - start);
                if (left <= 0) {
                    break;
                }
                wait(left / 1_000_000, (int) (left % 1_000_000));
            }
        } else {
            settled = !changed;
            notifyAll();
            while (!changed) {
                wait();
            }
        }
        changed = false;
        return wanted;
    }

    /// Publishes once; returns the pause before the next attempt, empty if it succeeded.
    private Optional<Pause> attempt(List<DnsRecord> records) throws InterruptedException {
        PublishException failure;
        try {
            List<Skipped> left = publisher.publish(records);
            backoff.succeeded();
            warn(left);
            List<DnsRecord> out = left.stream().map(Skipped::record).toList();
            listener.published(records.stream().filter(each -> !out.contains(each)).toList());
            return Optional.empty();
        } catch (PublishException failed) {
            failure = failed;
        } catch (RuntimeException | AssertionError fault) {
            String said = "a fault in the DNS provider: " + Text.escape(fault.toString());
            failure = new PublishException(Kind.UNAVAILABLE, said, Optional.empty());
        }
        listener.failed(failure);
        return Optional.of(backoff.after(failure, System.nanoTime()));
    }

    /// Says once what is left out at a name, however often it is published.
    private void warn(List<Skipped> left) {
        for (Skipped each : left) {
            DnsRecord record = each.record();
            if (warned.add(record.type() + " " + record.name())) {
                LOG.log(
                        Level.WARNING,
                        "no {0} record at {1}, which natt itself does not need: {2}",
                        record.type(),
                        Text.escape(record.name()),
                        each.why());
            }
        }
    }

    /// Stops publishing; an attempt under way is interrupted.
    @Override
    public void close() {
        thread.interrupt();
    }
}
