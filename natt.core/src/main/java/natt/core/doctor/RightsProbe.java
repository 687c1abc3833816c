package natt.core.doctor;

import natt.core.DnsRecord;
import natt.core.Text;
import natt.core.doctor.DoctorConfig.Publication;
import natt.core.doctor.RightsFacts.State;
import natt.core.publish.NattRecord;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.Publisher;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Asks the DNS provider whether this node may publish.
final class RightsProbe {
    private static final Duration TTL = Duration.ofSeconds(60);

    private RightsProbe() {}

    static RightsFacts ask(Publication publication) throws InterruptedException {
        if (publication.publisher().isEmpty()) {
            return new RightsFacts(State.REFUSED, publication.missing());
        }
        try (Publisher publisher = publication.publisher().get()) {
            Optional<String> said = publisher.rights(NattRecord.name(publication.name()));
            if (publication.writeTest()) {
                return write(publisher, publication.name());
            }
            return said.map(each -> new RightsFacts(State.LIKELY, each))
                    .orElse(
                            new RightsFacts(
                                    State.UNASKED,
                                    "the DNS provider tells nothing of its rights without writing:"
                                            + " --write-test"));
        } catch (PublishException failed) {
            return new RightsFacts(
                    failed.kind() == PublishException.Kind.REFUSED ? State.REFUSED : State.UNKNOWN,
                    failed.getMessage());
        }
    }

    private static RightsFacts write(Publisher publisher, String name)
            throws PublishException, InterruptedException {
        String at = "_natt-doctor." + name;
        publisher.publish(
                List.of(new DnsRecord(at, DnsRecord.Type.TXT, "natt doctor was here", TTL)));
        return new RightsFacts(
                State.WRITTEN,
                "a TXT record was written at %s, and stays".formatted(Text.escape(at)));
    }
}
