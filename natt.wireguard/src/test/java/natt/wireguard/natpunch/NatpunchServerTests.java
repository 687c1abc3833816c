package natt.wireguard.natpunch;

import static natt.wireguard.natpunch.Parties.HERE;
import static natt.wireguard.natpunch.Parties.SECOND;
import static natt.wireguard.natpunch.Parties.THERE;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Identity;
import natt.core.NodeKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;

class NatpunchServerTests {
    private static final byte[] UNKNOWN = {};
    private final Parties parties = new Parties();

    private Parties.ByHand shaken(Identity who, long timestamp, InetSocketAddress from) {
        var hand = parties.new ByHand(who, timestamp, 77);
        assertTrue(hand.shake(from));
        return hand;
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    @Test
    void whoHasShakenHandsIsFoundWhereItWasHeard() {
        var alice = shaken(parties.alice, 1, HERE);
        assertArrayEquals(UNKNOWN, alice.find(HERE, parties.bob.publicKey()));
        shaken(parties.bob, 1, THERE);
        assertArrayEquals(bytes("cb007108ca6d"), alice.find(HERE, parties.bob.publicKey()));
        assertArrayEquals(bytes("cb007107ca6c"), alice.find(HERE, parties.alice.publicKey()));
        assertEquals(new NatpunchServer.Counters(2, 3, 2, 0, 0), parties.server.counters());
    }

    @Test
    void anAddressIsThatOfTheLatestQuestionOrHandshake() {
        var alice = shaken(parties.alice, 1, HERE);
        var bob = shaken(parties.bob, 1, THERE);
        NodeKey aliceKey = parties.alice.publicKey();
        assertArrayEquals(UNKNOWN, alice.find(THERE, NodeKey.of(new byte[32])));
        assertArrayEquals(bytes("cb007108ca6d"), bob.find(THERE, aliceKey));
        shaken(parties.alice, 2, HERE);
        assertArrayEquals(bytes("cb007107ca6c"), bob.find(THERE, aliceKey));
    }

    @Test
    void aQuestionThatWasOvertakenDoesNotMoveAnAddressBack() {
        var alice = shaken(parties.alice, 1, HERE);
        NodeKey key = parties.alice.publicKey();
        byte[] late = alice.question(key, key, 1);
        assertEquals(31, parties.ask(HERE, alice.question(key, key, 5)).length);
        assertArrayEquals(bytes("cb007107ca6c"), alice.opened(parties.ask(THERE, late)));
    }

    @Test
    void answersAreShorterThanWhatTheyAnswer() {
        var alice = parties.new ByHand(parties.alice, 1, 5);
        assertEquals(109, alice.hello.length);
        byte[] welcome = parties.ask(HERE, alice.hello);
        assertEquals(53, welcome.length);
        assertEquals(2, welcome[0]);
        var again = shaken(parties.alice, 2, HERE);
        NodeKey key = parties.alice.publicKey();
        byte[] found = parties.ask(HERE, again.question(key, key, 0));
        assertEquals(31, found.length);
        assertArrayEquals(bytes("030000000000000000"), Arrays.copyOf(found, 9));
        byte[] unknown = parties.ask(HERE, again.question(key, NodeKey.of(new byte[32]), 1));
        assertEquals(25, unknown.length);
        assertArrayEquals(bytes("030000000000000001"), Arrays.copyOf(unknown, 9));
    }

    @Test
    void theServerAnswersWithItsOwnIndexAndIsSilentToTheProposedOne() {
        var alice = shaken(parties.alice, 1, HERE);
        assertNotEquals(77, alice.index);
        int own = alice.index;
        alice.index = 77;
        assertNull(alice.find(HERE, parties.bob.publicKey()));
        alice.index = own;
        assertArrayEquals(UNKNOWN, alice.find(HERE, parties.bob.publicKey()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "01", "02", "03", "030000", "0300000000", "010000000000"})
    void whatKillsTheOriginalIsAnsweredWithSilence(String hex) {
        assertEquals(0, parties.ask(HERE, bytes(hex)).length);
        shaken(parties.alice, 1, HERE);
    }

    @Test
    void everyTypeAndLengthOfNoiseIsAnsweredWithSilence() {
        var alice = shaken(parties.alice, 1, HERE);
        for (int type = 0; type < 256; type++) {
            for (int length = 0; length <= 200; length++) {
                var noise = new byte[length];
                parties.random.nextBytes(noise);
                if (length > 0) {
                    noise[0] = (byte) type;
                }
                if (length >= 5) {
                    ByteBuffer.wrap(noise).putInt(1, alice.index);
                }
                parties.now += SECOND / 20;
                assertEquals(0, parties.ask(THERE, noise).length);
            }
        }
        assertArrayEquals(bytes("cb007107ca6c"), alice.find(HERE, parties.alice.publicKey()));
        assertEquals(256 * 201, parties.server.counters().dropped());
    }

    @Test
    void noChangedBitIsAnswered() {
        var hand = parties.new ByHand(parties.alice, 1, 77);
        for (int bit = 0; bit < 8; bit++) {
            assertEquals(0, parties.ask(HERE, flipped(hand.hello, bit)).length);
        }
        for (int bit = 40; bit < 109 * 8; bit++) {
            parties.now += SECOND / 20;
            // The last bit of an X25519 key is none (RFC 7748, section 5), but it is hashed.
            assertEquals(0, parties.ask(HERE, flipped(hand.hello, bit)).length, "bit " + bit);
        }
        var alice = shaken(parties.alice, 2, HERE);
        NodeKey key = parties.alice.publicKey();
        byte[] question = alice.question(key, key, 0);
        for (int bit = 0; bit < 93 * 8; bit++) {
            assertEquals(0, parties.ask(HERE, flipped(question, bit)).length, "bit " + bit);
        }
        assertEquals(31, parties.ask(HERE, question).length);
    }

    private static byte[] flipped(byte[] bytes, int bit) {
        byte[] copy = bytes.clone();
        copy[bit / 8] ^= (byte) (1 << bit % 8);
        return copy;
    }

    @Test
    void aHandshakeIsTakenOnceAndTimestampsRise() {
        var hand = parties.new ByHand(parties.alice, 10, 77);
        assertTrue(hand.shake(HERE));
        assertEquals(0, parties.ask(THERE, hand.hello).length);
        assertFalse(parties.new ByHand(parties.alice, 10, 77).shake(THERE));
        assertFalse(parties.new ByHand(parties.alice, 9, 77).shake(THERE));
        assertTrue(parties.new ByHand(parties.bob, 9, 77).shake(THERE));
        var bob = shaken(parties.bob, 11, THERE);
        assertArrayEquals(bytes("cb007107ca6c"), bob.find(THERE, parties.alice.publicKey()));
        // Timestamps have no sign.
        parties.now += SECOND;
        assertTrue(parties.new ByHand(parties.alice, -1, 77).shake(HERE));
        assertFalse(parties.new ByHand(parties.alice, Long.MAX_VALUE, 77).shake(HERE));
    }

    @Test
    void theKeysOfAnEarlierHandshakeAreGone() {
        var first = shaken(parties.alice, 1, HERE);
        shaken(parties.alice, 2, HERE);
        assertNull(first.find(HERE, parties.alice.publicKey()));
    }

    @Test
    void aQuestionIsTakenOnceWithinAWindowOf1024() {
        var alice = shaken(parties.alice, 1, HERE);
        NodeKey key = parties.alice.publicKey();
        byte[] newest = alice.question(key, key, 2000);
        assertEquals(31, parties.ask(HERE, newest).length);
        assertEquals(0, parties.ask(HERE, newest).length);
        assertEquals(0, parties.ask(HERE, alice.question(key, key, 2000 - 1024)).length);
        assertEquals(31, parties.ask(HERE, alice.question(key, key, 2000 - 1023)).length);
    }

    @Test
    void aQuestionInTheNameOfAnotherKeyIsNotAnswered() {
        var alice = shaken(parties.alice, 1, HERE);
        NodeKey bob = parties.bob.publicKey();
        assertEquals(0, parties.ask(THERE, alice.question(bob, bob, 7)).length);
        assertArrayEquals(bytes("cb007107ca6c"), alice.find(HERE, parties.alice.publicKey()));
    }

    @Test
    void aSourceHasFiveHandshakesAtOnceAndTwentyASecond() {
        for (int i = 1; i <= 5; i++) {
            shaken(parties.alice, i, HERE);
        }
        var sixth = parties.new ByHand(parties.alice, 6, 77);
        assertFalse(sixth.shake(HERE));
        assertEquals(1, parties.server.counters().limited());
        shaken(parties.bob, 1, THERE);
        parties.now += SECOND / 20;
        assertTrue(sixth.shake(HERE));
    }

    @Test
    void allSourcesHave200HandshakesASecondAnd50AtOnce() {
        var forged = new byte[109];
        forged[0] = 1;
        for (int i = 1; i <= 50; i++) {
            parties.ask(Parties.address("192.0.2." + i, 1), forged);
        }
        assertEquals(0, parties.server.counters().limited());
        assertFalse(parties.new ByHand(parties.alice, 1, 77).shake(HERE));
        parties.now += SECOND / 200;
        assertTrue(parties.new ByHand(parties.alice, 1, 77).shake(HERE));
    }

    @Test
    void theKeyThatWasSilentForLongestLeavesWhenTheTableIsFull() {
        var alice = shaken(parties.alice, 1, HERE);
        shaken(parties.bob, 1, THERE);
        NodeKey bob = parties.bob.publicKey();
        for (int i = 2; i < Parties.CAPACITY; i++) {
            parties.now += SECOND;
            shaken(Identity.generate(parties.random), 1, HERE);
        }
        assertEquals(Parties.CAPACITY, parties.server.known());
        assertArrayEquals(bytes("cb007108ca6d"), alice.find(HERE, bob));
        parties.now += SECOND;
        shaken(Identity.generate(parties.random), 1, HERE);
        assertEquals(Parties.CAPACITY, parties.server.known());
        assertArrayEquals(UNKNOWN, alice.find(HERE, bob));
    }

    @Test
    void ipv6IsNotServed() {
        var hand = parties.new ByHand(parties.alice, 1, 77);
        assertFalse(hand.shake(Parties.address("2001:db8::1", 5)));
    }
}
