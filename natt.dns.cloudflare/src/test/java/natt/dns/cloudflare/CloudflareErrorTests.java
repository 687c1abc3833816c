package natt.dns.cloudflare;

import static natt.dns.cloudflare.Publishers.a;
import static natt.dns.cloudflare.Publishers.txt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.DnsRecord;
import natt.core.Secret;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.PublishException.Kind;
import natt.core.spi.Settings;
import natt.dns.cloudflare.FakeHttpServer.Fate;
import natt.dns.cloudflare.FakeHttpServer.Response;
import natt.testkit.FakeTicker;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// What each failure of the service comes to.
class CloudflareErrorTests {
    private final FakeTicker clock = new FakeTicker();
    private FakeCloudflare cloudflare;
    private CloudflarePublisher publisher;
    private String zone;
    private String host;

    @BeforeEach
    void open() throws Exception {
        cloudflare = new FakeCloudflare();
        zone = cloudflare.addZone("example.com");
        host = cloudflare.url().replaceAll("http://|/client/v4", "");
        publisher = new CloudflarePublisher(Publishers.settings(cloudflare.url()), clock);
    }

    @AfterEach
    void close() throws Exception {
        publisher.close();
        cloudflare.close();
    }

    @Test
    void anUnknownTokenIsRefused() {
        reopen(settings(Map.of(), "another-token"));
        refused(host + " does not accept the token (401, 1000: Invalid API Token)");
        assertEquals(List.of("GET /zones"), cloudflare.takeCalls());
    }

    @Test
    void aTokenThatMayNotWriteIsRefusedNamingZoneAndRights() {
        cloudflare.withoutDnsEdit();
        refused(
                host
                        + " refuses the token access to the zone example.com (403, 10000:"
                        + " Authentication error): it needs Zone:Read and DNS:Edit");
    }

    @Test
    void aTokenThatMayNotReadZonesFindsNone() {
        cloudflare.withoutZoneRead();
        refused(
                "the token sees no zone that holds pc.example.com: the zone must exist at"
                        + " Cloudflare, and the token needs Zone:Read and DNS:Edit there");
        assertEquals(List.of("GET /zones", "GET /zones"), cloudflare.takeCalls());
    }

    @Test
    void aForbiddenSearchForZonesNamesTheRights() {
        cloudflare.answerNext("GET", "/zones", FakeCloudflare.failure(403, 9109, "Unauthorized"));
        refused(
                host
                        + " refuses the token access to the zones (403, 9109: Unauthorized): it"
                        + " needs Zone:Read and DNS:Edit");
    }

    @Test
    void aMalformedTokenIsNamedAsTheTokensFault() {
        cloudflare.answerNext(
                "GET", "/zones", FakeCloudflare.failure(400, 6003, "Invalid request headers"));
        refused(
                host
                        + " refuses the token access to the zones (400, 6003: Invalid request"
                        + " headers): it needs Zone:Read and DNS:Edit");
    }

    @Test
    void aNameInNoZoneIsRefusedAndAskedAnewNextTime() throws Exception {
        var elsewhere =
                new DnsRecord(
                        "pc.example.org", DnsRecord.Type.A, "192.0.2.7", Duration.ofSeconds(60));
        var refusal =
                assertThrows(PublishException.class, () -> publisher.publish(List.of(elsewhere)));
        assertEquals(Kind.REFUSED, refusal.kind());
        assertTrue(
                refusal.getMessage().startsWith("the token sees no zone that holds pc.example.org"),
                refusal.getMessage());
        cloudflare.addZone("example.org");
        publisher.publish(List.of(elsewhere));
        assertEquals(List.of("A pc.example.org 192.0.2.7 ttl=60 [natt]"), cloudflare.shown());
    }

