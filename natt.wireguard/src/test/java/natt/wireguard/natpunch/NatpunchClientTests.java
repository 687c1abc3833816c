package natt.wireguard.natpunch;

import static natt.wireguard.natpunch.Parties.HERE;
import static natt.wireguard.natpunch.Parties.SECOND;
import static natt.wireguard.natpunch.Parties.SERVER;
import static natt.wireguard.natpunch.Parties.THERE;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.spi.Engine;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Set;

class NatpunchClientTests {
    private final Parties parties = new Parties();
    private final NodeKey aliceKey = parties.alice.publicKey();
    private final NodeKey bobKey = parties.bob.publicKey();

    private NatpunchClient asking(Identity me, boolean continuous, NodeKey... peers) {
        NatpunchClient client = parties.client(me, continuous);
        client.ask(List.of(peers), parties.now);
        return client;
    }

    @Test
    void twoFindEachOtherOnceBothHaveAsked() {
        NatpunchClient alice = asking(parties.alice, false, bobKey);
        NatpunchClient bob = asking(parties.bob, false, aliceKey);
        parties.talk(alice, HERE);
        assertNull(alice.pollFound());
        assertFalse(alice.isSilent());
        parties.talk(bob, THERE);
        assertEquals(new NatpunchClient.Found(aliceKey, HERE), bob.pollFound());
        assertEquals(Engine.NEVER, bob.nanosUntilTimeout(parties.now));
        assertEquals(2 * SECOND, alice.nanosUntilTimeout(parties.now));
        parties.now += 2 * SECOND;
        parties.talk(alice, HERE);
        assertEquals(new NatpunchClient.Found(bobKey, THERE), alice.pollFound());
        assertEquals(Set.of(), alice.wanted());
        assertEquals(Engine.NEVER, alice.nanosUntilTimeout(parties.now));
        assertEquals(2, parties.server.counters().handshakes());
    }

    @Test
    void peersAreAskedForInTurnAndAgainAfterTheDelay() {
        NatpunchClient alice = asking(parties.alice, true, bobKey, aliceKey);
        parties.talk(alice, HERE);
        assertEquals(2, parties.server.counters().questions());
        assertEquals(new NatpunchClient.Found(aliceKey, HERE), alice.pollFound());
        assertEquals(2 * SECOND, alice.nanosUntilTimeout(parties.now));
        parties.now += 2 * SECOND;
        parties.talk(alice, HERE);
        assertEquals(4, parties.server.counters().questions());
        assertEquals(new NatpunchClient.Found(aliceKey, HERE), alice.pollFound());
        assertNull(alice.pollFound());
    }

    @Test
    void aHandshakeServesFiveMinutes() {
        NatpunchClient alice = asking(parties.alice, true, bobKey);
        parties.talk(alice, HERE);
        for (int i = 0; i < 149; i++) {
            parties.now += 2 * SECOND;
            parties.talk(alice, HERE);
        }
        assertEquals(1, parties.server.counters().handshakes());
        assertEquals(150, parties.server.counters().questions());
        parties.now += 2 * SECOND;
        parties.talk(alice, HERE);
        assertEquals(2, parties.server.counters().handshakes());
        assertEquals(151, parties.server.counters().questions());
    }

    @Test
    void anUnansweredHandshakeIsTriedAgainFor10SecondsAndThenAfterTheDelay() {
        NatpunchClient alice = asking(parties.alice, false, bobKey, aliceKey);
        alice.handleTimeout(parties.now);
        for (int i = 0; i < 5; i++) {
            assertEquals(109, parties.said(alice).length);
            assertEquals(2 * SECOND, alice.nanosUntilTimeout(parties.now));
            parties.wait(alice);
        }
        assertEquals(0, parties.said(alice).length);
        assertEquals(2 * SECOND, alice.nanosUntilTimeout(parties.now));
        assertTrue(alice.isSilent());
        parties.wait(alice);
        parties.talk(alice, HERE);
        assertFalse(alice.isSilent());
        assertEquals(2, parties.server.counters().questions());
    }

    @Test
    void everyHandshakeHasALaterTimestamp() {
        NatpunchClient alice = asking(parties.alice, false, bobKey);
        alice.handleTimeout(parties.now);
        byte[] first = parties.said(alice);
        parties.wait(alice);
        byte[] second = parties.said(alice);
        assertEquals(53, parties.ask(HERE, first).length);
        assertEquals(53, parties.ask(HERE, second).length);
        assertEquals(0, parties.ask(HERE, first).length);
    }

