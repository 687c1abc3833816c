package natt.core.node;

import natt.core.DnsRecord;
import natt.core.spi.DnsProvider;

import java.time.Duration;
import java.util.List;
import java.util.Set;

/// Publishes nothing: for a node that only those find who have its ticket or its broker.
public final class NoPublisher implements DnsProvider.Publisher {
    public NoPublisher() {}

    @Override
    public DnsProvider.Capabilities capabilities() {
        return new DnsProvider.Capabilities(
                Set.of(DnsRecord.Type.values()), Duration.ofSeconds(1), true);
    }

    @Override
    public List<DnsProvider.Skipped> publish(List<DnsRecord> records) {
        return List.of();
    }

    @Override
    public void close() {}
}
