package natt.dns.cloudflare;

import static natt.dns.cloudflare.Publishers.NAME;
import static natt.dns.cloudflare.Publishers.a;
import static natt.dns.cloudflare.Publishers.record;
import static natt.dns.cloudflare.Publishers.txt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.DnsRecord;
import natt.core.DnsRecord.Type;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.PublishException.Kind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Set;

/// What is written, and in how many calls.
class CloudflarePublisherTests {
    private FakeCloudflare cloudflare;
    private CloudflarePublisher publisher;
    private String zone;

    @BeforeEach
    void open() throws Exception {
        cloudflare = new FakeCloudflare();
        zone = cloudflare.addZone("example.com");
        publisher = Publishers.open(cloudflare.url());
    }

    @AfterEach
    void close() throws Exception {
        publisher.close();
        cloudflare.close();
    }

    @Test
    void anEmptyNameGetsBothRecordsInOneBatch() throws Exception {
        publish(a("192.0.2.7"), txt("kcp-port=30000"));
        assertEquals(
                List.of(
                        "A pc.example.com 192.0.2.7 ttl=60 [natt]",
                        "TXT pc.example.com \"kcp-port=30000\" ttl=60 [natt]"),
                cloudflare.shown());
        var query = cloudflare.exchanges().get(2).query();
        assertEquals(NAME, query.get("name.exact"));
        assertEquals("100", query.get("per_page"));
        assertEquals(
                FakeCloudflare.object(
                        """
                        {"posts": [
                          {"type": "A", "name": "pc.example.com", "content": "192.0.2.7",
                           "proxied": false, "ttl": 60, "comment": "natt"},
                          {"type": "TXT", "name": "pc.example.com",
                           "content": "\\"kcp-port=30000\\"", "ttl": 60, "comment": "natt"}]}
                        """),
                cloudflare.exchanges().get(3).request());
        calls("GET /zones", "GET /zones", "GET " + records(), "POST " + records() + "/batch");
    }

    @Test
    void aChangeIsOnePatchOfWhatDiffersAndNoChangeIsNoCall() throws Exception {
        publish(a("192.0.2.7"), txt("kcp-port=30000"));
        cloudflare.takeCalls();
        publish(a("192.0.2.7"), txt("kcp-port=30000"));
        calls();
        publish(a("192.0.2.7"), txt("kcp-port=30001"));
        var body = cloudflare.exchanges().getFirst().request();
        assertEquals(Set.of("patches"), body.keySet());
        assertEquals(1, body.getAsJsonArray("patches").size());
        calls("POST " + records() + "/batch");
        publish(a("192.0.2.8"), txt("kcp-port=30002"));
        calls("POST " + records() + "/batch");
        assertEquals(
                List.of(
                        "A pc.example.com 192.0.2.8 ttl=60 [natt]",
                        "TXT pc.example.com \"kcp-port=30002\" ttl=60 [natt]"),
                cloudflare.shown());
    }

    @Test
    void aRestartFindsItsRecordsByTheirCommentAndWritesNothing() throws Exception {
        publish(a("192.0.2.7"), txt("kcp-port=30000"));
        cloudflare.takeCalls();
        publisher.close();
        publisher = Publishers.open(cloudflare.url());
        publish(a("192.0.2.7"), txt("kcp-port=30000"));
        calls("GET /zones", "GET /zones", "GET " + records());
    }

    @Test
    void spellingAloneIsNoChange() throws Exception {
        var records =
                List.of(
                        record("PC", Type.AAAA, "2001:DB8:0::7"),
                        record("_natt._udp.pc", Type.SRV, "10 5 40123 PC.example.com."),
                        txt("x".repeat(300) + "\"\\"));
        publisher.publish(records);
        cloudflare.takeCalls();
        publisher.close();
        publisher = Publishers.open(cloudflare.url());
        publisher.publish(records);
        calls("GET /zones", "GET /zones", "GET " + records(), "GET " + records());
    }

    @Test
    void theLongestSuffixThatIsAZoneWins() throws Exception {
        String inner = cloudflare.addZone("home.example.com");
        publisher.publish(List.of(record("nas.home", Type.A, "192.0.2.7")));
        calls(
                "GET /zones",
                "GET /zones",
                "GET /zones/%s/dns_records".formatted(inner),
                "POST /zones/%s/dns_records/batch".formatted(inner));
    }

