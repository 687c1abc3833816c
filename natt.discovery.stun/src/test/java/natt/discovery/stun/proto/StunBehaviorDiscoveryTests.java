package natt.discovery.stun.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.Route;
import natt.core.spi.AddressDiscovery.BehaviorContext;
import natt.core.spi.AddressDiscovery.LocalSocket;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// A server that answers what it likes.
class StunBehaviorDiscoveryTests {
    private static final int OTHER_ADDRESS = 0x802C;
    private static final InetSocketAddress SERVER = new InetSocketAddress("192.0.2.1", 3478);
    private static final InetSocketAddress OTHER = new InetSocketAddress("192.0.2.2", 3479);
    private static final InetSocketAddress MAPPED = new InetSocketAddress("203.0.113.7", 4000);

    private final List<InetSocketAddress> targets = new ArrayList<>();
    private long now = Long.MAX_VALUE - 1_000_000_000L;

    private record Sent(InetSocketAddress to, byte[] request) {}

    private StunBehaviorDiscovery discovery(List<InetSocketAddress> servers, int... sockets) {
        var locals =
                Arrays.stream(sockets)
                        .mapToObj(s -> new LocalSocket(s, new InetSocketAddress("10.0.0.1", 1 + s)))
                        .toList();
        var context = new BehaviorContext(servers, locals, Duration.ZERO, now, new Random(1));
        return new StunBehaviorDiscovery(context);
    }

    private @Nullable Sent poll(StunBehaviorDiscovery discovery) {
        var out = ByteBuffer.allocate(100);
        InetSocketAddress to = discovery.pollTransmit(out, now);
        if (to == null) {
            return null;
        }
        targets.add(to);
        return new Sent(to, Arrays.copyOf(out.array(), out.position()));
    }

    private static byte[] answer(byte[] request, InetSocketAddress other) {
        return MessageBuilder.to(request, MessageBuilder.SUCCESS)
                .xored(MessageBuilder.XOR_MAPPED_ADDRESS, MAPPED)
                .plain(OTHER_ADDRESS, other)
                .bytes();
    }

    private boolean deliver(
            StunBehaviorDiscovery discovery, InetSocketAddress from, byte[] message) {
        return discovery.handleDatagram(from, ByteBuffer.wrap(message), now);
    }

    /// Answers what goes to the server, from there, until the discovery has ended.
    private NatBehavior run(StunBehaviorDiscovery discovery, InetSocketAddress other) {
        while (true) {
            for (Sent sent; (sent = poll(discovery)) != null; ) {
                if (Route.remote(sent.to).equals(SERVER)) {
                    deliver(discovery, sent.to, answer(sent.request, other));
                }
            }
            NatBehavior found = discovery.pollBehavior();
            if (found != null) {
                return found;
            }
            long wait = discovery.nanosUntilTimeout(now);
            assertTrue(wait > 0 && wait < 10_000_000_000L);
            now += wait;
            discovery.handleTimeout(now);
        }
    }

