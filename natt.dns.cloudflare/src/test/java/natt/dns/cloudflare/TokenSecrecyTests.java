package natt.dns.cloudflare;

import static natt.dns.cloudflare.Publishers.a;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Secret;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.Settings;
import natt.dns.cloudflare.FakeHttpServer.Fate;
import natt.dns.cloudflare.FakeHttpServer.Response;
import natt.testkit.FakeTicker;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/// The token reaches the API's host, and nothing else, whatever goes wrong.
class TokenSecrecyTests {

    @Test
    void noMessageLogOrPrintoutHoldsTheToken() throws Exception {
        var said = new StringWriter();
        var out = new PrintWriter(said, true);
        var printed = new ByteArrayOutputStream();
        PrintStream standardOut = System.out;
        PrintStream standardErr = System.err;
        Logger root = Logger.getLogger("");
        Level level = root.getLevel();
        var collector = new Collector(out);
        var capture = new PrintStream(printed, true, StandardCharsets.UTF_8);
        root.addHandler(collector);
        root.setLevel(Level.ALL);
        System.setOut(capture);
        System.setErr(capture);
        try {
            everyFailure(out);
        } finally {
            System.setOut(standardOut);
            System.setErr(standardErr);
            root.setLevel(level);
            root.removeHandler(collector);
        }
        assertTrue(said.toString().contains("has a problem (500"), "failures were collected");
        assertFalse(said.toString().contains("canary"), said.toString());
        assertFalse(printed.toString(StandardCharsets.UTF_8).contains("canary"));
    }

    @Test
    void theTokenIsSentInTheHeaderOnly() throws Exception {
        var heads = new CopyOnWriteArrayList<FakeHttpServer.Request>();
        try (var server =
                        new FakeHttpServer(
                                request -> {
                                    heads.add(request);
                                    return Response.of(500, "");
                                });
                var publisher = Publishers.open(server.url())) {
            assertThrows(PublishException.class, () -> publisher.publish(List.of(a("192.0.2.7"))));
        }
        var head = heads.getFirst();
        assertEquals("Bearer " + FakeCloudflare.TOKEN, head.headers().get("authorization"));
        assertFalse(head.target().contains("canary") || head.body().contains("canary"));
        head.headers()
                .forEach(
                        (name, value) ->
                                assertTrue(
                                        name.equals("authorization") || !value.contains("canary"),
                                        name));
    }

    @Test
    void settingsNameWhatIsWrongWithoutTheToken() {
        assertEquals(
                "the DNS provider 'cloudflare' needs the secret 'token'",
                wrong(new Settings(Map.of(), Map.of())));
        assertEquals(
                "the DNS provider 'cloudflare' needs the secret 'token'",
                wrong(new Settings(Map.of(), Map.of("token", new Secret(" \n")))));
        assertEquals(
                "the setting 'token' must be given as a secret",
                wrong(new Settings(Map.of("token", "canary"), Map.of())));
        for (String bad : List.of("canary\nX-Evil: 1", "can ary", "canary\u00fc", "canary\0")) {
            assertEquals(
                    "the secret 'token' holds characters that no API token has",
                    wrong(new Settings(Map.of(), Map.of("token", new Secret(bad)))));
        }
        for (String bad :
                List.of("ftp://x/", "x", "https://u:p@x/", "https://x/?a", "https://x/#a")) {
            assertEquals(
                    "the setting 'api-url' is not an http or https URL without user, query and"
                            + " fragment",
                    wrong(with("api-url", bad)));
        }
        assertEquals(
                "the setting 'zone-id' is not the id of a zone: ../user\\x1bc",
                wrong(with("zone-id", "../user\u001bc")));
        assertEquals(
                "cloudflare does not know the setting 'zone'; known: [api-url, token, zone-id]",
                wrong(with("zone", "x")));
    }

    @Test
    void aTokenFromAFileMayEndInALineFeed() {
        var settings =
                CloudflareSettings.of(
                        new Settings(Map.of(), Map.of("token", new Secret("canary\n"))));
        assertEquals(new Secret("canary"), settings.token());
        assertEquals("https://api.cloudflare.com/client/v4", settings.apiUrl().toString());
        assertEquals(Duration.ofSeconds(5), settings.connectTimeout());
        assertEquals(Duration.ofSeconds(20), settings.callTimeout());
    }

    @Test
    void theModuleExportsNothing() {
        var module = CloudflareDnsProvider.class.getModule().getDescriptor();
        assertEquals(Set.of(), module.exports());
        assertEquals("cloudflare", new CloudflareDnsProvider().id());
    }

    /// Goes through one failure of each kind and writes down all that is said about it.
    private static void everyFailure(PrintWriter out) throws Exception {
        try (var cloudflare = new FakeCloudflare()) {
            cloudflare.addZone("example.com");
            var settings =
                    Publishers.settings(cloudflare.url())
                            .withTimeouts(Duration.ofMillis(200), Duration.ofMillis(300));
            out.println(settings);
            var answers =
                    List.of(
                            FakeCloudflare.failure(401, 1000, "Invalid API Token"),
                            FakeCloudflare.failure(403, 10000, "Authentication error"),
                            FakeCloudflare.failure(400, 6003, "Invalid request headers"),
                            FakeCloudflare.failure(404, 7003, "no route"),
                            FakeCloudflare.failure(429, 971, "wait"),
                            Response.of(500, "oops"),
                            Response.of(302, "").header("Location", "http://127.0.0.1:1/"),
                            Response.of(200, "no json"),
                            Response.of(200, "{\"success\": true}").fate(Fate.TRUNCATED),
                            Response.of(200, "{}").fate(Fate.WITHHELD));
            for (Response each : answers) {
                cloudflare.answerNext("GET", "/zones", each);
                var publisher = new CloudflarePublisher(settings, new FakeTicker());
                try (publisher) {
                    out.println(publisher);
                    publisher.publish(List.of(a("192.0.2.7")));
                    throw new AssertionError("published in spite of " + each.status());
                } catch (PublishException e) {
                    e.printStackTrace(out);
                    out.println(publisher);
                }
            }
        }
        var nowhere =
                new CloudflareDnsProvider()
                        .open(
                                new Settings(
                                        Map.of("api-url", "http://127.0.0.1:1/"),
                                        Map.of("token", new Secret(FakeCloudflare.TOKEN))));
        try (nowhere) {
            out.println(nowhere);
            assertThrows(PublishException.class, () -> nowhere.publish(List.of(a("192.0.2.7"))))
                    .printStackTrace(out);
        }
    }

    private static String wrong(Settings settings) {
        return assertThrows(
                        IllegalArgumentException.class,
                        () -> new CloudflareDnsProvider().open(settings))
                .getMessage();
    }

    private static Settings with(String key, String value) {
        return new Settings(Map.of(key, value), Map.of("token", new Secret(FakeCloudflare.TOKEN)));
    }

    /// Writes every log record down, with its parameters and its exception.
    private static final class Collector extends Handler {
        private final PrintWriter out;

        Collector(PrintWriter out) {
            this.out = out;
            setLevel(Level.ALL);
        }

        @Override
        public void publish(LogRecord record) {
            out.println(new SimpleFormatter().format(record));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
