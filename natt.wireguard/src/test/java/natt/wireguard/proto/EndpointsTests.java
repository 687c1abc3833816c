package natt.wireguard.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.NodeKey;
import natt.wireguard.control.PeerChange;
import natt.wireguard.control.PeerState;
import natt.wireguard.proto.Endpoints.Mode;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

class EndpointsTests {
    private static final long SECOND = 1_000_000_000;

    /// Near where nanoseconds wrap.
    private static final long START = Long.MAX_VALUE - 100 * SECOND;

    private static final long UNIX = 1_700_000_000;
    private static final InetSocketAddress SOCKET = address("127.0.0.1", 40_001);
    private static final InetSocketAddress PATH = address("203.0.113.7", 4_001);
    private static final InetSocketAddress MOVED = address("203.0.113.8", 4_002);
    private static final InetSocketAddress OTHER = address("192.0.2.9", 51_820);
    private static final NodeKey KEY = key(1);

    private long now = START;
    private long received;

    private static NodeKey key(int value) {
        var bytes = new byte[32];
        Arrays.fill(bytes, (byte) value);
        return NodeKey.of(bytes);
    }

    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
    }

    private static Endpoints endpoints(Mode mode) {
        var endpoints = new Endpoints(mode, key(0));
        endpoints.add(KEY, SOCKET);
        return endpoints;
    }

    private void look(
            Endpoints endpoints, InetSocketAddress endpoint, long handshake, int keepalive) {
        look(endpoints, Optional.of(endpoint), handshake, keepalive);
    }

    private void look(
            Endpoints endpoints,
            Optional<InetSocketAddress> endpoint,
            long handshake,
            int keepalive) {
        var state = new PeerState(KEY, endpoint, List.of(), handshake, received, 0, keepalive);
        endpoints.look(List.of(state), UNIX + (now - START) / SECOND, now);
    }

    private static List<PeerChange> change(InetSocketAddress endpoint) {
        return List.of(new PeerChange(KEY, Optional.of(endpoint), OptionalInt.empty()));
    }

    private static List<PeerChange> change(InetSocketAddress endpoint, int keepalive) {
        return List.of(new PeerChange(KEY, Optional.of(endpoint), OptionalInt.of(keepalive)));
    }

    private static List<PeerChange> waking(InetSocketAddress endpoint, int keepalive) {
        return List.of(
                new PeerChange(KEY, Optional.empty(), OptionalInt.of(0)),
                new PeerChange(KEY, Optional.of(endpoint), OptionalInt.of(keepalive)));
    }

    @Test
    void aPeerWithoutASessionIsLeftAlone() {
        for (Mode mode : Mode.values()) {
            var endpoints = endpoints(mode);
            look(endpoints, OTHER, 0, 0);
            assertEquals(List.of(), endpoints.decide(now));
        }
    }

    @Test
    void nothingIsSetBeforeTheFirstLook() {
        var endpoints = endpoints(Mode.CARRIED);
        endpoints.session(KEY, true, Optional.empty());
        assertEquals(List.of(), endpoints.decide(now));
    }

    @Test
    void aCarriedPeerHasNattsSocketOnceTheSessionIsUp() {
        var endpoints = endpoints(Mode.CARRIED);
        look(endpoints, Optional.empty(), 0, 0);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(change(SOCKET, 25), endpoints.decide(now));
        assertEquals(List.of(), endpoints.decide(now));
        look(endpoints, SOCKET, UNIX, 25);
        assertEquals(List.of(), endpoints.decide(now));
    }

    @Test
    void nattsSocketIsPutBackWhenSomethingElseOverwroteIt() {
        var endpoints = endpoints(Mode.CARRIED);
        look(endpoints, SOCKET, UNIX, 25);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(List.of(), endpoints.decide(now));
        now += 2 * SECOND;
        look(endpoints, OTHER, UNIX, 25);
        assertEquals(change(SOCKET), endpoints.decide(now));
    }

    @Test
    void aSettingThatFailedIsTriedAgainAfterTheNextLook() {
        var endpoints = endpoints(Mode.CARRIED);
        look(endpoints, Optional.empty(), 0, 0);
        endpoints.session(KEY, true, Optional.empty());
        assertEquals(change(SOCKET, 25), endpoints.decide(now));
        now += 2 * SECOND;
        look(endpoints, Optional.empty(), 0, 0);
        assertEquals(change(SOCKET, 25), endpoints.decide(now));
    }

    @Test
    void withoutAYoungHandshakeTheKeepaliveIsTurnedOffAndOnSoThatThereIsOneAtOnce() {
        var endpoints = endpoints(Mode.CARRIED);
        look(endpoints, OTHER, UNIX - 180, 10);
        endpoints.session(KEY, true, Optional.empty());
        assertEquals(waking(SOCKET, 10), endpoints.decide(now));
    }

    @Test
    void ofTwoTheOneWithTheLargerKeyLeavesTheHandshakeToTheOther() {
        var endpoints = new Endpoints(Mode.CARRIED, key(2));
        endpoints.add(KEY, SOCKET);
        look(endpoints, Optional.empty(), 0, 0);
        endpoints.session(KEY, true, Optional.empty());
        assertEquals(change(SOCKET), endpoints.decide(now));
        now += 1_400_000_000;
        look(endpoints, SOCKET, 0, 0);
        assertEquals(List.of(), endpoints.decide(now));
        look(endpoints, SOCKET, UNIX + 1, 0);
        List<PeerChange> keepalive =
                List.of(new PeerChange(KEY, Optional.empty(), OptionalInt.of(25)));
        assertEquals(keepalive, endpoints.decide(now));
        assertEquals(List.of(), endpoints.decide(now));
    }

    @Test
    void itBeginsOneHandshakeItselfIfTheOtherDoesNot() {
        var endpoints = new Endpoints(Mode.CARRIED, key(2));
        endpoints.add(KEY, SOCKET);
        look(endpoints, Optional.empty(), 0, 20);
        endpoints.session(KEY, true, Optional.empty());
        assertEquals(change(SOCKET), endpoints.decide(now));
        now += 1_500_000_000;
        assertEquals(
                List.of(
                        new PeerChange(KEY, Optional.empty(), OptionalInt.of(0)),
                        new PeerChange(KEY, Optional.empty(), OptionalInt.of(20))),
                endpoints.decide(now));
        now += 10 * SECOND;
        look(endpoints, SOCKET, 0, 20);
        assertEquals(List.of(), endpoints.decide(now));
    }

    @Test
    void aKeepaliveTooSlowForNatsIsMadeFaster() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, Optional.empty(), UNIX - 179, 60);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(waking(PATH, 25), endpoints.decide(now));
    }

    @Test
    void aDirectPathBecomesTheEndpoint() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, Optional.empty(), 0, 0);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(change(PATH, 25), endpoints.decide(now));
    }

    @Test
    void anEndpointWithAYoungHandshakeStaysUntilItIsOld() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, OTHER, UNIX - 100, 25);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(List.of(), endpoints.decide(now));
        now += 80 * SECOND - 1;
        look(endpoints, OTHER, UNIX - 100, 25);
        assertEquals(List.of(), endpoints.decide(now));
        now += 1;
        assertEquals(waking(PATH, 25), endpoints.decide(now));
    }

    @Test
    void aNewHandshakeKeepsTheEndpointForItsOwnTime() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, OTHER, UNIX - 100, 25);
        endpoints.session(KEY, true, Optional.of(PATH));
        now += 20 * SECOND;
        look(endpoints, OTHER, UNIX + 19, 25);
        now += 180 * SECOND - 1;
        assertEquals(List.of(), endpoints.decide(now));
        now += 1;
        assertEquals(waking(PATH, 25), endpoints.decide(now));
    }

    @Test
    void aWallClockThatIsSetBackMakesNoHandshakeYoung() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, OTHER, UNIX + 3_600, 25);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(List.of(), endpoints.decide(now));
        now += 180 * SECOND;
        look(endpoints, OTHER, UNIX + 3_600, 25);
        assertEquals(waking(PATH, 25), endpoints.decide(now));
    }

    @Test
    void aPeerThatRoamsIsFollowedThoughTheHandshakeIsYoung() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, Optional.empty(), 0, 0);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(change(PATH, 25), endpoints.decide(now));
        now += SECOND;
        look(endpoints, PATH, UNIX + 1, 25);
        endpoints.session(KEY, true, Optional.of(MOVED));
        assertEquals(waking(MOVED, 25), endpoints.decide(now));
    }

    @Test
    void anEndpointThatTheUserSetIsLeftWhenTheSessionLeavesThatPath() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, PATH, UNIX, 25);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(List.of(), endpoints.decide(now));
        endpoints.session(KEY, true, Optional.of(MOVED));
        assertEquals(waking(MOVED, 25), endpoints.decide(now));
    }

    @Test
    void whereWireGuardRoamedByItselfItStays() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, Optional.empty(), 0, 0);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(change(PATH, 25), endpoints.decide(now));
        now += SECOND;
        look(endpoints, OTHER, UNIX + 1, 25);
        assertEquals(List.of(), endpoints.decide(now));
    }

    @Test
    void aPeerThatComesBackToWhereItWasIsNotSentAwayAgain() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, Optional.empty(), 0, 0);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(change(PATH, 25), endpoints.decide(now));
        now += SECOND;
        look(endpoints, PATH, UNIX + 1, 25);
        endpoints.settle(KEY);
        assertEquals(List.of(), endpoints.decide(now));
        now += 40 * SECOND;
        look(endpoints, PATH, UNIX + 1, 25);
        endpoints.session(KEY, true, Optional.of(MOVED));
        assertEquals(waking(MOVED, 25), endpoints.decide(now));
        now += SECOND;
        look(endpoints, PATH, UNIX + 42, 25);
        endpoints.settle(KEY);
        for (int i = 0; i < 3; i++) {
            assertEquals(List.of(), endpoints.decide(now));
            now += SECOND;
            look(endpoints, PATH, UNIX + 42, 25);
        }
        endpoints.session(KEY, true, Optional.of(MOVED));
        assertEquals(waking(MOVED, 25), endpoints.decide(now));
    }

    @Test
    void byRelayNattCarriesAndADirectPathEndsThat() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, Optional.empty(), 0, 0);
        endpoints.session(KEY, true, Optional.empty());
        assertEquals(change(SOCKET, 25), endpoints.decide(now));
        now += SECOND;
        look(endpoints, SOCKET, UNIX + 1, 25);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(waking(PATH, 25), endpoints.decide(now));
        now += SECOND;
        look(endpoints, PATH, UNIX + 1, 25);
        endpoints.session(KEY, true, Optional.empty());
        assertEquals(change(SOCKET), endpoints.decide(now));
    }

    @Test
    void aSessionThatIsDownChangesNothing() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, Optional.empty(), 0, 0);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(change(PATH, 25), endpoints.decide(now));
        endpoints.session(KEY, false, Optional.empty());
        assertEquals(List.of(), endpoints.decide(now));
    }

    @Test
    void itIsDoneWhenEveryPeerHasARealEndpointAndAHandshake() {
        var endpoints = endpoints(Mode.DIRECT);
        assertFalse(new Endpoints(Mode.DIRECT, key(0)).isDone(now));
        look(endpoints, Optional.empty(), 0, 0);
        assertFalse(endpoints.isDone(now));
        look(endpoints, PATH, 0, 25);
        assertFalse(endpoints.isDone(now));
        look(endpoints, SOCKET, UNIX, 25);
        assertFalse(endpoints.isDone(now));
        look(endpoints, PATH, UNIX, 25);
        assertTrue(endpoints.isDone(now));
        endpoints.add(key(2), address("127.0.0.1", 40_002));
        assertFalse(endpoints.isDone(now));
        endpoints.remove(key(2));
        assertTrue(endpoints.isDone(now));
        assertFalse(endpoints.isDone(now + 180 * SECOND));
    }

    @Test
    void aHandshakeByTheRelayIsNoneOfTheDirectPath() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, Optional.empty(), 0, 0);
        endpoints.session(KEY, true, Optional.empty());
        assertEquals(change(SOCKET, 25), endpoints.decide(now));
        now += SECOND / 2;
        endpoints.session(KEY, true, Optional.of(PATH));
        // Whether the handshake has been by now is not known.
        assertEquals(List.of(), endpoints.decide(now));
        now += SECOND;
        received = 148;
        look(endpoints, SOCKET, UNIX + 1, 25);
        assertEquals(waking(PATH, 25), endpoints.decide(now));
        assertFalse(endpoints.isDone(now));
        now += SECOND;
        look(endpoints, PATH, UNIX + 1, 25);
        assertFalse(endpoints.isDone(now));
        received = 180;
        look(endpoints, PATH, UNIX + 1, 25);
        assertTrue(endpoints.isDone(now));
    }

    @Test
    void whatComesByTheRelayAfterwardsIsNoneOfTheDirectPathEither() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, SOCKET, UNIX, 25);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertEquals(waking(PATH, 25), endpoints.decide(now));
        now += SECOND;
        received = 32;
        look(endpoints, SOCKET, UNIX, 25);
        assertEquals(waking(PATH, 25), endpoints.decide(now));
        now += SECOND;
        look(endpoints, PATH, UNIX, 25);
        assertFalse(endpoints.isDone(now));
        received = 64;
        look(endpoints, PATH, UNIX, 25);
        assertTrue(endpoints.isDone(now));
    }

    @Test
    void whoFollowedTheOtherToTheDirectPathTellsItOnce() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, Optional.empty(), 0, 0);
        endpoints.session(KEY, true, Optional.empty());
        assertEquals(change(SOCKET, 25), endpoints.decide(now));
        now += SECOND;
        received = 180;
        look(endpoints, PATH, UNIX + 1, 25);
        List<PeerChange> told =
                List.of(
                        new PeerChange(KEY, Optional.empty(), OptionalInt.of(0)),
                        new PeerChange(KEY, Optional.empty(), OptionalInt.of(25)));
        assertEquals(told, endpoints.decide(now));
        assertEquals(List.of(), endpoints.decide(now));
        assertTrue(endpoints.isDone(now));
    }

    @Test
    void aPeerThatMovedIsDoneOnlyOnceItIsHeardFromThere() {
        var endpoints = endpoints(Mode.DIRECT);
        look(endpoints, PATH, UNIX, 25);
        endpoints.session(KEY, true, Optional.of(PATH));
        assertTrue(endpoints.isDone(now));
        now += SECOND;
        endpoints.session(KEY, true, Optional.of(MOVED));
        assertEquals(waking(MOVED, 25), endpoints.decide(now));
        now += SECOND;
        received = 32;
        look(endpoints, MOVED, UNIX, 25);
        // That may have come from where it was.
        assertFalse(endpoints.isDone(now));
        received = 64;
        look(endpoints, MOVED, UNIX, 25);
        assertTrue(endpoints.isDone(now));
    }

    @Test
    void aSocketThatAnEarlierNattLeftIsNoEndpoint() {
        for (String loopback : List.of("127.0.0.1", "127.0.0.2", "::1")) {
            var endpoints = endpoints(Mode.DIRECT);
            look(endpoints, address(loopback, 39_999), UNIX, 25);
            assertFalse(endpoints.hasYoungHandshake(KEY, now));
            assertFalse(endpoints.isDone(now));
            endpoints.session(KEY, true, Optional.of(PATH));
            assertEquals(waking(PATH, 25), endpoints.decide(now));
            look(endpoints, PATH, UNIX, 25);
            assertFalse(endpoints.isDone(now));
            look(endpoints, PATH, UNIX + 1, 25);
            assertTrue(endpoints.isDone(now));
        }
    }

    @Test
    void aSocketThatAnEarlierNattLeftIsNotPutBack() {
        var endpoints = endpoints(Mode.CARRIED);
        look(endpoints, address("127.0.0.1", 39_999), UNIX, 25);
        endpoints.session(KEY, true, Optional.empty());
        assertEquals(waking(SOCKET, 25), endpoints.decide(now));
        assertEquals(List.of(), endpoints.restore());
        assertEquals(List.of(KEY), endpoints.orphans());
    }

    @Test
    void atTheEndPeersGetBackWhatTheyHad() {
        var endpoints = endpoints(Mode.CARRIED);
        look(endpoints, OTHER, 0, 0);
        endpoints.session(KEY, true, Optional.empty());
        assertEquals(change(SOCKET, 25), endpoints.decide(now));
        assertEquals(change(OTHER, 0), endpoints.restore());
        assertEquals(List.of(), endpoints.orphans());
        look(endpoints, PATH, 0, 25);
        assertEquals(List.of(), endpoints.restore());
    }

    @Test
    void whoHadNothingKeepsTheSocket() {
        var endpoints = endpoints(Mode.CARRIED);
        look(endpoints, Optional.empty(), 0, 0);
        endpoints.session(KEY, true, Optional.empty());
        assertEquals(change(SOCKET, 25), endpoints.decide(now));
        assertEquals(List.of(), endpoints.restore());
        assertEquals(List.of(KEY), endpoints.orphans());
    }
}
