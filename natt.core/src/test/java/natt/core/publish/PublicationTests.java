package natt.core.publish;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.DnsRecord;
import natt.core.DnsRecord.Type;
import natt.core.spi.DnsProvider.Capabilities;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.PublishException.Kind;
import natt.core.spi.DnsProvider.Publisher;
import natt.core.spi.DnsProvider.Skipped;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;

@Timeout(30)
class PublicationTests {
    private final BlockingQueue<String> news = new LinkedBlockingQueue<>();
    private final FakePublisher publisher = new FakePublisher();
    private final Publication publication =
            new Publication(
                            publisher,
                            new SplittableRandom(1),
                            new Publication.Listener() {
                                @Override
                                public void published(List<DnsRecord> records) {
                                    news.add("published " + records.getFirst().content());
                                }

                                @Override
                                public void failed(PublishException failure) {
                                    news.add("failed " + failure.getMessage());
                                }
                            })
                    .start();

    private static List<DnsRecord> address(String address) {
        return List.of(new DnsRecord("pc.example.com", Type.A, address, Duration.ofSeconds(60)));
    }

    @AfterEach
    void close() throws InterruptedException {
        publication.close();
        publisher.closed.await();
    }

    @Test
    void publishesOnlyWhatChanged() throws Exception {
        publication.want(address("192.0.2.1"));
        assertEquals("published 192.0.2.1", news.take());
        publication.want(address("192.0.2.1"));
        publication.want(address("192.0.2.2"));
        assertEquals("published 192.0.2.2", news.take());
        assertEquals(2, publisher.calls.size());
    }

    @Test
    void aFailureIsTriedAgainWithTheNewestRecords() throws Exception {
        publisher.failures.add(
                new PublishException(Kind.UNAVAILABLE, "away", Optional.of(Duration.ofMillis(50))));
        publication.want(address("192.0.2.1"));
        assertEquals("failed away", news.take());
        publication.want(address("192.0.2.2"));
        assertEquals("published 192.0.2.2", news.take());
        assertEquals(2, publisher.calls.size());
    }

    @Test
    void changedRecordsDoNotWaitForTheFiveMinutesAfterARefusal() throws Exception {
        publisher.failures.add(new PublishException(Kind.REFUSED, "refused", Optional.empty()));
        publication.want(address("192.0.2.1"));
        assertEquals("failed refused", news.take());
        publication.want(address("192.0.2.2"));
        assertEquals("published 192.0.2.2", news.take());
    }

    @Test
    void aFaultOfTheProviderIsAFailureLikeOthers() throws Exception {
        publisher.fault = true;
        publication.want(address("192.0.2.1"));
        String said = news.take();
        assertTrue(said.startsWith("failed a fault in the DNS provider"), said);
        assertEquals("published 192.0.2.1", news.take());
    }

    @Test
    void whatIsLeftOutIsNotSaidToBePublished() throws Exception {
        var ttl = Duration.ofSeconds(60);
        var courtesy = DnsRecord.courtesy("pc.example.com", Type.AAAA, "2001:db8::1", ttl);
        publisher.left = List.of(new Skipped(courtesy, "for a test"));
        publication.want(List.of(courtesy, address("192.0.2.1").getFirst()));
        assertEquals("published 192.0.2.1", news.take());
    }

    private static final class FakePublisher implements Publisher {
        final BlockingQueue<List<DnsRecord>> calls = new LinkedBlockingQueue<>();
        final BlockingQueue<PublishException> failures = new LinkedBlockingQueue<>();
        volatile boolean fault;
        volatile List<Skipped> left = List.of();
        final CountDownLatch closed = new CountDownLatch(1);

        @Override
        public Capabilities capabilities() {
            return new Capabilities(EnumSet.allOf(Type.class), Duration.ofSeconds(1), true);
        }

        @Override
        public List<Skipped> publish(List<DnsRecord> records) throws PublishException {
            calls.add(records);
            if (fault) {
                fault = false;
                throw new IllegalStateException("for a test");
            }
            PublishException failure = failures.poll();
            if (failure != null) {
                throw failure;
            }
            return left;
        }

        @Override
        public void close() {
            closed.countDown();
        }
    }
}