    @Test
    void theNameOfTheZoneItselfIsTriedFirst() throws Exception {
        publisher.publish(
                List.of(
                        new DnsRecord(
                                "example.com.", Type.A, "192.0.2.7", Duration.ofSeconds(60))));
        calls("GET /zones", "GET " + records(), "POST " + records() + "/batch");
    }

    @Test
    void recordsAtTwoNamesAreOneBatchAndTheZoneIsFoundByTheShorter() throws Exception {
        publisher.publish(
                List.of(
                        record("_natt._udp.pc", Type.SRV, "10 5 40123 pc.example.com"),
                        record("_natt._udp.pc", Type.TXT, "v=natt1 k=x"),
                        a("192.0.2.7")));
        calls(
                "GET /zones",
                "GET /zones",
                "GET " + records(),
                "GET " + records(),
                "POST " + records() + "/batch");
        assertEquals(
                List.of(
                        "SRV _natt._udp.pc.example.com 5 40123 pc.example.com ttl=60 [natt]",
                        "A pc.example.com 192.0.2.7 ttl=60 [natt]",
                        "TXT _natt._udp.pc.example.com \"v=natt1 k=x\" ttl=60 [natt]"),
                cloudflare.shown());
    }

    @Test
    void theOriginalsPairIsTakenOver() throws Exception {
        cloudflare.add("A", NAME, "198.51.100.1", "");
        cloudflare.add("TXT", NAME, "\"kcp-port=30000\"", "");
        cloudflare.add("TXT", NAME, "\"v=spf1 -all\"", "");
        publish(a("192.0.2.7"), txt("kcp-port=30001"));
        assertEquals(
                List.of(
                        "A pc.example.com 192.0.2.7 ttl=60 [natt]",
                        "TXT pc.example.com \"kcp-port=30001\" ttl=60 [natt]",
                        "TXT pc.example.com \"v=spf1 -all\" ttl=1 []"),
                cloudflare.shown());
        calls("GET /zones", "GET /zones", "GET " + records(), "POST " + records() + "/batch");
    }

    @Test
    void everyTextOfTheOriginalsIsTakenOverAndOneIsKept() throws Exception {
        cloudflare.add("TXT", NAME, "\"kcp-port=1\"", "");
        cloudflare.add("TXT", NAME, "kcp-port=30001", "");
        cloudflare.add("TXT", NAME, "\"kcp-port=3\"", "by hand");
        publish(txt("kcp-port=30001"));
        assertEquals(
                List.of("TXT pc.example.com \"kcp-port=30001\" ttl=60 [natt]"), cloudflare.shown());
    }

    @Test
    void textsThatOnlyResembleTheOriginalsAreLeftAlone() throws Exception {
        cloudflare.add("TXT", NAME, "\"kcp-port=abc\"", "");
        cloudflare.add("TXT", NAME, "\"kcp-port=30000 mine\"", "");
        publish(txt("kcp-port=30001"));
        assertEquals(
                List.of(
                        "TXT pc.example.com \"kcp-port=abc\" ttl=1 []",
                        "TXT pc.example.com \"kcp-port=30000 mine\" ttl=1 []",
                        "TXT pc.example.com \"kcp-port=30001\" ttl=60 [natt]"),
                cloudflare.shown());
    }

    @Test
    void anAddressWithoutTheOriginalsTextIsAConflict() throws Exception {
        cloudflare.add("A", NAME, "198.51.100.1", "");
        conflict("an A record that is not ours exists at pc.example.com");
    }

    @Test
    void anAddressBesideATextOfOursIsAConflict() throws Exception {
        cloudflare.add("A", NAME, "198.51.100.1", "");
        cloudflare.add("TXT", NAME, "\"kcp-port=30000\"", "natt");
        conflict("an A record that is not ours exists at pc.example.com");
    }

    @Test
    void aProxiedAddressIsNotTheOriginals() throws Exception {
        String id = cloudflare.add("A", NAME, "198.51.100.1", "");
        cloudflare.set(id, "proxied", true);
        cloudflare.add("TXT", NAME, "\"kcp-port=30000\"", "");
        conflict("an A record that is not ours exists at pc.example.com");
    }

