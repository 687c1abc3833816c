package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.HostAndPort;
import natt.core.node.Reachability.Family;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.AddressDiscovery.Finding;
import natt.core.spi.AddressDiscovery.Observation;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;

class ReachabilityTests {
    private static final InetSocketAddress FOUR = address("203.0.113.7:41233");
    private static final InetSocketAddress SIX = address("[2001:db8::1]:30000");

    private final Queue<Finding> findings = new ArrayDeque<>();
    private final List<InetSocketAddress> asked = new ArrayList<>();
    private final List<InetSocketAddress> mapped = new ArrayList<>();
    private int unanswered;

    private static InetSocketAddress address(String text) {
        return HostAndPort.parse(text).literal().orElseThrow();
    }

    private Reachability reachability(Family family, boolean publishPrivate) {
        return new Reachability(
                family,
                new FakeDiscovery(),
                3,
                publishPrivate,
                false,
                () -> unanswered++,
                mapped::add,
                new Random(1),
                0);
    }

    @Test
    void onlyServersOfItsFamilyAreAsked() {
        var servers = List.of(address("192.0.2.1:3478"), address("[2001:db8::9]:3478"));
        reachability(Family.IPV6, false).useServers(servers, 0);
        assertEquals(List.of(servers.getLast()), asked);
    }

    @Test
    void aFamilyWithoutServersIsWaitedForByNobody() {
        Reachability six = reachability(Family.IPV6, false);
        six.useServers(List.of(address("192.0.2.1:3478")), 0);
        assertTrue(six.known());
        assertEquals(List.of(), asked);
    }

    @Test
    void aNewAddressIsToldOnce() {
        Reachability four = reachability(Family.IPV4, false);
        findings.add(new Finding.Mapped(FOUR));
        findings.add(new Finding.Unanswered(3, 1));
        findings.add(new Finding.Mapped(FOUR));
        four.poll();
        assertEquals(List.of(FOUR), mapped);
        assertEquals(1, unanswered);
    }

    @Test
    void aPrivateAddressIsToldOnlyIfThatIsWanted() {
        var inside = address("192.168.1.2:30000");
        findings.add(new Finding.Mapped(inside));
        reachability(Family.IPV4, false).poll();
        assertEquals(List.of(), mapped);
        findings.add(new Finding.Mapped(inside));
        reachability(Family.IPV4, true).poll();
        assertEquals(List.of(inside), mapped);
    }

    @Test
    void silenceOverIpv6MattersOnlyOnceThereWasAnAnswer() {
        Reachability six = reachability(Family.IPV6, false);
        findings.add(new Finding.Unanswered(3, 0));
        six.poll();
        assertEquals(0, unanswered);
        findings.add(new Finding.Mapped(SIX));
        findings.add(new Finding.Unanswered(3, 0));
        six.poll();
        assertEquals(List.of(SIX), mapped);
        assertEquals(1, unanswered);
    }

    @Test
    void whatNobodyCanReachKeepsTheAddressThatWas() {
        Reachability four = reachability(Family.IPV4, false);
        findings.add(new Finding.Mapped(FOUR));
        var server = address("192.0.2.1:3478");
        findings.add(
                new Finding.AddressDependentMapping(
                        List.of(
                                new Observation(server, FOUR, 0),
                                new Observation(server, SIX, 0))));
        four.poll();
        assertEquals(FOUR, four.address());
    }

    private final class FakeDiscovery implements AddressDiscovery {
        @Override
        public String id() {
            return "fake";
        }

        @Override
        public Discovery open(Context context) {
            return new Discovery() {
                @Override
                public void useServers(
                        List<InetSocketAddress> servers, int configured, long nowNanos) {
                    asked.addAll(servers);
                }

                @Override
                public void refresh(long nowNanos) {}

                @Override
                public @Nullable Finding pollFinding() {
                    return findings.poll();
                }

                @Override
                public boolean handleDatagram(
                        InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
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
            };
        }
    }
}
