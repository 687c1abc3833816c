package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.DnsRecord;
import natt.core.DnsRecord.Type;
import natt.core.HostAndPort;
import natt.core.io.Driver;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.DnsProvider;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.PlainTransport;
import natt.core.status.Report;
import natt.core.time.Ticker;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.random.RandomGenerator;

@Timeout(30)
class NodeReportTests {
    private static final InetSocketAddress LOOPBACK =
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);

    /// Is never opened.
    private static final class NoTransport implements PlainTransport {
        @Override
        public String id() {
            return "none";
        }

        @Override
        public Endpoint open(Context context) {
            throw new IllegalStateException("for a test");
        }
    }

    private static final class NoDiscovery implements AddressDiscovery {
        @Override
        public String id() {
            return "none";
        }

        @Override
        public Discovery open(Context context) {
            throw new IllegalStateException("for a test");
        }
    }

    private static final class Publisher implements DnsProvider.Publisher {
        @Override
        public DnsProvider.Capabilities capabilities() {
            return new DnsProvider.Capabilities(
                    EnumSet.allOf(Type.class), Duration.ofSeconds(1), true);
        }

        @Override
        public List<DnsProvider.Skipped> publish(List<DnsRecord> records) {
            return List.of();
        }

        @Override
        public void close() {}
    }

    @Test
    void aClientTellsItsForwardsAndItsConnectionsWhileItLooksTheHostUp() throws Exception {
        var asked = new CountDownLatch(1);
        var never = new CountDownLatch(1);
        var config =
                new ClientConfig.Plain(
                        "pc.example.com",
                        (name, type, source) -> {
                            asked.countDown();
                            never.await();
                            return new Answer.TimedOut();
                        },
                        new NoTransport());
        try (var client = new Client(config)) {
            InetSocketAddress bound = client.listen("ssh", List.of(LOOPBACK)).getFirst();
            client.proxy("ssh", InputStream.nullInputStream(), OutputStream.nullOutputStream());
            asked.await();
            String json = client.report().get().toJson();
            assertTrue(json.startsWith("{\"program\":\"nattc\",\"name\":\"pc.example.com\""), json);
            String forward = "{\"service\":\"ssh\",\"local\":\"" + HostAndPort.format(bound);
            assertTrue(json.contains("\"forwards\":[" + forward + "\"}]"), json);
            String waiting = "\"connections\":[{\"state\":\"looking the name up\"}]";
            assertTrue(json.contains(waiting), json);
            assertTrue(json.contains("\"connections\":{\"used\":1,\"limit\":128}"), json);
        }
        never.countDown();
    }

    @Test
    void aNoticeTellsWhatIsPublishedAndWhatHasFailedSince() {
        var config =
                new ServerConfig(
                        "pc.example.com",
                        List.of(),
                        true,
                        new NoDiscovery(),
                        new Publisher(),
                        Duration.ofSeconds(60),
                        Optional.empty(),
                        Optional.of(
                                new ServerConfig.Plain(
                                        new InetSocketAddress(LOOPBACK.getAddress(), 0),
                                        new HostAndPort("127.0.0.1", 22),
                                        new NoTransport())));
        var published = new CompletableFuture<Void>();
        try (var notice =
                new Notice(
                        config,
                        RandomGenerator.getDefault(),
                        published,
                        new CompletableFuture<>())) {
            assertState(notice, "waiting for the targets");
            notice.start();
            assertState(notice, "waiting for an address");
            notice.published(
                    List.of(
                            new DnsRecord(
                                    "pc.example.com",
                                    Type.A,
                                    "192.0.2.1",
                                    Duration.ofSeconds(60))));
            assertState(notice, "published");
            String json = notice.report().toJson();
            assertTrue(json.contains("\"records\":[\"A 192.0.2.1\"],\"ageSeconds\":0"), json);
            assertFalse(json.contains("lastError"), json);
            notice.failed(
                    new PublishException(
                            PublishException.Kind.UNAVAILABLE, "503", Optional.empty()));
            assertState(notice, "failing");
            json = notice.report().toJson();
            assertTrue(json.contains("\"records\":[\"A 192.0.2.1\"],\"ageSeconds\":0"), json);
            assertTrue(json.contains("\"lastError\":\"503\",\"failedSeconds\":0"), json);
            notice.giveUp();
            assertState(notice, "stopped");
        }
    }

    private static void assertState(Notice notice, String state) {
        String json = notice.report().toJson();
        assertTrue(json.contains("\"state\":\"" + state + "\""), json);
    }

    @Test
    void aReportThatCannotBeMadeHarmsNothing() throws Exception {
        try (var driver = new Driver(Ticker.system(), "test")) {
            driver.start();
            var failed =
                    assertThrows(
                            ExecutionException.class,
                            () ->
                                    NodeReport.collect(
                                                    driver,
                                                    () -> {
                                                        throw new IllegalStateException("broken");
                                                    })
                                            .get());
            assertInstanceOf(IllegalStateException.class, failed.getCause());
            Report fine = Report.builder().count("process", 1).build();
            assertEquals(fine, NodeReport.collect(driver, () -> fine).get());
            assertFalse(driver.failure().isDone());
        }
    }
}