    @Test
    void aGivenZoneIsCheckedOnceAndUsed() throws Exception {
        reopen(settings(Map.of("zone-id", zone), FakeCloudflare.TOKEN));
        publisher.publish(List.of(a("192.0.2.7")));
        assertEquals(
                List.of(
                        "GET /zones/" + zone,
                        "GET /zones/%s/dns_records".formatted(zone),
                        "POST /zones/%s/dns_records/batch".formatted(zone)),
                cloudflare.takeCalls());
    }

    @Test
    void aGivenZoneThatDoesNotExistIsRefused() {
        String nowhere = "0".repeat(32);
        reopen(settings(Map.of("zone-id", nowhere), FakeCloudflare.TOKEN));
        refused(
                host
                        + " does not know the zone %s (404, 7003: Could not route to /zones/%s,"
                                .formatted(nowhere, nowhere)
                        + " perhaps invalid?)");
    }

    @Test
    void aGivenZoneOfAnotherNameIsRefused() {
        String other = cloudflare.addZone("example.org");
        reopen(settings(Map.of("zone-id", other), FakeCloudflare.TOKEN));
        refused("pc.example.com is not in the zone example.org");
        assertEquals(List.of(), cloudflare.shown());
    }

    @Test
    void aGivenZoneNeedsNoRightToReadZones() throws Exception {
        cloudflare.withoutZoneRead();
        reopen(settings(Map.of("zone-id", zone), FakeCloudflare.TOKEN));
        publisher.publish(List.of(a("192.0.2.7")));
        assertEquals(List.of("A pc.example.com 192.0.2.7 ttl=60 [natt]"), cloudflare.shown());
    }

    @Test
    void aRecordMadeInAWrongZoneIsTakenBack() {
        String other = cloudflare.addZone("example.org");
        cloudflare.withoutZoneRead();
        reopen(settings(Map.of("zone-id", other), FakeCloudflare.TOKEN));
        refused("pc.example.com is not in the zone " + other);
        assertEquals(List.of(), cloudflare.shown());
    }

    @Test
    void aZoneThatWasRemovedIsLookedForAgain() throws Exception {
        publisher.publish(List.of(a("192.0.2.7")));
        for (String end : List.of("/batch", "/dns_records")) {
            cloudflare.answerNext(
                    "POST", end, FakeCloudflare.failure(404, 7003, "Could not route"));
        }
        refused(host + " does not know the zone example.com (404, 7003: Could not route)");
        cloudflare.takeCalls();
        publisher.publish(List.of(a("192.0.2.8")));
        var calls = cloudflare.takeCalls();
        assertEquals("GET /zones", calls.getFirst());
        assertEquals("POST /zones/%s/dns_records/batch".formatted(zone), calls.getLast());
    }

    @Test
    void aRequestThatTheServiceFindsWrongIsRefusedWithItsWords() {
        cloudflare.answerNext("POST", "/batch", FakeCloudflare.failure(400, 9021, "Invalid TTL"));
        refused(host + " refuses the request for the zone example.com (400, 9021: Invalid TTL)");
    }

    @Test
    void tooManyCallsSilenceThePublisherForTheSecondsAskedFor() throws Exception {
        cloudflare.answerNext(
                "GET",
                "/zones",
                FakeCloudflare.failure(429, 971, "Please wait").header("Retry-After", "30"));
        unavailable(
                host + " takes no more calls for now (429, 971: Please wait)",
                Duration.ofSeconds(30));
        cloudflare.takeCalls();
        clock.advance(Duration.ofMillis(29_500));
        unavailable(host + " asked not to be called for 1 s", Duration.ofMillis(500));
        assertEquals(List.of(), cloudflare.takeCalls());
        clock.advance(Duration.ofMillis(500));
        publisher.publish(List.of(a("192.0.2.7")));
        assertEquals(4, cloudflare.takeCalls().size());
    }

    @Test
    void aDateToWaitForIsComparedWithTheServicesOwnClock() {
        cloudflare.answerNext(
                "GET",
                "/zones",
                FakeCloudflare.failure(429, 10_100, "slow down")
                        .header("Date", "Tue, 03 Feb 1970 10:00:00 GMT")
                        .header("Retry-After", "Tue, 03 Feb 1970 10:05:00 GMT"));
        unavailable(
                host + " takes no more calls for now (429, 10100: slow down)",
                Duration.ofMinutes(5));
    }