    @Test
    void twoAddressesAreNotTheOriginals() throws Exception {
        cloudflare.add("A", NAME, "198.51.100.1", "");
        cloudflare.add("A", NAME, "198.51.100.2", "");
        cloudflare.add("TXT", NAME, "\"kcp-port=30000\"", "");
        conflict("an A record that is not ours exists at pc.example.com");
    }

    @Test
    void anAliasIsAConflictForEveryType() throws Exception {
        cloudflare.add("CNAME", NAME, "other.example.com", "");
        conflict("a CNAME record that is not ours exists at pc.example.com");
        var before = cloudflare.shown();
        var refusal = assertThrows(PublishException.class, () -> publish(txt("x")));
        assertEquals(Kind.REFUSED, refusal.kind());
        assertEquals(before, cloudflare.shown());
    }

    @Test
    void foreignSrvAndAaaaAreConflictsToo() throws Exception {
        cloudflare.add("AAAA", NAME, "2001:db8::1", "");
        cloudflare.add("SRV", "_natt._udp." + NAME, "1 2 other.example.com", "");
        var aaaa =
                assertThrows(
                        PublishException.class,
                        () -> publish(record("pc", Type.AAAA, "2001:db8::2")));
        assertEquals(
                "an AAAA record that is not ours exists at pc.example.com: remove it, or choose"
                        + " another name",
                aaaa.getMessage());
        var srv =
                assertThrows(
                        PublishException.class,
                        () -> publish(record("_natt._udp.pc", Type.SRV, "1 2 3 x.example.com")));
        assertEquals(Kind.REFUSED, srv.kind());
    }

    @Test
    void aForeignRecordThatSaysTheSameServesAsOursUntilItHasToChange() throws Exception {
        cloudflare.add("A", NAME, "192.0.2.7", "static");
        publish(a("192.0.2.7"), txt("kcp-port=30000"));
        assertEquals(
                List.of(
                        "A pc.example.com 192.0.2.7 ttl=1 [static]",
                        "TXT pc.example.com \"kcp-port=30000\" ttl=60 [natt]"),
                cloudflare.shown());
        conflict("an A record that is not ours exists at pc.example.com");
    }

    @Test
    void aForeignRecordThatIsProxiedDoesNotSayTheSame() throws Exception {
        cloudflare.set(cloudflare.add("A", NAME, "192.0.2.99", "static"), "proxied", true);
        conflict("an A record that is not ours exists at pc.example.com");
    }

    @Test
    void duplicatesOfOursAreRemovedAndTheFittingOneIsKept() throws Exception {
        cloudflare.add("A", NAME, "192.0.2.1", "natt");
        cloudflare.add("A", NAME, "192.0.2.7", "natt");
        cloudflare.add("A", NAME, "192.0.2.2", "natt");
        publish(a("192.0.2.7"));
        assertEquals(List.of("A pc.example.com 192.0.2.7 ttl=60 [natt]"), cloudflare.shown());
        calls("GET /zones", "GET /zones", "GET " + records(), "POST " + records() + "/batch");
    }

    @Test
    void aRecordSwitchedToProxiedIsSwitchedBackWhenItIsSeen() throws Exception {
        String id = cloudflare.add("A", NAME, "192.0.2.7", "natt");
        cloudflare.set(id, "proxied", true);
        publish(a("192.0.2.7"));
        assertEquals(List.of("A pc.example.com 192.0.2.7 ttl=60 [natt]"), cloudflare.shown());
    }

    @Test
    void aRecordOfOursIsKnownByItsIdWhenItsCommentIsGone() throws Exception {
        publish(a("192.0.2.7"));
        String id =
                cloudflare
                        .exchanges()
                        .getLast()
                        .responseBody()
                        .split("\"posts\"")[1]
                        .split("\"id\":\"")[1]
                        .split("\"")[0];
        cloudflare.set(id, "comment", "edited");
        failNextBatch();
        assertThrows(PublishException.class, () -> publish(a("192.0.2.8")));
        publish(a("192.0.2.9"));
        assertEquals(List.of("A pc.example.com 192.0.2.9 ttl=60 [natt]"), cloudflare.shown());
    }