    @Test
    void aServerThatAnswersFromWhereItWasAskedDoesNotTellTheFiltering() {
        NatBehavior found = run(discovery(List.of(SERVER), 0, 1), OTHER);
        assertEquals(Dependence.UNKNOWN, found.filtering());
        assertEquals(Dependence.UNKNOWN, found.mapping());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "192.0.2.1 3479",
                "192.0.2.2 3478",
                "192.0.2.2 0",
                "224.0.0.1 3479",
                "0.0.0.0 3479",
                "255.255.255.255 3479",
                "2001:db8::1 3479",
                "100::1:0:0:1 3479"
            })
    void anImpossibleOtherAddressIsNotSentTo(String claimed) {
        String[] parts = claimed.split(" ");
        var other = new InetSocketAddress(parts[0], Integer.parseInt(parts[1]));
        run(discovery(List.of(SERVER), 0), other);
        assertEquals(List.of(SERVER), targets.stream().distinct().toList());
    }

    @Test
    void whereAServerSendsUsToAreFewDatagrams() {
        run(discovery(List.of(SERVER), 0, 1, 2, 3, 4, 5, 6, 7), OTHER);
        targets.removeIf(each -> Route.remote(each).equals(SERVER));
        assertEquals(20, targets.size());
    }

    /// What Linux's NAT does once it has refused a packet from there.
    @Test
    void throughOneSocketTheSourcesOfTheFilteringTestDoNotDecideTheMapping() {
        StunBehaviorDiscovery discovery = discovery(List.of(SERVER), 0);
        NatBehavior found = null;
        while (found == null) {
            for (Sent sent; (sent = poll(discovery)) != null; ) {
                boolean changed = sent.request.length > 20;
                boolean refused = sent.to.getPort() == OTHER.getPort();
                var port = new InetSocketAddress(MAPPED.getAddress(), refused ? 5000 : 4000);
                byte[] answer =
                        MessageBuilder.to(sent.request, MessageBuilder.SUCCESS)
                                .xored(MessageBuilder.XOR_MAPPED_ADDRESS, port)
                                .plain(OTHER_ADDRESS, OTHER)
                                .bytes();
                if (!changed) {
                    deliver(discovery, sent.to, answer);
                }
            }
            found = discovery.pollBehavior();
            now += Math.min(discovery.nanosUntilTimeout(now), 1_000_000_000L);
            discovery.handleTimeout(now);
        }
        assertEquals(Dependence.ENDPOINT_INDEPENDENT, found.mapping());
        assertEquals(Dependence.ADDRESS_AND_PORT_DEPENDENT, found.filtering());
    }

    @Test
    void forgedAnswersAreNotTaken() {
        StunBehaviorDiscovery discovery = discovery(List.of(SERVER), 0, 1);
        Sent sent = poll(discovery);
        if (sent == null) {
            throw new AssertionError("silence");
        }
        byte[] right = answer(sent.request, OTHER);
        assertFalse(deliver(discovery, OTHER, right), "another source");
        assertFalse(deliver(discovery, Route.through(1, SERVER), right), "another socket");
        byte[] wrong = right.clone();
        wrong[19] ^= 1;
        assertFalse(deliver(discovery, SERVER, wrong), "another id");
        assertTrue(deliver(discovery, SERVER, right));
        assertFalse(deliver(discovery, SERVER, right), "again");
        assertEquals(1, discovery.observations().size());
    }

    @Test
    void truncatedAnswersChangeNothing() {
        StunBehaviorDiscovery discovery = discovery(List.of(SERVER), 0, 1);
        Sent sent = poll(discovery);
        if (sent == null) {
            throw new AssertionError("silence");
        }
        byte[] right = answer(sent.request, OTHER);
        for (int length = 0; length < right.length; length++) {
            deliver(discovery, SERVER, Arrays.copyOf(right, length));
        }
        assertEquals(List.of(), discovery.observations());
        assertNull(poll(discovery));
        assertTrue(deliver(discovery, SERVER, right));
    }

    @Test
    void whatCannotBeSentToIsRefused() {
        var six = new InetSocketAddress("2001:db8::1", 3478);
        assertThrows(IllegalArgumentException.class, () -> discovery(List.of()));
        assertThrows(IllegalArgumentException.class, () -> discovery(List.of(SERVER)));
        assertThrows(IllegalArgumentException.class, () -> discovery(List.of(), 0));
        assertThrows(IllegalArgumentException.class, () -> discovery(List.of(six), 0, 1));
        assertThrows(IllegalArgumentException.class, () -> discovery(List.of(six), 1));
        var routed = Route.through(1, SERVER);
        assertThrows(IllegalArgumentException.class, () -> discovery(List.of(routed), 0));
        assertEquals(six, poll(discovery(List.of(six), 0)).to);
    }
}
