package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.io.Driver;
import natt.core.keys.KnownHosts;
import natt.core.publish.NattRecord;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.Transport;
import natt.core.time.Ticker;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

@Timeout(30)
class HostSearchTests {
    @TempDir Path dir;

    private static List<InetSocketAddress> addresses(String... texts) {
        return Arrays.stream(texts)
                .map(text -> HostAndPort.parse(text).literal().orElseThrow())
                .toList();
    }

    @Test
    void bothFamiliesAreTriedInTurnAndPrivateAddressesLast() {
        assertEquals(
                addresses(
                        "[2001:db8::1]:1",
                        "203.0.113.1:1",
                        "[2001:db8::2]:1",
                        "203.0.113.2:1",
                        "203.0.113.3:1",
                        "192.168.1.1:1"),
                HostSearch.order(
                        addresses(
                                "203.0.113.1:1",
                                "192.168.1.1:1",
                                "203.0.113.2:1",
                                "[2001:db8::1]:1",
                                "203.0.113.3:1",
                                "[2001:db8::2]:1")));
    }

    /// Opens nothing.
    private static final class NoTransport implements Transport {
        @Override
        public String id() {
            return "none";
        }

        @Override
        public int capability() {
            return 1;
        }

        @Override
        public Multiplexer open(Context context) {
            throw new IllegalStateException("for a test");
        }
    }

    /// The brokers of a record of one key that a search for another finds, before its addresses.
    private List<String> brokers(NodeKey wanted, NodeKey published) throws Exception {
        String record =
                new NattRecord(
                                published,
                                addresses("203.0.113.1:1"),
                                1,
                                Optional.of(published + "@broker.example.com:443"))
                        .text();
        var config =
                new ClientConfig.Sessions(
                        "pc.example.com",
                        (name, type, source) -> new Answer.Found(List.of(record)),
                        new NoTransport(),
                        Identity.generate(new Random(1)),
                        Optional.of(wanted),
                        Optional.empty(),
                        PreSharedKey.NONE,
                        new KnownHosts(dir.resolve("known_hosts")),
                        false);
        var brokers = new ArrayList<String>();
        var done = new CompletableFuture<List<String>>();
        var seeker =
                new HostSearch.Seeker() {
                    @Override
                    public void keyFound(NodeKey key) {}

                    @Override
                    public void addressesFound(List<InetSocketAddress> addresses) {
                        done.complete(List.copyOf(brokers));
                    }

                    @Override
                    public void brokerFound(String broker) {
                        brokers.add(broker);
                    }

                    @Override
                    public void nothingFound(String why) {
                        done.completeExceptionally(new AssertionError(why));
                    }

                    @Override
                    public boolean searching() {
                        return true;
                    }
                };
        try (var driver = new Driver(Ticker.system(), "test")) {
            driver.start();
            driver.execute(() -> new HostSearch(config, driver, seeker).start());
            return done.get();
        }
    }

    @Test
    void aForgedRecordDoesNotLeadToTheForgersBroker() throws Exception {
        NodeKey host = Identity.generate(new Random(2)).publicKey();
        NodeKey forger = Identity.generate(new Random(3)).publicKey();
        assertEquals(List.of(host + "@broker.example.com:443"), brokers(host, host));
        assertEquals(List.of(), brokers(host, forger));
    }
}