    @Test
    void aRecordThatIsGoneIsMadeAgainAfterOneLook() throws Exception {
        String id = cloudflare.add("A", NAME, "192.0.2.1", "natt");
        publish(a("192.0.2.7"));
        cloudflare.takeCalls();
        cloudflare.remove(id);
        publish(a("192.0.2.8"));
        calls("POST " + records() + "/batch", "GET " + records(), "POST " + records() + "/batch");
        assertEquals(List.of("A pc.example.com 192.0.2.8 ttl=60 [natt]"), cloudflare.shown());
    }

    @Test
    void aRecordThatExistsAlreadyAsWantedIsSuccess() throws Exception {
        cloudflare.add("TXT", NAME, "\"other\"", "");
        publish(txt("kcp-port=30000"));
        cloudflare.takeCalls();
        // Another process of ours was faster; this one still believes that there is no A.
        cloudflare.set(cloudflare.add("A", NAME, "192.0.2.7", "natt"), "ttl", 60);
        publish(a("192.0.2.7"));
        calls("POST " + records() + "/batch", "GET " + records());
        assertEquals(1, idsOf("A").size());
    }

    @Test
    void recordsThatKeepChangingAreGivenUpAfterTwoRounds() throws Exception {
        publish(a("192.0.2.7"));
        cloudflare.takeCalls();
        for (int i = 0; i < 2; i++) {
            cloudflare.answerNext(
                    "POST", "/batch", FakeCloudflare.failure(400, 81057, "Record exists."));
        }
        var failure = assertThrows(PublishException.class, () -> publish(a("192.0.2.8")));
        assertEquals(Kind.UNAVAILABLE, failure.kind());
        assertEquals(
                "records at pc.example.com change while natt writes them (400, 81057: Record"
                        + " exists.)",
                failure.getMessage());
        calls("POST " + records() + "/batch", "GET " + records(), "POST " + records() + "/batch");
    }

    @Test
    void afterAFailedWriteTheRecordsAreLookedAtAgain() throws Exception {
        publish(a("192.0.2.7"));
        cloudflare.takeCalls();
        failNextBatch();
        assertThrows(PublishException.class, () -> publish(a("192.0.2.8")));
        publish(a("192.0.2.8"));
        calls("POST " + records() + "/batch", "GET " + records(), "POST " + records() + "/batch");
    }

    @Test
    void withoutBatchTheAddressIsWrittenBeforeThePortAndDuplicatesGoLast() throws Exception {
        cloudflare.withoutBatch();
        cloudflare.add("TXT", NAME, "\"kcp-port=1\"", "");
        cloudflare.add("TXT", NAME, "\"kcp-port=2\"", "");
        publish(txt("kcp-port=30000"), a("192.0.2.7"));
        String patched = records() + "/" + idsOf("TXT").getFirst();
        var calls = cloudflare.takeCalls();
        assertEquals("POST " + records() + "/batch", calls.get(3));
        assertEquals(List.of("POST " + records(), "PATCH " + patched), calls.subList(4, 6));
        assertEquals(7, calls.size());
        assertEquals(
                List.of(
                        "TXT pc.example.com \"kcp-port=30000\" ttl=60 [natt]",
                        "A pc.example.com 192.0.2.7 ttl=60 [natt]"),
                cloudflare.shown());
        publish(txt("kcp-port=30001"), a("192.0.2.8"));
        assertEquals(
                List.of("PATCH", "PATCH"),
                cloudflare.takeCalls().stream().map(each -> each.split(" ")[0]).toList());
        publish(txt("kcp-port=30001"), a("192.0.2.8"));
        calls();
    }

    @Test
    void withoutBatchAGoneRecordIsMadeAgainToo() throws Exception {
        cloudflare.withoutBatch();
        publish(a("192.0.2.7"));
        cloudflare.takeCalls();
        cloudflare.remove(idsOf("A").getFirst());
        publish(a("192.0.2.8"));
        assertEquals(
                List.of("PATCH", "GET", "POST"),
                cloudflare.takeCalls().stream().map(each -> each.split(" ")[0]).toList());
    }

