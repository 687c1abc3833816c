package natt.testkit;

import natt.core.DnsRecord;
import natt.core.spi.DnsProvider;
import natt.core.spi.Settings;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Publishes into memory, records every call, and fails when told to. Any thread may call it.
public final class FakeDnsProvider implements DnsProvider {
    private final String id;
    private final List<Settings> opened = new ArrayList<>();
    private final List<List<DnsRecord>> calls = new ArrayList<>();
    private final Map<Key, DnsRecord> records = new LinkedHashMap<>();
    private Capabilities capabilities =
            new Capabilities(EnumSet.allOf(DnsRecord.Type.class), Duration.ofSeconds(60), true);
    private final Set<Key> occupied = new HashSet<>();
    private int failuresLeft;
    private PublishException.Kind failureKind = PublishException.Kind.UNAVAILABLE;
    private Optional<Duration> retryAfter = Optional.empty();
    private int closed;

    private record Key(String name, DnsRecord.Type type) {
        private static Key of(String name, DnsRecord.Type type) {
            return new Key(name.toLowerCase(Locale.ROOT), type);
        }
    }

    /// A provider with the id `fake`.
    public FakeDnsProvider() {
        this("fake");
    }

    public FakeDnsProvider(String id) {
        this.id = id;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public synchronized Publisher open(Settings settings) {
        opened.add(settings);
        return new Publisher() {
            @Override
            public Capabilities capabilities() {
                synchronized (FakeDnsProvider.this) {
                    return capabilities;
                }
            }

            @Override
            public List<Skipped> publish(List<DnsRecord> published) throws PublishException {
                return FakeDnsProvider.this.publish(published);
            }

            @Override
            public void close() {
                synchronized (FakeDnsProvider.this) {
                    closed++;
                }
            }
        };
    }

    /// Changes what publishers say they can do.
    public synchronized void capabilities(Capabilities newCapabilities) {
        capabilities = newCapabilities;
    }

    /// Makes the next calls fail.
    ///
    /// @param times how many; [Integer#MAX_VALUE] until further notice, 0 to end it
    public synchronized void failNext(
            int times, PublishException.Kind kind, Optional<Duration> newRetryAfter) {
        failuresLeft = times;
        failureKind = kind;
        retryAfter = newRetryAfter;
    }

    /// Puts a record of somebody else at a name, which is in the way of ours.
    public synchronized void occupy(String name, DnsRecord.Type type) {
        occupied.add(Key.of(name, type));
    }

    /// The settings of every publisher opened.
    public synchronized List<Settings> opened() {
        return List.copyOf(opened);
    }

    /// What every call was to publish, failed ones too.
    public synchronized List<List<DnsRecord>> calls() {
        return List.copyOf(calls);
    }

    /// What is published now, in the order of first publication.
    public synchronized List<DnsRecord> records() {
        return List.copyOf(records.values());
    }

    /// What is published at a name.
    public synchronized Optional<DnsRecord> record(String name, DnsRecord.Type type) {
        return Optional.ofNullable(records.get(Key.of(name, type)));
    }

    /// Whether anything is published at a name.
    public synchronized boolean hasName(String name) {
        return records.keySet().stream().anyMatch(key -> key.equals(Key.of(name, key.type)));
    }

    /// How many publishers have been closed.
    public synchronized int closed() {
        return closed;
    }

    private synchronized List<Skipped> publish(List<DnsRecord> published) throws PublishException {
        calls.add(List.copyOf(published));
        if (failuresLeft > 0) {
            failuresLeft -= failuresLeft == Integer.MAX_VALUE ? 0 : 1;
            throw new PublishException(failureKind, "the test wanted it so", retryAfter);
        }
        for (DnsRecord record : published) {
            if (!record.optional() && occupied.contains(Key.of(record.name(), record.type()))) {
                throw new PublishException(
                        PublishException.Kind.REFUSED, "another's record", Optional.empty());
            }
        }
        var skipped = new ArrayList<Skipped>();
        for (DnsRecord record : published) {
            if (occupied.contains(Key.of(record.name(), record.type()))) {
                skipped.add(new Skipped(record, "another's record"));
                continue;
            }
            records.put(Key.of(record.name(), record.type()), record);
        }
        return List.copyOf(skipped);
    }
}
