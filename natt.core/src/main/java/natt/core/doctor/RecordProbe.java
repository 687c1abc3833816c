package natt.core.doctor;

import natt.core.NodeKey;
import natt.core.Text;
import natt.core.doctor.DoctorConfig.Publication;
import natt.core.doctor.DoctorConfig.Target;
import natt.core.publish.NattRecord;
import natt.core.publish.NattRecord.Found;
import natt.core.spi.NameLookup.Resolver;
import natt.core.spi.NameLookup.Source;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.random.RandomGenerator;

/// Looks records up, and calls who is in them.
final class RecordProbe {
    private static final Duration PATIENCE = Duration.ofSeconds(4);

    private final Bench bench;
    private final RandomGenerator random;

    RecordProbe(Bench bench, RandomGenerator random) {
        this.bench = bench;
        this.random = random;
    }

    private record Seen(Optional<NattRecord> published, Optional<NattRecord> resolved, String why) {
        Optional<NattRecord> newest() {
            return published.or(() -> resolved);
        }
    }

    /// Compares what the zone says of this node with what the resolver says.
    DnsFacts own(Publication publication) throws InterruptedException {
        Seen seen = look(publication.resolver(), publication.name(), publication.key());
        return new DnsFacts(
                publication.name(),
                publication.key(),
                seen.published(),
                seen.resolved(),
                seen.why(),
                publication.ttl());
    }

    private static Seen look(Resolver resolver, String name, Optional<NodeKey> key)
            throws InterruptedException {
        var published = new CompletableFuture<Found>();
        Thread.startVirtualThread(
                () -> published.complete(find(resolver, name, key, Source.AUTHORITATIVE)));
        Found resolved = find(resolver, name, key, Source.RESOLVER);
        try {
            Found zone = published.get();
            String why = why(zone).or(() -> why(resolved)).orElse("");
            return new Seen(record(zone), record(resolved), why);
        } catch (ExecutionException impossible) {
            throw new AssertionError("completed with a value only", impossible);
        }
    }

    private static Found find(
            Resolver resolver, String name, Optional<NodeKey> key, Source source) {
        try {
            return NattRecord.find(resolver, name, key, source);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            return new Found.Nowhere("interrupted");
        } catch (RuntimeException fault) {
            return new Found.Nowhere("looking it up failed: " + Text.escape(fault.toString()));
        }
    }

    private static Optional<NattRecord> record(Found found) {
        return switch (found) {
            case Found.At(var record) -> Optional.of(record);
            case Found.Stopped(var record, _) -> Optional.of(record);
            case Found.Nowhere _ -> Optional.empty();
        };
    }

    private static Optional<String> why(Found found) {
        return found instanceof Found.Nowhere(var why) ? Optional.of(why) : Optional.empty();
    }

    /// Looks for a node as a client does, and calls it where its record says that it is.
    PeerFacts call(Target target) throws InterruptedException {
        Seen seen = look(target.resolver(), target.name(), target.expected());
        Optional<NattRecord> record = seen.newest();
        var outcome = Handshakes.Outcome.NOTHING;
        if (record.isPresent() && !record.get().addresses().isEmpty()) {
            List<InetSocketAddress> places = record.get().addresses();
            NodeKey key = target.expected().orElse(record.get().key());
            outcome =
                    bench.run(
                                    "::",
                                    PATIENCE,
                                    (_, now) -> Handshakes.ofNode(target, key, places, random, now))
                            .orElse(outcome);
        }
        return new PeerFacts(
                target.name(),
                target.expected(),
                record,
                seen.why(),
                outcome.at(),
                outcome.after().orElse(Duration.ZERO));
    }
}
