package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// natts as a whole against an API that refuses, fails and recovers.
@Requires(Need.IMAGE)
@Timeout(120)
class PublishingTests {
    private static final Duration LIMIT = Duration.ofSeconds(40);
    private static final String CANARY = "canary-0123456789abcdef";

    @RegisterExtension final Processes processes = Processes.ofEachTest();

    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private HttpServer api;
    private volatile int status = 200;
    private volatile String body = "";
    private volatile List<String> headers = List.of();

    @BeforeEach
    void open() throws IOException {
        api = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
        api.createContext("/", this::answer);
        api.start();
    }

    @AfterEach
    void close() {
        api.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        requests.add(exchange.getRequestMethod() + " " + path);
        exchange.getRequestBody().readAllBytes();
        byte[] bytes = (status == 200 ? good(exchange) : body).getBytes(StandardCharsets.UTF_8);
        for (String header : headers) {
            exchange.getResponseHeaders().add(header.split(": ")[0], header.split(": ")[1]);
        }
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private static String good(HttpExchange exchange) {
        String path = exchange.getRequestURI().getPath();
        String result;
        if (path.endsWith("/zones")) {
            boolean mine = exchange.getRequestURI().getQuery().contains("name=example.com");
            result = mine ? "[{\"id\":\"0123456789abcdef\",\"name\":\"example.com\"}]" : "[]";
        } else if (path.endsWith("/batch")) {
            result = "{\"posts\":[],\"patches\":[],\"puts\":[],\"deletes\":[]}";
        } else {
            result = "[]";
        }
        return "{\"success\":true,\"errors\":[],\"messages\":[],\"result\":" + result + "}";
    }

    private Processes.Start natts() {
        return processes
                .prepare("natts", Natt.program("natts"))
                .with("--compat", "kcp-go")
                .with("--target-fqdn", "pc.example.com", "--listen", "127.0.0.1:0")
                .with("--stun", "none", "--publish-private")
                .with("--cf-api-url", "http://127.0.0.1:" + api.getAddress().getPort())
                .env("CF_API_TOKEN", CANARY);
    }

    @ParameterizedTest
    @CsvSource({"401, 10000, Authentication error", "403, 9109, Unauthorized to access"})
    void aRefusedTokenIsOneLineAndOne(int refusal, int code, String says) throws Exception {
        status = refusal;
        body =
                """
                {"success":false,"errors":[{"code":%d,"message":"%s"}],"messages":[],"result":null}\
                """
                        .formatted(code, says);
        Run run = Run.of(natts());
        assertEquals(1, run.status());
        assertTrue(run.lastLine().startsWith("natts: cannot publish: "), run.lastLine());
        assertFalse(run.lines().stream().anyMatch(line -> line.contains(CANARY)));
    }

    @Test
    void aZoneThatTheTokenDoesNotSeeIsOneLineAndOne() throws Exception {
        Run run = Run.of(natts().with("--target-fqdn", "pc.example.org"));
        assertEquals(1, run.status());
        assertTrue(run.lastLine().contains("pc.example.org"), run.lastLine());
    }

    @ParameterizedTest
    @CsvSource({"500, oops", "502, ''", "429, '{\"success\":false'"})
    void anApiThatFailsIsAskedAgainUntilItAnswers(int failure, String said) throws Exception {
        status = failure;
        body = said;
        headers = failure == 429 ? List.of("Retry-After: 2") : List.of();
        var natts = natts().with("--verbose").start();
        natts.awaitLine("publishing failed, trying again", LIMIT);
        status = 200;
        headers = List.of();
        natts.awaitLine("published pc.example.com: A 127.0.0.1", LIMIT);
        assertTrue(requests.contains("POST /zones/0123456789abcdef/dns_records/batch"));
        natts.terminate();
        assertEquals(0, natts.awaitExit(Duration.ofSeconds(3)));
        assertEquals(0, natts.count(CANARY));
    }

    @Test
    void aStopDoesNotWaitForAnApiThatHangs() throws Exception {
        try (var silent = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"))) {
            var natts =
                    natts().with("--cf-api-url", "http://127.0.0.1:" + silent.getLocalPort())
                            .start();
            natts.awaitLine("listening on UDP", LIMIT);
            silent.accept();
            natts.terminate();
            assertEquals(0, natts.awaitExit(Duration.ofSeconds(3)));
        }
    }
}
