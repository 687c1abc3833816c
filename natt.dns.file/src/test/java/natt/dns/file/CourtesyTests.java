package natt.dns.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.DnsRecord;
import natt.core.DnsRecord.Type;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.Skipped;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Source;
import natt.core.spi.Settings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Records that may be left out.
class CourtesyTests {
    private static final Duration TTL = Duration.ofSeconds(60);
    private static final String NAME = "pc.example.com";
    private static final String SERVICE = "_natt._udp.pc.example.com";
    private static final DnsRecord TXT = new DnsRecord(SERVICE, Type.TXT, "v=natt1 k=x", TTL);
    private static final DnsRecord A = DnsRecord.courtesy(NAME, Type.A, "203.0.113.7", TTL);
    private static final DnsRecord AAAA = DnsRecord.courtesy(NAME, Type.AAAA, "2001:db8::1", TTL);
    private static final DnsRecord SRV =
            DnsRecord.courtesy(SERVICE, Type.SRV, "0 0 41233 pc.example.com", TTL);
    private static final List<DnsRecord> ALL = List.of(TXT, A, AAAA, SRV);

    @TempDir Path directory;

    private Settings settings() {
        return new Settings(Map.of("path", zone().toString()), Map.of());
    }

    private Path zone() {
        return directory.resolve("zone");
    }

    private List<Type> skipped(String before, List<DnsRecord> records) throws Exception {
        Files.writeString(zone(), before);
        try (var publisher = new FileDnsProvider().open(settings())) {
            return publisher.publish(records).stream().map(each -> each.record().type()).toList();
        }
    }

    private String text() throws Exception {
        return Files.readString(zone());
    }

    @Test
    void whereNothingIsInTheWayAllArePublished() throws Exception {
        assertEquals(List.of(), skipped("", ALL));
        assertEquals(
                """
                _natt._udp.pc.example.com. 60 IN TXT "v=natt1 k=x" ; natt
                pc.example.com. 60 IN A 203.0.113.7 ; natt
                pc.example.com. 60 IN AAAA 2001:db8::1 ; natt
                _natt._udp.pc.example.com. 60 IN SRV 0 0 41233 pc.example.com. ; natt
                """,
                text());
    }

    @Test
    void oneOfOthersKeepsOursOfThatTypeAwayAndNoMore() throws Exception {
        String foreign = "pc.example.com. IN A 192.0.2.9\n";
        assertEquals(List.of(Type.A), skipped(foreign, List.of(A, AAAA, TXT)));
        assertEquals(
                foreign
                        + """
                        pc.example.com. 60 IN AAAA 2001:db8::1 ; natt
                        _natt._udp.pc.example.com. 60 IN TXT "v=natt1 k=x" ; natt
                        """,
                text());
    }

    @Test
    void anAliasKeepsThemAllAwayFromItsName() throws Exception {
        String foreign = "pc.example.com. IN CNAME other.example.net.\n";
        assertEquals(List.of(Type.A, Type.AAAA), skipped(foreign, ALL));
        assertTrue(text().startsWith(foreign), text());
        assertTrue(text().contains("TXT \"v=natt1") && text().contains("SRV 0 0 41233"), text());
    }

    @Test
    void oursGoesWhereOneOfOthersHasCome() throws Exception {
        String foreign = "pc.example.com. IN A 192.0.2.9\n";
        String ours = "pc.example.com. 60 IN A 203.0.113.1 ; natt\n";
        assertEquals(List.of(Type.A), skipped(ours + foreign, List.of(A)));
        assertEquals(foreign, text());
    }

    @Test
    void contentThatTheZoneDoesNotTakeIsLeftOutToo() throws Exception {
        var odd = DnsRecord.courtesy(SERVICE, Type.SRV, "0 0 1 a b", TTL);
        assertEquals(List.of(Type.SRV), skipped("", List.of(odd, TXT)));
        assertTrue(text().contains("TXT"), text());
    }

    @Test
    void whyIsOneLineThatNamesTheNameAndTheLine() throws Exception {
        Files.writeString(zone(), "\npc.example.com. IN A 192.0.2.9\n");
        try (var publisher = new FileDnsProvider().open(settings())) {
            Skipped skipped = publisher.publish(ALL).getFirst();
            assertEquals(
                    "an A record that is not ours exists at pc.example.com (line 2 of %s)"
                            .formatted(zone()),
                    skipped.why());
        }
    }

    @Test
    void whatMustBePublishedIsStillRefused() throws Exception {
        String foreign = "_natt._udp.pc.example.com. IN CNAME other.example.net.\n";
        assertThrows(PublishException.class, () -> skipped(foreign, ALL));
        assertEquals(foreign, text());
    }

    @Test
    void aTextOfMoreThan255BytesComesBackWhole() throws Exception {
        String text = "v=natt1 k=x" + " a=[2001:db8:1:2:3:4:5:6]:30000".repeat(8);
        assertTrue(text.length() > 255, text);
        skipped("", List.of(new DnsRecord(SERVICE, Type.TXT, text, TTL)));
        var resolver = new FileNameLookup().open(settings());
        assertEquals(
                new Answer.Found(List.of(text)),
                resolver.lookup(SERVICE, Type.TXT, Source.RESOLVER));
    }
}
