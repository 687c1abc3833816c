package natt.discovery.portmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.PortMapper.Answer;
import natt.core.spi.PortMapper.News;
import natt.core.time.Ticker;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

@Timeout(20)
class KeeperTests {
    private static final Gateway HOME = gateway("192.168.2.1", "192.168.2.2");
    private static final Gateway OFFICE = gateway("10.0.0.1", "10.0.0.7");
    private static final Duration HOUR = Duration.ofHours(1);
    private static final InetSocketAddress OUTSIDE = new InetSocketAddress("203.0.113.5", 30_000);

    private final BlockingQueue<News> news = new LinkedBlockingQueue<>();
    private final FakeProtocol first = new FakeProtocol("PCP");
    private final FakeProtocol second = new FakeProtocol("UPnP");
    private volatile Optional<Gateway> gateway = Optional.of(HOME);

    private final Keeper keeper =
            new Keeper(
                    "test",
                    () -> gateway,
                    () -> List.of(first, second),
                    30_000,
                    HOUR,
                    new Keeper.Pace(
                            Duration.ofMillis(5), HOUR, Duration.ofMillis(10), Duration.ofHours(1)),
                    Ticker.system(),
                    news::add);

    @AfterEach
    void end() {
        keeper.stop();
    }

    @Test
    void theFirstOfTheListIsUsedEvenIfItAnswersLast() throws Exception {
        first.probeDelay = Duration.ofMillis(50);
        keeper.start();
        assertEquals(new News.Mapped(OUTSIDE, "PCP", HOUR), next());
        assertEquals(0, second.maps.size());
    }

    @Test
    void theNextIsUsedWhenOneRefuses() throws Exception {
        first.result = new Protocol.Result.Failed("refused");
        keeper.start();
        assertEquals(new News.Mapped(OUTSIDE, "UPnP", HOUR), next());
    }

    @Test
    void whatEachOfThemSaysIsToldOnceWhenNothingMaps() throws Exception {
        first.spoken = false;
        second.result = new Protocol.Result.Failed("refused: 606");
        keeper.start();
        assertEquals(
                new News.Unavailable(
                        List.of(
                                new Answer("PCP", false, "said"),
                                new Answer("UPnP", true, "refused: 606"))),
                next());
        gateway = Optional.of(OFFICE);
        assertTrue(second.maps.poll(10, TimeUnit.SECONDS) != null);
        assertTrue(second.maps.poll(10, TimeUnit.SECONDS) != null);
        assertEquals(0, news.size());
    }

    @Test
    void aMachineWithoutAGatewayWaitsForOne() throws Exception {
        gateway = Optional.empty();
        keeper.start();
        assertTrue(next() instanceof News.Unavailable);
        gateway = Optional.of(HOME);
        assertTrue(next() instanceof News.Mapped);
    }

    @Test
    void aRestartedGatewayIsAskedForTheSameAddressAgain() throws Exception {
        first.interval = Duration.ofMillis(10);
        keeper.start();
        assertTrue(next() instanceof News.Mapped);
        assertEquals(new InetSocketAddress(30_000), first.maps.take());
        first.check = Protocol.Check.LOST;
        assertEquals(OUTSIDE, first.maps.take());
        first.checks.clear();
        first.checks.take();
        assertEquals(0, news.size());
    }

    @Test
    void aRestartedGatewayThatMapsNoMoreHasLostTheMapping() throws Exception {
        first.interval = Duration.ofMillis(10);
        keeper.start();
        assertTrue(next() instanceof News.Mapped);
        first.result = new Protocol.Result.Failed("refused");
        first.check = Protocol.Check.LOST;
        assertEquals(new News.Lost(OUTSIDE, "the gateway has restarted or forgotten it"), next());
        assertEquals(new News.Mapped(OUTSIDE, "UPnP", HOUR), next());
    }

