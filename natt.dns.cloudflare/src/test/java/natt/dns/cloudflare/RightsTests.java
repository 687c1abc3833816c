package natt.dns.cloudflare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.DnsProvider.PublishException;
import natt.dns.cloudflare.FakeHttpServer.Response;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.Optional;

/// What can be said of a token without writing.
class RightsTests {
    private static final String SERVICE = "_natt._udp." + Publishers.NAME;
    private static final String UNWRITTEN =
            " and its records; whether it may write, only writing shows";
    private static final String VERIFY = "/user/tokens/verify";

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

    private void verifies(String result) {
        String body = "{\"success\":true,\"errors\":[],\"messages\":[],\"result\":%s}";
        cloudflare.answerNext("GET", VERIFY, Response.of(200, body.formatted(result)));
    }

    @Test
    void anActiveTokenThatSeesTheZoneIsSaidToBeSoAndNothingIsWritten() throws Exception {
        verifies("{\"id\":\"x\",\"status\":\"active\"}");
        assertEquals(
                Optional.of("the token is active and sees the zone example.com" + UNWRITTEN),
                publisher.rights(SERVICE));
        assertTrue(cloudflare.takeCalls().stream().allMatch(each -> each.startsWith("GET ")));
        verifies("{\"id\":\"x\",\"status\":\"active\",\"expires_on\":\"2027-01-01T00:00:00Z\"}");
        assertEquals(
                Optional.of(
                        "the token is active until 2027-01-01T00:00:00Z and sees the zone"
                                + " example.com"
                                + UNWRITTEN),
                publisher.rights(SERVICE));
    }

    @Test
    void anExpiredTokenIsRefused() {
        verifies("{\"id\":\"x\",\"status\":\"expired\"}");
        var refused = assertThrows(PublishException.class, () -> publisher.rights(SERVICE));
        assertEquals(PublishException.Kind.REFUSED, refused.kind());
        assertTrue(refused.getMessage().endsWith("says that the token is expired"));
    }

    @Test
    void aTokenThatTheServiceDoesNotVerifyMayBeGoodAllTheSame() throws Exception {
        cloudflare.answerNext("GET", VERIFY, Response.of(404, "{\"success\":false}"));
        assertEquals(
                Optional.of("the token sees the zone example.com" + UNWRITTEN),
                publisher.rights(SERVICE));
    }

    @Test
    void aNameOutsideTheTokensZonesIsRefused() {
        verifies("{\"id\":\"x\",\"status\":\"active\"}");
        var refused =
                assertThrows(PublishException.class, () -> publisher.rights("_natt._udp.a.test"));
        assertTrue(refused.getMessage().contains("sees no zone that holds"));
    }
}
