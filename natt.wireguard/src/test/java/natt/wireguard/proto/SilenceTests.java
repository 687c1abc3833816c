package natt.wireguard.proto;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.wireguard.control.PeerState;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;

class SilenceTests {
    private static final long SECOND = 1_000_000_000;
    private static final NodeKey OWN = NodeKey.of(new byte[32]);
    private static final NodeKey KEY = Identity.generate(new Random(1)).publicKey();

    private final Silence silence = new Silence();

    /// Soon after the start of a test it wraps.
    private long now = Long.MAX_VALUE - SECOND;

    private static PeerState peer(InetSocketAddress endpoint, long handshake, long received) {
        return new PeerState(
                KEY, Optional.ofNullable(endpoint), List.of(), handshake, received, 0, 25);
    }

    private void look(long received) {
        silence.look(List.of(peer(null, 1, received)), now);
    }

    @Test
    void aPeerIsSilentForLongAfter30SecondsWithoutAByte() {
        assertFalse(silence.isLong(KEY, now));
        look(5);
        now += 20 * SECOND;
        look(6);
        now += 30 * SECOND - 1;
        look(6);
        assertFalse(silence.isLong(KEY, now));
        now += 1;
        assertTrue(silence.isLong(KEY, now));
        look(7);
        assertFalse(silence.isLong(KEY, now));
    }

    @Test
    void aPeerThatHasGoneIsForgotten() {
        look(5);
        silence.look(List.of(), now);
        now += 40 * SECOND;
        assertFalse(silence.isLong(KEY, now));
    }

    /// What natt has set from a server's word may be replaced when it fell silent, whatever the
    /// handshake; what WireGuard has found by itself may not.
    @Test
    void onlyAnEndpointThatNattHasSetGivesWayWhileTheHandshakeIsYoung() {
        var first = new InetSocketAddress(InetAddress.ofLiteral("203.0.113.2"), 1);
        var second = new InetSocketAddress(InetAddress.ofLiteral("203.0.113.3"), 1);
        var own = new InetSocketAddress(InetAddress.ofLiteral("203.0.113.4"), 1);
        var nobody = new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 0);
        var endpoints = new Endpoints(Endpoints.Mode.DIRECT, OWN);
        endpoints.add(KEY, nobody);
        endpoints.look(List.of(peer(null, 0, 0)), 1000, now);
        endpoints.session(KEY, true, Optional.of(first));
        assertTrue(
                endpoints.decide(now).stream()
                        .anyMatch(
                                each ->
                                        each.endpoint().equals(Optional.of(first))
                                                && each.keepaliveSeconds()
                                                        .equals(OptionalInt.of(25))));
        endpoints.look(List.of(peer(first, 1001, 9)), 1001, now);
        assertTrue(endpoints.hasYoungHandshake(KEY, now));
        assertTrue(endpoints.decide(now).isEmpty());
        endpoints.session(KEY, true, Optional.of(second));
        assertTrue(
                endpoints.decide(now).stream()
                        .anyMatch(each -> each.endpoint().equals(Optional.of(second))));
        endpoints.look(List.of(peer(own, 1002, 9)), 1002, now);
        endpoints.session(KEY, true, Optional.of(first));
        assertTrue(endpoints.decide(now).isEmpty());
        now += 180 * SECOND;
        assertFalse(endpoints.hasYoungHandshake(KEY, now));
        assertTrue(
                endpoints.decide(now).stream()
                        .anyMatch(each -> each.endpoint().equals(Optional.of(first))));
    }
}
