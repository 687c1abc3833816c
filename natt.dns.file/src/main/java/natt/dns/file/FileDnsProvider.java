package natt.dns.file;

import natt.core.spi.DnsProvider;
import natt.core.spi.Settings;

/// Publishes into a zone-file fragment, for a name server that includes it or for
/// [FileNameLookup].
public final class FileDnsProvider implements DnsProvider {

    public FileDnsProvider() {}

    @Override
    public String id() {
        return FileSettings.ID;
    }

    @Override
    public Publisher open(Settings settings) {
        return new FilePublisher(FileSettings.of(settings).path());
    }
}
