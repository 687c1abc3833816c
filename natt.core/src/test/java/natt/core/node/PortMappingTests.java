package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.node.Reachability.Family;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.AddressDiscovery.Finding;
import natt.core.spi.AddressDiscovery.Observation;
import natt.core.spi.PortMapper;
import natt.core.spi.PortMapper.News;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.function.Consumer;

class PortMappingTests {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final InetSocketAddress SEEN = address("203.0.113.7:41233");
    private static final InetSocketAddress MAPPED = address("203.0.113.7:30000");
    private static final InetSocketAddress SERVER = address("198.51.100.10:3478");
    private static final Identity IDENTITY = Identity.generate(new Random(1));

    private final Queue<Finding> findings = new ArrayDeque<>();
    private final FakeMapper mapper = new FakeMapper();
    private final Reachability four =
            new Reachability(
                    Family.IPV4,
                    new FakeDiscovery(),
                    3,
                    true,
                    false,
                    () -> {},
                    _ -> {},
                    new Random(1),
                    0);
    private int changes;

    @Test
    void aMappingIsOfUseOnceTheServersSeeTheSameAddress() {
        PortMapping mapping = start(false);
        mapper.tell(mapped(MAPPED));
        assertEquals(List.of(), mapping.addresses());
        see(mapping, new Finding.Mapped(SEEN));
        assertEquals(List.of(MAPPED), mapping.addresses());
        see(mapping, new Finding.Mapped(SEEN));
        assertEquals(1, changes);
        assertEquals(List.of("203.0.113.7:30000 by PCP, for 3600 s"), mapping.report());
    }

    @Test
    void aMappingHelpsWhereTheNatsOwnMappingIsAddressDependent() {
        PortMapping mapping = start(false);
        see(
                mapping,
                new Finding.AddressDependentMapping(
                        List.of(
                                new Observation(SERVER, SEEN, 0),
                                new Observation(SERVER, MAPPED, 0))));
        mapper.tell(mapped(MAPPED));
        assertEquals(List.of(MAPPED), mapping.addresses());
    }

    @Test
    void anAddressThatTheServersDoNotSeeIsBehindAnotherNat() {
        PortMapping mapping = start(false);
        see(mapping, new Finding.Mapped(SEEN));
        mapper.tell(mapped(address("198.51.100.9:30000")));
        assertEquals(List.of(), mapping.addresses());
        assertEquals(List.of("198.51.100.9:30000 by PCP, for 3600 s, unused"), mapping.report());
    }

    @Test
    void anAddressThatIsNotPublicIsPublishedOnlyIfThatIsWanted() {
        InetSocketAddress carrier = address("100.64.3.4:30000");
        PortMapping refused = start(false);
        see(refused, new Finding.Mapped(SEEN));
        mapper.tell(mapped(carrier));
        assertEquals(List.of(), refused.addresses());
        PortMapping wanted = start(true);
        mapper.tell(mapped(carrier));
        assertEquals(List.of(carrier), wanted.addresses());
    }

    @Test
    void theServersMayChangeTheirMindLater() {
        PortMapping mapping = start(false);
        see(mapping, new Finding.Mapped(SEEN));
        mapper.tell(mapped(MAPPED));
        see(mapping, new Finding.Mapped(address("203.0.113.99:30000")));
        assertEquals(List.of(), mapping.addresses());
        assertEquals(2, changes);
    }

    @Test
    void aLostMappingIsNotPublishedAnyMore() {
        PortMapping mapping = start(false);
        see(mapping, new Finding.Mapped(SEEN));
        mapper.tell(mapped(MAPPED));
        mapper.tell(new News.Lost(MAPPED, "the gateway has restarted"));
        assertEquals(List.of(), mapping.addresses());
        assertEquals(List.of("lost: the gateway has restarted"), mapping.report());
    }

    @Test
    void whatTheGatewayAnswersIsReported() {
        PortMapping mapping = start(false);
        assertEquals(List.of("asking the gateway"), mapping.report());
        mapper.tell(
                new News.Unavailable(
                        List.of(
                                new PortMapper.Answer("PCP", false, "no answer"),
                                new PortMapper.Answer("UPnP", true, "refused: 606"))));
        assertEquals(List.of("none (PCP: no answer; UPnP: refused: 606)"), mapping.report());
    }

    @Test
    void anEndWithdrawsTheMappingAndOneBeforeTheStartHasNone() {
        PortMapping mapping = start(false);
        mapping.close();
        assertEquals(1, mapper.closed);
        mapping(false).close();
        assertEquals(1, mapper.closed);
    }

    @Test
    void theNonceIsTheSameAfterARestartButNotForAnotherPortOrKey() {
        Identity other = Identity.generate(new Random(2));
        assertEquals(PortMapping.nonce(IDENTITY, 1), PortMapping.nonce(IDENTITY, 1));
        assertNotEquals(PortMapping.nonce(IDENTITY, 1), PortMapping.nonce(IDENTITY, 2));
        assertNotEquals(PortMapping.nonce(IDENTITY, 1), PortMapping.nonce(other, 1));
    }

    private PortMapping start(boolean publishPrivate) {
        PortMapping mapping = mapping(publishPrivate);
        mapping.start();
        return mapping;
    }

    private PortMapping mapping(boolean publishPrivate) {
        return new PortMapping(
                mapper,
                address("[::]:30000"),
                IDENTITY,
                Runnable::run,
                List.of(four),
                publishPrivate,
                () -> changes++);
    }

    private void see(PortMapping mapping, Finding finding) {
        findings.add(finding);
        four.poll();
        mapping.review();
    }

    private static News.Mapped mapped(InetSocketAddress external) {
        return new News.Mapped(external, "PCP", HOUR);
    }

    private static InetSocketAddress address(String text) {
        return HostAndPort.parse(text).literal().orElseThrow();
    }

    private static final class FakeMapper implements PortMapper {
        private Consumer<News> listener = _ -> {};
        private int closed;

        @Override
        public String id() {
            return "fake";
        }

        @Override
        public Mapper open(Request request, Consumer<News> news) {
            assertEquals(30_000, request.port());
            listener = news;
            return () -> closed++;
        }

        @Override
        public List<Answer> probe(Duration patience) {
            return List.of(new Answer("PCP", false, "", Optional.empty()));
        }

        void tell(News news) {
            listener.accept(news);
        }
    }

    private final class FakeDiscovery implements AddressDiscovery, AddressDiscovery.Discovery {
        @Override
        public String id() {
            return "fake";
        }

        @Override
        public Discovery open(Context context) {
            return this;
        }

        @Override
        public void useServers(List<InetSocketAddress> servers, int configured, long nowNanos) {}

        @Override
        public void refresh(long nowNanos) {}

        @Override
        public @Nullable Finding pollFinding() {
            return findings.poll();
        }

        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            return false;
        }

        @Override
        public void handleTimeout(long nowNanos) {}

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            return null;
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return NEVER;
        }
    }
}