    @Test
    void allPagesOfANameAreReadAndNoMoreThanFive() throws Exception {
        for (int i = 0; i < 201; i++) {
            cloudflare.add("TXT", NAME, "\"%d\"".formatted(i), "");
        }
        cloudflare.add("A", NAME, "192.0.2.1", "natt");
        publish(a("192.0.2.7"));
        calls(
                "GET /zones",
                "GET /zones",
                "GET " + records(),
                "GET " + records(),
                "GET " + records(),
                "POST " + records() + "/batch");
        assertEquals(1, idsOf("A").size());
        for (int i = 0; i < 300; i++) {
            cloudflare.add("TXT", NAME, "\"more %d\"".formatted(i), "");
        }
        publisher.close();
        publisher = Publishers.open(cloudflare.url());
        var refusal = assertThrows(PublishException.class, () -> publish(a("192.0.2.8")));
        assertEquals("there are more than 500 records at pc.example.com", refusal.getMessage());
    }

    @Test
    void textsAreCutIntoStringsOf255Bytes() throws Exception {
        publish(txt("a".repeat(254) + "\u00fc" + "b".repeat(10)));
        assertEquals(
                List.of(
                        "TXT pc.example.com \"%s\\195\" \"\\188%s\" ttl=60 [natt]"
                                .formatted("a".repeat(254), "b".repeat(10))),
                cloudflare.shown());
    }

    @Test
    void nothingIsAskedBeforeTheFirstRecord() throws Exception {
        publisher.publish(List.of());
        assertEquals(0, cloudflare.connections());
        calls();
    }

    @Test
    void oneConnectionServesAllCalls() throws Exception {
        publish(a("192.0.2.7"), txt("kcp-port=30000"));
        publish(a("192.0.2.8"), txt("kcp-port=30001"));
        assertEquals(1, cloudflare.connections());
    }

    @Test
    void whatCannotBeARecordIsRefusedWithoutACall() {
        for (DnsRecord each :
                List.of(
                        a("not an address"),
                        record("pc", Type.AAAA, "192.0.2.7"),
                        record("pc", Type.SRV, "1 2 3"),
                        new DnsRecord(NAME, Type.A, "192.0.2.7", Duration.ofSeconds(30)),
                        new DnsRecord(NAME, Type.A, "192.0.2.7", Duration.ofDays(2)))) {
            var refusal = assertThrows(PublishException.class, () -> publish(each));
            assertEquals(Kind.REFUSED, refusal.kind());
        }
        assertThrows(IllegalArgumentException.class, () -> publish(a("192.0.2.1"), a("192.0.2.2")));
        assertEquals(List.of(), cloudflare.takeCalls());
    }

    @Test
    void capabilitiesNameTheLeastTtl() {
        assertEquals(Duration.ofSeconds(60), publisher.capabilities().leastTtl());
        assertEquals(Set.of(Type.values()), publisher.capabilities().types());
        assertFalse(publisher.capabilities().atomic());
    }

    private void publish(DnsRecord... records) throws PublishException, InterruptedException {
        publisher.publish(List.of(records));
    }

    /// Expects that our pair is refused, and that nothing is written because of it.
    private void conflict(String message) {
        var before = cloudflare.shown();
        cloudflare.takeCalls();
        var refusal =
                assertThrows(
                        PublishException.class,
                        () -> publish(a("192.0.2.99"), txt("kcp-port=30009")));
        assertEquals(message + ": remove it, or choose another name", refusal.getMessage());
        assertEquals(Kind.REFUSED, refusal.kind());
        assertEquals(before, cloudflare.shown());
        assertFalse(cloudflare.takeCalls().stream().anyMatch(each -> !each.startsWith("GET")));
    }

    private void failNextBatch() {
        cloudflare.answerNext("POST", "/batch", FakeHttpServer.Response.of(502, "bad gateway"));
    }

    private void calls(String... expected) {
        assertEquals(List.of(expected), cloudflare.takeCalls());
    }

    private String records() {
        return "/zones/%s/dns_records".formatted(zone);
    }

    private List<String> idsOf(String type) {
        return cloudflare.ids(type);
    }
}
