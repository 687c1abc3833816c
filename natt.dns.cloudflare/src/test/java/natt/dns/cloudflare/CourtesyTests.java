package natt.dns.cloudflare;

import static natt.dns.cloudflare.Publishers.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.DnsRecord;
import natt.core.DnsRecord.Type;
import natt.core.spi.DnsProvider.PublishException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

/// Records that may be left out.
class CourtesyTests {
    private static final Duration TTL = Duration.ofSeconds(60);
    private static final String NAME = Publishers.NAME;
    private static final String SERVICE = "_natt._udp." + NAME;
    private static final DnsRecord TXT = record("_natt._udp.pc", Type.TXT, "v=natt1 k=x");
    private static final DnsRecord A = DnsRecord.courtesy(NAME, Type.A, "203.0.113.7", TTL);
    private static final DnsRecord AAAA = DnsRecord.courtesy(NAME, Type.AAAA, "2001:db8::1", TTL);
    private static final DnsRecord SRV =
            DnsRecord.courtesy(SERVICE, Type.SRV, "0 0 41233 pc.example.com", TTL);
    private static final List<DnsRecord> ALL = List.of(TXT, A, AAAA, SRV);

    private FakeCloudflare cloudflare;
    private CloudflarePublisher publisher;

    @BeforeEach
    void open() throws Exception {
        cloudflare = new FakeCloudflare();
        cloudflare.addZone("example.com");
        publisher = Publishers.open(cloudflare.url());
    }

    @AfterEach
    void close() throws Exception {
        publisher.close();
        cloudflare.close();
    }

    private List<Type> skipped() throws Exception {
        return publisher.publish(ALL).stream().map(each -> each.record().type()).toList();
    }

    private long shown(String start) {
        return cloudflare.shown().stream().filter(each -> each.startsWith(start)).count();
    }

    @Test
    void whereNothingIsInTheWayAllArePublishedInOneBatch() throws Exception {
        assertEquals(List.of(), skipped());
        assertEquals(4, cloudflare.shown().size());
        assertEquals(
                1, cloudflare.takeCalls().stream().filter(each -> each.startsWith("POST")).count());
        assertEquals(List.of(), skipped());
        assertEquals(List.of(), cloudflare.takeCalls());
    }

    @Test
    void oneOfOthersKeepsOursOfThatTypeAwayAndNoMore() throws Exception {
        cloudflare.add("A", NAME, "198.51.100.1", "by hand");
        assertEquals(List.of(Type.A), skipped());
        assertEquals(1, shown("A "));
        assertEquals(1, shown("A pc.example.com 198.51.100.1"));
        assertEquals(4, cloudflare.shown().size());
        cloudflare.takeCalls();
        assertEquals(List.of(Type.A), skipped());
        assertEquals(List.of(), cloudflare.takeCalls());
    }

    @Test
    void anAliasKeepsThemAllAwayFromItsName() throws Exception {
        cloudflare.add("CNAME", NAME, "other.example.net", "");
        assertEquals(List.of(Type.A, Type.AAAA), skipped());
        assertEquals(1, shown("CNAME pc.example.com"));
        assertEquals(1, shown("TXT " + SERVICE));
        assertEquals(1, shown("SRV " + SERVICE));
        assertEquals(3, cloudflare.shown().size());
    }

    @Test
    void oursGoesWhereOneOfOthersHasCome() throws Exception {
        cloudflare.add("A", NAME, "198.51.100.1", "by hand");
        cloudflare.add("A", NAME, "203.0.113.1", "natt");
        assertEquals(List.of(Type.A), skipped());
        assertEquals(1, shown("A "));
        assertEquals(1, shown("A pc.example.com 198.51.100.1"));
    }

    @Test
    void whatTheServiceRefusesBecauseOfThemIsPublishedWithoutThem() throws Exception {
        cloudflare.answerNext("POST", "/batch", FakeCloudflare.failure(400, 81_045, "quota"));
        assertEquals(List.of(Type.A, Type.AAAA, Type.SRV), skipped());
        assertEquals(1, cloudflare.shown().size());
        assertEquals(1, shown("TXT " + SERVICE));
    }

    @Test
    void whatTheServiceRefusesAnywayIsRefused() throws Exception {
        for (int i = 0; i < 2; i++) {
            cloudflare.answerNext("POST", "/batch", FakeCloudflare.failure(400, 9021, "no"));
        }
        assertThrows(PublishException.class, this::skipped);
        assertEquals(List.of(), cloudflare.shown());
    }

    @Test
    void contentThatTheServiceDoesNotTakeIsLeftOut() throws Exception {
        var odd = DnsRecord.courtesy(SERVICE, Type.SRV, "0 0 x", TTL);
        assertEquals(1, publisher.publish(List.of(TXT, odd)).size());
        assertEquals(1, cloudflare.shown().size());
    }

    @Test
    void anAliasAtTheRecordsOwnNameIsStillAConflict() throws Exception {
        cloudflare.add("CNAME", SERVICE, "other.example.net", "");
        assertThrows(PublishException.class, this::skipped);
        assertEquals(1, cloudflare.shown().size());
    }
}
