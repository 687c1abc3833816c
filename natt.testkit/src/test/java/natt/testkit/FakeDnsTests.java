package natt.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.DnsRecord;
import natt.core.spi.DnsProvider.Capabilities;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.Skipped;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Source;
import natt.core.spi.Settings;
import natt.testkit.FakeNameLookup.Question;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

class FakeDnsTests {

    private static final DnsRecord A = record("a.example", DnsRecord.Type.A, "192.0.2.1");
    private static final DnsRecord NEWER = record("A.example", DnsRecord.Type.A, "192.0.2.2");
    private static final DnsRecord TXT = record("a.example", DnsRecord.Type.TXT, "kcp-port=5");

    private final FakeDnsProvider provider = new FakeDnsProvider();
    private final FakeNameLookup lookup = new FakeNameLookup(provider);

    @Test
    void publishedRecordsReplaceTheirPredecessorsAndAreFound() throws Exception {
        var resolver = lookup.open(Settings.none());
        assertEquals(
                new Answer.NoSuchName(),
                resolver.lookup("a.example", DnsRecord.Type.A, Source.RESOLVER));
        try (var publisher = provider.open(Settings.none())) {
            publisher.publish(List.of(A, TXT));
            publisher.publish(List.of(NEWER));
        }
        assertEquals(List.of(List.of(A, TXT), List.of(NEWER)), provider.calls());
        assertEquals(List.of(NEWER, TXT), provider.records());
        assertEquals(
                new Answer.Found(List.of("192.0.2.2")),
                resolver.lookup("A.EXAMPLE", DnsRecord.Type.A, Source.AUTHORITATIVE));
        assertEquals(
                new Answer.NoData(),
                resolver.lookup("a.example", DnsRecord.Type.SRV, Source.RESOLVER));
        assertEquals(1, provider.closed());
        assertEquals(List.of(Settings.none()), provider.opened());
        assertEquals(List.of(Settings.none()), lookup.opened());
    }

    @Test
    void publishingFailsAsOftenAsToldAndIsRecordedNevertheless() throws Exception {
        try (var publisher = provider.open(Settings.none())) {
            var after = Optional.of(Duration.ofSeconds(9));
            provider.failNext(2, PublishException.Kind.UNAVAILABLE, after);
            for (int i = 0; i < 2; i++) {
                var failure =
                        assertThrows(PublishException.class, () -> publisher.publish(List.of(A)));
                assertEquals(PublishException.Kind.UNAVAILABLE, failure.kind());
                assertEquals(after, failure.retryAfter());
            }
            assertEquals(List.of(), provider.records());
            publisher.publish(List.of(A));
            assertEquals(3, provider.calls().size());
            assertEquals(Optional.of(A), provider.record("a.EXAMPLE", DnsRecord.Type.A));
        }
    }

    @Test
    void capabilitiesAreWhatTheTestSays() {
        var narrow = new Capabilities(Set.of(DnsRecord.Type.TXT), Duration.ofMinutes(5), false);
        try (var publisher = provider.open(Settings.none())) {
            assertTrue(publisher.capabilities().atomic());
            provider.capabilities(narrow);
            assertEquals(narrow, publisher.capabilities());
        }
    }

    @Test
    void answersCanDifferBySourceAndFailForAWhile() throws Exception {
        var resolver = lookup.open(Settings.none());
        var stale = new Answer.Found(List.of("192.0.2.8"));
        var question = new Question("a.example", DnsRecord.Type.A, Source.RESOLVER);
        lookup.answer("a.example", DnsRecord.Type.A, new Answer.NoData());
        lookup.answer(question, stale);
        lookup.failNext(1, new Answer.ServerFailure("SERVFAIL"));
        assertEquals(
                new Answer.ServerFailure("SERVFAIL"),
                resolver.lookup("a.example", DnsRecord.Type.A, Source.RESOLVER));
        assertEquals(stale, resolver.lookup("a.example", DnsRecord.Type.A, Source.RESOLVER));
        assertEquals(
                new Answer.NoData(),
                resolver.lookup("a.example", DnsRecord.Type.A, Source.AUTHORITATIVE));
        assertEquals(3, lookup.questions().size());
        assertEquals(question, lookup.questions().get(0));
    }

    @Test
    void aCourtesyGivesWayWhereSomebodyElseIsAndTheRestIsPublished() throws Exception {
        var courtesy =
                DnsRecord.courtesy(
                        "a.example", DnsRecord.Type.A, "192.0.2.3", Duration.ofSeconds(60));
        provider.occupy("A.example", DnsRecord.Type.A);
        try (var publisher = provider.open(Settings.none())) {
            assertEquals(
                    List.of(courtesy),
                    publisher.publish(List.of(courtesy, TXT)).stream()
                            .map(Skipped::record)
                            .toList());
            assertEquals(List.of(TXT), provider.records());
            assertThrows(PublishException.class, () -> publisher.publish(List.of(A)));
        }
    }

    private static DnsRecord record(String name, DnsRecord.Type type, String content) {
        return new DnsRecord(name, type, content, Duration.ofSeconds(60));
    }
}