    @Test
    void aLateAnswerIsNotTakenForTheNextPeers() {
        NatpunchClient alice = asking(parties.alice, false, aliceKey, bobKey);
        alice.handleTimeout(parties.now);
        give(alice, parties.ask(HERE, parties.said(alice)));
        byte[] late = parties.ask(HERE, parties.said(alice));
        assertEquals(31, late.length);
        parties.wait(alice);
        byte[] hello = parties.said(alice);
        assertEquals(109, hello.length);
        assertFalse(give(alice, late));
        parties.now += 8 * SECOND;
        alice.handleTimeout(parties.now);
        assertFalse(give(alice, late));
        assertNull(alice.pollFound());
    }

    private boolean give(NatpunchClient client, byte[] datagram) {
        return client.handleDatagram(SERVER, ByteBuffer.wrap(datagram), parties.now);
    }

    @Test
    void malformedDatagramsOfEveryTypeAndLengthChangeNothing() {
        NatpunchClient alice = asking(parties.alice, false, bobKey);
        alice.handleTimeout(parties.now);
        byte[] hello = parties.said(alice);
        everyLength(alice);
        give(alice, parties.ask(HERE, hello));
        byte[] question = parties.said(alice);
        assertEquals(93, question.length);
        everyLength(alice);
        parties.new ByHand(parties.bob, 1, 3).shake(THERE);
        assertTrue(give(alice, parties.ask(HERE, question)));
        assertEquals(new NatpunchClient.Found(bobKey, THERE), alice.pollFound());
    }

    private void everyLength(NatpunchClient alice) {
        long due = alice.nanosUntilTimeout(parties.now);
        for (int type = 0; type < 256; type++) {
            for (int length = 0; length <= 200; length++) {
                var noise = new byte[length];
                parties.random.nextBytes(noise);
                if (length > 0) {
                    noise[0] = (byte) type;
                }
                assertFalse(give(alice, noise), "type %d, %d bytes".formatted(type, length));
            }
        }
        assertEquals(due, alice.nanosUntilTimeout(parties.now));
        assertEquals(0, parties.said(alice).length);
        assertNull(alice.pollFound());
        assertEquals(Set.of(bobKey), alice.wanted());
    }

    @Test
    void onlyTheServersAddressIsHeard() {
        NatpunchClient alice = asking(parties.alice, false, bobKey);
        alice.handleTimeout(parties.now);
        byte[] welcome = parties.ask(HERE, parties.said(alice));
        for (InetSocketAddress other :
                List.of(HERE, Parties.address("198.51.100.1", 12346), THERE)) {
            assertFalse(alice.handleDatagram(other, ByteBuffer.wrap(welcome), parties.now));
        }
        assertTrue(give(alice, welcome));
        assertFalse(give(alice, welcome));
    }

    @Test
    void anEndpointThatIsNoHostsIsNotTaken() {
        for (String each :
                List.of(
                        "0.1.2.3",
                        "224.0.0.1",
                        "255.255.255.255",
                        "127.0.0.1",
                        "127.9.9.9",
                        "126.0.0.1")) {
            for (int port : new int[] {0, 9}) {
                // The server believes what it sees; here it sees nonsense.
                var world = new Parties();
                world.new ByHand(world.bob, 1, 3).shake(Parties.address(each, port));
                NatpunchClient alice = world.client(world.alice, false);
                alice.ask(List.of(world.bob.publicKey()), world.now);
                world.talk(alice, HERE);
                boolean fit = each.startsWith("126") && port == 9;
                assertEquals(fit, alice.pollFound() != null, each + ":" + port);
                assertEquals(fit, alice.wanted().isEmpty());
            }
        }
    }

    @Test
    void withoutPeersNothingIsSaid() {
        NatpunchClient alice = parties.client(parties.alice, true);
        assertEquals(Engine.NEVER, alice.nanosUntilTimeout(parties.now));
        alice.handleTimeout(parties.now);
        assertEquals(0, parties.said(alice).length);
        alice.ask(List.of(bobKey), parties.now);
        assertEquals(0, alice.nanosUntilTimeout(parties.now));
        parties.talk(alice, HERE);
        assertEquals(1, parties.server.counters().questions());
        alice.ask(List.of(), parties.now);
        assertEquals(Engine.NEVER, alice.nanosUntilTimeout(parties.now));
    }

    @Test
    void aDelayHasFractionsAndIsNeverNothing() {
        NatpunchClient alice = parties.client(parties.alice, true, Duration.ofMillis(500));
        alice.ask(List.of(bobKey), parties.now);
        parties.talk(alice, HERE);
        assertEquals(SECOND / 2, alice.nanosUntilTimeout(parties.now));
        assertThrows(
                IllegalArgumentException.class,
                () -> parties.client(parties.alice, true, Duration.ofMillis(99)));
    }
}