    @Test
    void aSilentCheckChangesNothing() throws Exception {
        first.interval = Duration.ofMillis(10);
        first.check = Protocol.Check.UNKNOWN;
        keeper.start();
        assertTrue(next() instanceof News.Mapped);
        for (int i = 0; i < 3; i++) {
            first.checks.take();
        }
        assertEquals(0, news.size());
    }

    @Test
    void anotherGatewayIsAskedWhenTheNetworkChanges() throws Exception {
        keeper.start();
        assertTrue(next() instanceof News.Mapped);
        gateway = Optional.of(OFFICE);
        assertTrue(next() instanceof News.Lost);
        assertTrue(next() instanceof News.Mapped);
        assertEquals(OFFICE, first.lastGateway);
    }

    @Test
    void aMappingIsRenewedInTimeAndToldOnlyWhenItMoves() throws Exception {
        first.result = new Protocol.Result.Mapped(OUTSIDE, Duration.ofMillis(40));
        keeper.start();
        assertEquals(new News.Mapped(OUTSIDE, "PCP", Duration.ofMillis(40)), next());
        for (int i = 0; i < 3; i++) {
            first.maps.take();
        }
        assertEquals(0, news.size());
        var moved = new InetSocketAddress("203.0.113.6", 30_000);
        first.result = new Protocol.Result.Mapped(moved, HOUR);
        assertEquals(new News.Mapped(moved, "PCP", HOUR), next());
    }

    @Test
    void aMappingThatIsNotRenewedIsLostAtItsEnd() throws Exception {
        first.result = new Protocol.Result.Mapped(OUTSIDE, Duration.ofMillis(40));
        keeper.start();
        assertTrue(next() instanceof News.Mapped);
        first.result = new Protocol.Result.Failed("no answer");
        second.spoken = false;
        assertEquals(new News.Lost(OUTSIDE, "the gateway does not renew it"), next());
    }

    @Test
    void anEndWithdrawsTheMapping() throws Exception {
        keeper.start();
        assertTrue(next() instanceof News.Mapped);
        keeper.stop();
        keeper.awaitEnd();
        assertEquals(1, first.unmaps);
    }

    @Test
    void anEndBeforeAnyMappingHasNothingToWithdraw() throws Exception {
        first.probeDelay = HOUR;
        keeper.start();
        keeper.stop();
        keeper.awaitEnd();
        assertEquals(0, first.unmaps + second.unmaps);
    }

    private News next() throws InterruptedException {
        News each = news.poll(10, TimeUnit.SECONDS);
        if (each == null) {
            throw new AssertionError("no news");
        }
        return each;
    }

    private static Gateway gateway(String address, String local) {
        return new Gateway(
                Optional.of(InetAddress.ofLiteral(address)), InetAddress.ofLiteral(local));
    }

    private static final class FakeProtocol implements Protocol {
        final BlockingQueue<InetSocketAddress> maps = new LinkedBlockingQueue<>();
        final BlockingQueue<Check> checks = new LinkedBlockingQueue<>();
        private final String name;
        volatile boolean spoken = true;
        volatile Duration probeDelay = Duration.ZERO;
        volatile Duration interval = HOUR;
        volatile Result result = new Result.Mapped(OUTSIDE, HOUR);
        volatile Check check = Check.HELD;
        volatile Gateway lastGateway = HOME;
        volatile int unmaps;

        FakeProtocol(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Duration checkInterval() {
            return interval;
        }

        @Override
        public Answer probe(Gateway asked) throws InterruptedException {
            Thread.sleep(probeDelay);
            return new Answer(name, spoken, "said");
        }

        @Override
        public Result map(Gateway asked, InetSocketAddress suggested, Duration lifetime) {
            lastGateway = asked;
            maps.add(suggested);
            return result;
        }

        @Override
        public Check check(Gateway asked) {
            Check now = check;
            // What was lost is there again once it is mapped anew.
            check = now == Check.LOST ? Check.HELD : now;
            checks.add(now);
            return now;
        }

        @Override
        public void unmap(Gateway asked) {
            unmaps++;
        }
    }
}