    @Test
    void aWaitThatCannotBeReadIsFiveMinutesAndNoneIsLongerThanADay() {
        cloudflare.answerNext(
                "GET", "/zones", Response.of(429, "").header("Retry-After", "whenever"));
        unavailable(host + " takes no more calls for now (429)", Duration.ofMinutes(5));
        clock.advance(Duration.ofMinutes(5));
        cloudflare.answerNext(
                "GET", "/zones", Response.of(429, "").header("Retry-After", "999999999"));
        unavailable(host + " takes no more calls for now (429)", Duration.ofDays(1));
    }

    @Test
    void tooManyCallsWithoutATimeLeaveItToTheCaller() throws Exception {
        cloudflare.answerNext("GET", "/zones", FakeCloudflare.failure(429, 971, "Please wait"));
        var failure = unavailable(host + " takes no more calls for now (429, 971: Please wait)");
        assertEquals(Optional.empty(), failure.retryAfter());
        publisher.publish(List.of(a("192.0.2.7")));
        assertEquals(1, cloudflare.shown().size());
    }

    @Test
    void anOverloadedServiceMayAskForTimeToo() {
        cloudflare.answerNext(
                "GET", "/zones", Response.of(503, "<html>").header("Retry-After", "7"));
        unavailable(host + " has a problem (503)", Duration.ofSeconds(7));
        unavailable(host + " asked not to be called for 7 s", Duration.ofSeconds(7));
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 409, 500, 502, 503, 504, 522, 530})
    void aPassingProblemIsUnavailableAndTheNextCallWorks(int status) throws Exception {
        cloudflare.answerNext("POST", "/batch", Response.of(status, "{\"oops\""));
        unavailable(host + " has a problem (%d)".formatted(status));
        publisher.publish(List.of(a("192.0.2.7"), txt("kcp-port=30000")));
        assertEquals(2, cloudflare.shown().size());
    }

    @Test
    void aSilentServiceIsUnavailableAfterTheTimeout() throws Exception {
        publisher.close();
        publisher =
                new CloudflarePublisher(
                        Publishers.settings(cloudflare.url())
                                .withTimeouts(Duration.ofMillis(200), Duration.ofMillis(300)),
                        clock);
        cloudflare.answerNext("GET", "/zones", Response.of(200, "{}").fate(Fate.WITHHELD));
        unavailable("cannot reach %s: no answer in time".formatted(host));
        assertEquals(List.of("GET /zones"), cloudflare.takeCalls());
    }

    @Test
    void aServiceThatIsNotThereIsUnavailable() throws Exception {
        int port;
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = taken.getLocalPort();
        }
        reopen(Publishers.settings("http://127.0.0.1:" + port));
        unavailable(
                "cannot reach 127.0.0.1:%d: Failed to connect to /127.0.0.1:%d"
                        .formatted(port, port));
    }

    @Test
    void aHostThatCannotBeResolvedIsNamed() {
        reopen(Publishers.settings("https://no-such-host.invalid/client/v4"));
        unavailable("cannot reach no-such-host.invalid: its name cannot be resolved");
    }

    @Test
    void aTruncatedAnswerIsUnavailableAndNotTriedAgainAtOnce() {
        cloudflare.answerNext(
                "GET",
                "/dns_records",
                Response.of(200, "{\"success\": true, \"result\": []}").fate(Fate.TRUNCATED));
        unavailable("cannot reach %s: unexpected end of stream".formatted(host));
        assertEquals(
                List.of("GET /zones", "GET /zones", "GET /zones/%s/dns_records".formatted(zone)),
                cloudflare.takeCalls());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{\"success\": true, \"result\": [",
                "{\"success\": true} trailing",
                "<html><body>Log in to the hotel's network</body></html>",
                "[]",
                "null",
                "{}",
                "{'success': true}"
            })
    void anAnswerThatIsNotTheApisIsUnavailable(String body) {
        cloudflare.answerNext("GET", "/zones", Response.of(200, body));
        unavailable(host + " sent an answer that is not the API's");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/zones", "/dns_records"})
    void anAnswerWithoutAListIsNotAnEmptyList(String path) {
        cloudflare.answerNext(
                "GET", path, Response.of(200, "{\"success\": true, \"result\": null}"));
        unavailable(host + " sent an answer that is not the API's");
        assertEquals(List.of(), cloudflare.shown());
    }

    @Test
    void deepNestingIsNotTheApis() {
        cloudflare.answerNext(
                "GET", "/zones", Response.of(200, "{\"success\":" + "[".repeat(500_000)));
        unavailable(host + " sent an answer that is not the API's");
    }

    @Test
    void resultsOfWrongTypesAreNoRecords() throws Exception {
        cloudflare.answerNext(
                "GET",
                "/zones",
                Response.of(
                        200,
                        """
                        {"success": true, "result": [7, {"id": {}, "name": "pc.example.com"},
                          {"id": "../../user", "name": "pc.example.com"}, null]}
                        """));
        cloudflare.answerNext(
                "GET",
                "/dns_records",
                Response.of(
                        200,
                        """
                        {"success": true, "result_info": {"total_pages": 1e999999999},
                         "result": [{"id": "..", "type": "A", "name": "pc.example.com"},
                          {"id": "1", "type": 7, "name": "pc.example.com"},
                          {"id": "2", "type": "CNAME", "name": "other.example.com"}, [], "x"]}
                        """));
        publisher.publish(List.of(a("192.0.2.7")));
        assertEquals(List.of("A pc.example.com 192.0.2.7 ttl=60 [natt]"), cloudflare.shown());
    }

    @Test
    void moreThanAMebibyteIsNotRead() {
        cloudflare.answerNext(
                "GET",
                "/zones",
                Response.of(200, "{\"success\": true}" + " ".repeat(ApiClient.ANSWER_LIMIT)));
        unavailable(host + " sent more than 1048576 bytes");
    }

    @Test
    void noRedirectIsFollowed() throws Exception {
        try (var elsewhere = new FakeCloudflare()) {
            for (int status : new int[] {301, 302, 307, 308}) {
                cloudflare.answerNext(
                        "GET",
                        "/zones",
                        Response.of(status, "").header("Location", elsewhere.url() + "/zones"));
                unavailable(
                        "%s answers with a redirect (%d), which is not followed"
                                .formatted(host, status));
            }
            assertEquals(0, elsewhere.connections());
        }
    }

    @Test
    void aConnectionThatDiedInTheMeantimeIsReplacedOnce() throws Exception {
        cloudflare.answerNext(
                "GET",
                "/zones",
                FakeCloudflare.success(FakeCloudflare.object("{\"x\": []}").get("x"))
                        .fate(Fate.LAST));
        publisher.publish(List.of(a("192.0.2.7")));
        assertEquals(4, cloudflare.takeCalls().size());
        assertEquals(2, cloudflare.connections());
    }

    @Test
    void whatTheServiceSaysIsEscapedAndCut() {
        cloudflare.answerNext(
                "GET",
                "/zones",
                FakeCloudflare.failure(400, 1004, "\u001b[2J\r\nforged\u202e" + "x".repeat(999)));
        var refusal =
                assertThrows(
                        PublishException.class, () -> publisher.publish(List.of(a("192.0.2.7"))));
        String message = refusal.getMessage();
        assertTrue(message.contains("1004: \\x1b[2J\\x0d\\x0aforged\\xe2\\x80\\xaex"), message);
        assertTrue(message.length() < 300, message);
    }

    @Test
    void twelveCallsAMinuteAreTheMost() throws Exception {
        publisher.publish(List.of(a("192.0.2.0"))); // four calls
        for (int i = 1; i <= 8; i++) {
            clock.advance(Duration.ofSeconds(1));
            publisher.publish(List.of(a("192.0.2." + i)));
        }
        assertEquals(12, cloudflare.takeCalls().size());
        clock.advance(Duration.ofSeconds(2));
        unavailable(
                "natt calls %s at most 12 times a minute, the next time in 50 s".formatted(host),
                Duration.ofSeconds(50));
        assertEquals(List.of(), cloudflare.takeCalls());
        clock.advance(Duration.ofSeconds(50));
        publisher.publish(List.of(a("192.0.2.9")));
        assertEquals(2, cloudflare.takeCalls().size());
    }

    @Test
    void aSearchCutShortByTheLimitGoesOnWhereItWas() throws Exception {
        var deep =
                new DnsRecord(
                        "1.2.3.4.5.6.7.8.9.a.b.c.d.example.com",
                        DnsRecord.Type.A,
                        "192.0.2.7",
                        Duration.ofSeconds(60));
        var failure = assertThrows(PublishException.class, () -> publisher.publish(List.of(deep)));
        assertEquals(Optional.of(Duration.ofMinutes(1)), failure.retryAfter());
        assertEquals(12, cloudflare.takeCalls().size());
        clock.advance(Duration.ofMinutes(1));
        publisher.publish(List.of(deep));
        assertEquals(4, cloudflare.takeCalls().size());
    }

    @Test
    void anInterruptEndsAWaitForTheService() throws Exception {
        cloudflare.answerNext("GET", "/zones", Response.of(200, "{}").fate(Fate.WITHHELD));
        var outcome = new CompletableFuture<Exception>();
        Thread thread = publishAside(outcome);
        cloudflare.awaitCalls(1);
        thread.interrupt();
        assertInstanceOf(InterruptedException.class, outcome.get());
        publisher.publish(List.of(a("192.0.2.7")));
        assertEquals(1, cloudflare.shown().size());
    }

    @Test
    void closingEndsAWaitForTheService() throws Exception {
        cloudflare.answerNext("GET", "/zones", Response.of(200, "{}").fate(Fate.WITHHELD));
        var outcome = new CompletableFuture<Exception>();
        publishAside(outcome);
        cloudflare.awaitCalls(1);
        publisher.close();
        var failure = assertInstanceOf(PublishException.class, outcome.get());
        assertEquals(Kind.UNAVAILABLE, failure.kind());
        assertThrows(IllegalStateException.class, () -> publisher.publish(List.of(a("192.0.2.7"))));
    }

    private Thread publishAside(CompletableFuture<Exception> outcome) {
        return Thread.ofPlatform()
                .start(
                        () -> {
                            try {
                                publisher.publish(List.of(a("192.0.2.7")));
                                outcome.completeExceptionally(new AssertionError("published"));
                            } catch (PublishException | InterruptedException e) {
                                outcome.complete(e);
                            }
                        });
    }

    private void reopen(CloudflareSettings settings) {
        publisher.close();
        publisher = new CloudflarePublisher(settings, clock);
    }

    private CloudflareSettings settings(Map<String, String> more, String token) {
        var values = new HashMap<>(more);
        values.put("api-url", cloudflare.url());
        return CloudflareSettings.of(new Settings(values, Map.of("token", new Secret(token))));
    }

    private void refused(String message) {
        var refusal = failure();
        assertEquals(message, refusal.getMessage());
        assertEquals(Kind.REFUSED, refusal.kind());
    }

    private PublishException unavailable(String message) {
        var failure = failure();
        assertEquals(message, failure.getMessage());
        assertEquals(Kind.UNAVAILABLE, failure.kind());
        return failure;
    }

    private void unavailable(String message, Duration retryAfter) {
        assertEquals(Optional.of(retryAfter), unavailable(message).retryAfter());
    }

    private PublishException failure() {
        return assertThrows(
                PublishException.class,
                () -> publisher.publish(List.of(a("192.0.2.7"), txt("kcp-port=30000"))));
    }
}
