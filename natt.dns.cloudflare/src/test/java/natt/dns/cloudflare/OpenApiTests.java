package natt.dns.cloudflare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import natt.core.DnsRecord.Type;
import natt.dns.cloudflare.FakeCloudflare.Exchange;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What the provider sends and what its fake answers, against the API's own description.
///
/// Every exchange of every other test with the fake is checked as well, where the description
/// is found; here its absence is said, or with `-Dnatt.require=all` an error.
class OpenApiTests {
    private static final String ZONE = "/zones/023e105f4ecef8ad9ca31a8372d0c353";
    private static final String RECORDS = ZONE + "/dns_records";

    @Test
    void everyKindOfCallAndAnswerIsTheApis() throws Exception {
        require();
        try (var cloudflare = new FakeCloudflare()) {
            cloudflare.addZone("example.com");
            cloudflare.add("A", "pc.example.com", "192.0.2.1", "");
            cloudflare.add("TXT", "pc.example.com", "\"kcp-port=1\"", "");
            cloudflare.add("TXT", "pc.example.com", "\"kcp-port=2\"", "");
            for (boolean batch : new boolean[] {true, false}) {
                if (!batch) {
                    cloudflare.withoutBatch();
                    cloudflare.add("TXT", "pc.example.com", "\"kcp-port=2\"", "");
                }
                try (var publisher = Publishers.open(cloudflare.url())) {
                    publisher.publish(
                            List.of(
                                    Publishers.record("pc", Type.A, "192.0.2.7"),
                                    Publishers.record("pc", Type.AAAA, "2001:db8::" + batch(batch)),
                                    Publishers.record("pc", Type.TXT, "kcp-port=3" + batch(batch)),
                                    Publishers.record(
                                            "_natt._udp.pc",
                                            Type.SRV,
                                            "10 5 4%d pc.example.com".formatted(batch(batch)))));
                }
            }
            List<String> calls =
                    cloudflare.exchanges().stream()
                            .map(each -> each.method())
                            .distinct()
                            .sorted()
                            .toList();
            assertEquals(List.of("DELETE", "GET", "PATCH", "POST"), calls);
        }
    }

    @Test
    void theDescriptionRefusesWrongRequests() {
        OpenApi api = require();
        refused(api, "fits no branch", "/A/", "{\"type\": \"A\", \"name\": \"x\"}");
        refused(api, "is no ipv4", "/A/", post("A", "\"content\": \"2001:db8::1\""));
        refused(api, "is no ipv6", "/AAAA/", post("AAAA", "\"content\": \"192.0.2.1\""));
        refused(api, "/content is no string", "/TXT/", post("TXT", "\"content\": 7"));
        refused(api, "/content is read-only", "/SRV/", post("SRV", "\"content\": \"1 2 x\""));
        refused(
                api,
                "/data/port is too large",
                "/SRV/",
                post("SRV", "\"data\": {\"port\": 65536}"));
        refused(
                api,
                "/data/service is not described",
                "/SRV/",
                post("SRV", "\"data\": {\"service\": \"_x\"}"));
        refused(api, "/proxied is no boolean", "/A/", post("A", "\"proxied\": \"false\""));
        refused(api, "/comments is not described", "/A/", post("A", "\"comments\": \"natt\""));
        refused(api, "/type is none of", "/X/", post("X", "\"content\": \"x\""));
        refused(
                api,
                "/ttl fits no branch",
                "/A/",
                "{\"type\": \"A\", \"name\": \"x\", \"ttl\": 20}");
        refused(
                api,
                "/name is too long",
                "/A/",
                "{\"type\": \"A\", \"name\": \"%s\", \"ttl\": 60}".formatted("x".repeat(256)));
    }

    @Test
    void theDescriptionRefusesWrongBatches() {
        OpenApi api = require();
        batchRefused(api, "has no id", "{\"deletes\": [{}]}");
        batchRefused(
                api, "/deletes/0/name is not", "{\"deletes\": [{\"id\":\"1\",\"name\":\"x\"}]}");
        batchRefused(
                api,
                "has no id",
                "{\"patches\": [{\"type\": \"A\", \"name\": \"x\", \"ttl\": 60}]}");
        batchRefused(
                api,
                "has no ttl",
                "{\"patches\": [{\"id\": \"1\", \"type\": \"A\", \"name\": \"x\"}]}");
        batchRefused(api, "/posts is no array", "{\"posts\": {}}");
        batchRefused(api, "/creates is not described", "{\"creates\": []}");
    }

    @Test
    void theDescriptionRefusesWrongPathsParametersAndAnswers() {
        OpenApi api = require();
        String ok = "{\"success\": true, \"errors\": [], \"messages\": [], \"result\": []}";
        flawed(api, "there is no", exchange("GET", "/zone", Map.of(), "", 200, ok));
        flawed(api, "there is no", exchange("PUT", RECORDS, Map.of(), "", 200, ok));
        flawed(
                api,
                "there is no parameter nam",
                exchange("GET", "/zones", Map.of("nam", "x"), "", 200, ok));
        flawed(
                api,
                "per_page is too large",
                exchange("GET", "/zones", Map.of("per_page", "100"), "", 200, ok));
        flawed(
                api,
                "zone_id is too long",
                exchange(
                        "GET",
                        "/zones/%s/dns_records".formatted("0".repeat(33)),
                        Map.of(),
                        "",
                        200,
                        ok));
        flawed(
                api,
                "has no messages",
                exchange(
                        "GET", "/zones", Map.of(), "", 200, "{\"success\": true, \"errors\": []}"));
        flawed(
                api,
                "has no id",
                exchange("GET", "/zones", Map.of(), "", 200, ok.replace("[]}", "[{}]}")));
        assertEquals(
                List.of(),
                api.flaws(
                        exchange(
                                "GET",
                                RECORDS,
                                Map.of("name.exact", "x", "per_page", "100", "page", "1"),
                                "",
                                200,
                                ok)));
    }

    private static int batch(boolean batch) {
        return batch ? 1 : 2;
    }

    private static String post(String type, String more) {
        return "{\"type\": \"%s\", \"name\": \"x\", \"ttl\": 60, %s}".formatted(type, more);
    }

    private static void refused(OpenApi api, String flaw, String about, String body) {
        var flaws = api.flaws(request(RECORDS, body)).toString();
        assertTrue(flaws.contains(flaw), about + " " + flaws);
    }

    private static void batchRefused(OpenApi api, String flaw, String body) {
        var flaws = api.flaws(request(RECORDS + "/batch", body)).toString();
        assertTrue(flaws.contains(flaw), flaws);
    }

    private static void flawed(OpenApi api, String flaw, Exchange exchange) {
        var flaws = api.flaws(exchange).toString();
        assertTrue(flaws.contains(flaw), flaws);
    }

    private static Exchange request(String path, String body) {
        return new Exchange("POST", path, Map.of(), body, 200, "", true);
    }

    private static Exchange exchange(
            String method,
            String path,
            Map<String, String> query,
            String body,
            int status,
            String answer) {
        return new Exchange(method, path, query, body, status, answer, false);
    }

    private static OpenApi require() {
        Optional<OpenApi> api = OpenApi.find();
        if (api.isEmpty() && System.getProperty("natt.require", "").contains("natlab")) {
            fail("the API's description is required, and there is no " + OpenApi.FILE);
        }
        assumeTrue(
                api.isPresent(),
                "without ../shared/vectors/cloudflare-dns-openapi.json beside the repository");
        return api.orElseThrow();
    }
}
