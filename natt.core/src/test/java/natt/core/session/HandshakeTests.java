package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.noise.Aead;
import natt.core.noise.NoiseHash;
import natt.core.noise.SymmetricState;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

class HandshakeTests {
    private final Parties parties = new Parties(Parties.someSecret());

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void bothSidesAgreeOnKeysAndPayloads(boolean withSecret) {
        var pair = new Parties(withSecret ? Parties.someSecret() : PreSharedKey.NONE);
        InitiatorHandshake call = pair.call(null);
        assertTrue(pair.gate.checkMac1(pair.init, Wire.INIT_MAC1));
        assertEquals(Parties.CALLER_INDEX, call.index());

        ResponderHandshake.Caller caller = Objects.requireNonNull(pair.read(pair.init));
        assertEquals(pair.caller.publicKey(), caller.key());
        assertEquals(Parties.CALLER_INDEX, caller.index());
        assertEquals(Parties.ASKED, caller.payload());

        Parties.Answer answer = pair.answer();
        Opened mine = Objects.requireNonNull(call.readResponse(wrap(answer.response())));
        Opened theirs = answer.opened();
        assertEquals(Parties.GRANTED, mine.payload());
        assertEquals(Parties.HOST_INDEX, mine.remoteIndex());
        assertEquals(Parties.GRANTED, theirs.payload());
        assertEquals(Parties.CALLER_INDEX, theirs.remoteIndex());
        assertCarries(mine.send(), theirs.receive());
        assertCarries(theirs.send(), mine.receive());
        assertEquals(-1, carried(mine.send(), mine.receive(), 9));
    }

    @Test
    void dataIsSealedWithWhatTheResponseSays() throws Exception {
        InitiatorHandshake call = parties.call(null);
        var granted = new ResponsePayload(InitPayload.AES | 1, 1280, 15, 1);
        Parties.Answer answer = parties.answer(granted);
        Opened mine = Objects.requireNonNull(call.readResponse(wrap(answer.response())));
        assertEquals(Aead.Algorithm.AES_256_GCM, mine.send().algorithm());
        assertCarries(mine.send(), answer.opened().receive());
        assertCarries(answer.opened().send(), mine.receive());
    }

    @Test
    void messagesHaveTheirSizes() {
        parties.call(null);
        assertEquals(192, parties.init.length);
        assertEquals(108, parties.answer().response().length);
    }

    @Test
    void mac2IsZeroWithoutCookie() {
        parties.call(null);
        byte[] mac2 = Arrays.copyOfRange(parties.init, Wire.INIT_MAC2, Wire.INIT_LENGTH);
        assertArrayEquals(new byte[16], mac2);
    }

    @Test
    void everyFlippedBitOfAnInitIsRefused() {
        parties.call(null);
        assertTrue(parties.admits(parties.init));
        for (int bit = 0; bit < Wire.INIT_MAC2 * 8; bit++) {
            assertFalse(parties.admits(Parties.flipped(parties.init, bit)), "bit " + bit);
        }
    }

    @Test
    void everyFlippedBitOfAnInitIsRefusedByTheHandshakeItself() {
        parties.call(null);
        for (int bit = 0; bit < Wire.INIT_MAC1 * 8; bit++) {
            assertNull(parties.read(Parties.flipped(parties.init, bit)), "bit " + bit);
        }
    }

    @Test
    void everyFlippedBitOfAResponseIsRefusedAndTheTrueOneStillTaken() {
        InitiatorHandshake call = parties.call(null);
        byte[] response = parties.answer().response();
        for (int bit = 0; bit < response.length * 8; bit++) {
            assertNull(call.readResponse(wrap(Parties.flipped(response, bit))), "bit " + bit);
        }
        assertNotNull(call.readResponse(wrap(response)));
    }

    @Test
    void aResponseForgedByWhoKnowsTheGateKeyIsRefusedAndTheTrueOneStillTaken() {
        InitiatorHandshake call = parties.call(null);
        byte[] response = parties.answer().response();
        for (int bit = 0; bit < Wire.RESPONSE_MAC1 * 8; bit++) {
            // The flags mean nothing and are covered by mac1 only.
            if (bit / 8 != 2 && bit / 8 != 3) {
                byte[] forged = Parties.flipped(response, bit);
                parties.gate.mac1(forged, Wire.RESPONSE_MAC1, forged, Wire.RESPONSE_MAC1);
                assertNull(call.readResponse(wrap(forged)), "bit " + bit);
            }
        }
        assertNotNull(call.readResponse(wrap(response)));
    }

    @Test
    void aResponseIsTakenOnce() {
        InitiatorHandshake call = parties.call(null);
        byte[] response = parties.answer().response();
        assertNotNull(call.readResponse(wrap(response)));
        assertNull(call.readResponse(wrap(response)));
    }

    @Test
    void anInitIsAnsweredOnce() {
        parties.call(null);
        ResponderHandshake.Caller caller = Objects.requireNonNull(parties.read(parties.init));
        ByteBuffer into = ByteBuffer.allocate(300);
        caller.handshake().answer(Parties.GRANTED, 1, parties.gate, parties.random, into);
        assertThrows(
                IllegalStateException.class,
                () ->
                        caller.handshake()
                                .answer(Parties.GRANTED, 2, parties.gate, parties.random, into));
        assertEquals(108, into.position());
    }

    @Test
    void aResponseToAnotherAttemptIsRefused() {
        InitiatorHandshake first = parties.call(null);
        byte[] response = parties.answer().response();
        InitiatorHandshake second = parties.call(null);
        assertNull(second.readResponse(wrap(response)));
        assertNotNull(first.readResponse(wrap(response)));
    }

    @Test
    void aReadLeavesTheBufferWhereItWas() {
        InitiatorHandshake call = parties.call(null);
        byte[] response = parties.answer().response();
        ByteBuffer datagram = ByteBuffer.allocateDirect(300).position(7);
        datagram.put(response).flip().position(7);
        assertNotNull(call.readResponse(datagram));
        assertEquals(7, datagram.position());
        assertEquals(7 + 108, datagram.limit());
    }

    @Test
    void otherLengthsAreRefused() {
        InitiatorHandshake call = parties.call(null);
        byte[] response = parties.answer().response();
        for (int length = 0; length < 256; length++) {
            if (length != Wire.INIT_LENGTH) {
                assertNull(parties.read(Arrays.copyOf(parties.init, length)));
            }
            if (length != Wire.RESPONSE_LENGTH) {
                assertNull(call.readResponse(wrap(Arrays.copyOf(response, length))));
            }
        }
        assertNotNull(call.readResponse(wrap(response)));
    }

    @Test
    void anotherHostsInitIsRefused() {
        NodeKey other = Identity.generate(parties.random).publicKey();
        parties.call(other, parties.secret, new Gate(parties.secret, other), null);
        assertFalse(parties.gate.checkMac1(parties.init, Wire.INIT_MAC1));
        // Through the right gate, with the wrong key inside.
        parties.call(other, parties.secret, parties.gate, null);
        assertTrue(parties.gate.checkMac1(parties.init, Wire.INIT_MAC1));
        assertNull(parties.read(parties.init));
    }

    @Test
    void anotherSecretIsRefused() {
        NodeKey host = parties.host.publicKey();
        parties.call(host, PreSharedKey.NONE, new Gate(PreSharedKey.NONE, host), null);
        assertFalse(parties.gate.checkMac1(parties.init, Wire.INIT_MAC1));
        parties.call(host, PreSharedKey.NONE, parties.gate, null);
        assertTrue(parties.gate.checkMac1(parties.init, Wire.INIT_MAC1));
        assertNull(parties.read(parties.init));
    }

    @Test
    void keysOfSmallOrderAreRefused() {
        for (byte[] point : smallOrderPoints()) {
            parties.call(null);
            byte[] init = parties.init.clone();
            System.arraycopy(point, 0, init, Wire.INIT_NOISE, point.length);
            parties.gate.mac1(init, Wire.INIT_MAC1, init, Wire.INIT_MAC1);
            assertNull(parties.read(init));

            InitiatorHandshake call = parties.call(null);
            byte[] response = parties.answer().response();
            byte[] forged = response.clone();
            System.arraycopy(point, 0, forged, Wire.RESPONSE_NOISE, point.length);
            parties.gate.mac1(forged, Wire.RESPONSE_MAC1, forged, Wire.RESPONSE_MAC1);
            assertNull(call.readResponse(wrap(forged)));
            assertNotNull(call.readResponse(wrap(response)));
        }
    }

    @Test
    void nobodyIsCalledByAKeyOfSmallOrder() {
        ByteBuffer into = ByteBuffer.allocate(300);
        for (byte[] point : smallOrderPoints()) {
            NodeKey host = NodeKey.of(point);
            assertNull(
                    InitiatorHandshake.write(
                            parties.caller,
                            host,
                            parties.secret,
                            new Gate(parties.secret, host),
                            0,
                            1,
                            Parties.ASKED,
                            null,
                            parties.random,
                            into));
        }
        assertEquals(0, into.position());
    }

    @Test
    void aCallerHasOneKeyOnly() throws InvalidKeyException {
        // The same point under another name: Noise itself would take it.
        byte[] key = parties.caller.publicKey().bytes();
        byte[] alias = key.clone();
        alias[31] |= (byte) 0x80;
        assertNotNull(parties.read(initBy(key)));
        assertNull(parties.read(initBy(alias)));
    }

    /// INIT by hand, the caller's key written as given.
    private byte[] initBy(byte[] key) throws InvalidKeyException {
        var init = new byte[Wire.INIT_LENGTH];
        init[0] = (byte) Wire.INIT;
        init[1] = Wire.VERSION;
        NodeKey host = parties.host.publicKey();
        var state = new SymmetricState(NoiseHash.SHA_256, "Noise_IKpsk1_25519_ChaChaPoly_SHA256");
        state.mixHash(InitiatorHandshake.prologue(init));
        state.mixHash(host.bytes());
        Identity ephemeral = Identity.generate(parties.random);
        byte[] e = ephemeral.publicKey().bytes();
        System.arraycopy(e, 0, init, 8, e.length);
        state.mixHash(e);
        state.mixKey(e);
        state.mixKey(ephemeral.agree(host));
        state.encryptAndHash(key, 0, key.length, init, 40);
        state.mixKey(parties.caller.agree(host));
        state.mixKeyAndHash(parties.secret.reveal());
        state.encryptAndHash(Parties.ASKED.encode(), 0, InitPayload.LENGTH, init, 88);
        return init;
    }

    /// The points of order 1, 2, 4 and 8 on the curve and its twist, in canonical and other forms.
    private static List<byte[]> smallOrderPoints() {
        return List.of(
                point("0000000000000000000000000000000000000000000000000000000000000000"),
                point("0100000000000000000000000000000000000000000000000000000000000000"),
                point("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
                point("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
                point("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
                point("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
                point("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
                point("0000000000000000000000000000000000000000000000000000000000000080"));
    }

    private static byte[] point(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    static ByteBuffer wrap(byte[] bytes) {
        return ByteBuffer.wrap(bytes);
    }

    private static void assertCarries(Aead send, Aead receive) {
        assertEquals(5, carried(send, receive, 3));
    }

    private static int carried(Aead send, Aead receive, long counter) {
        byte[] text = "hello".getBytes(StandardCharsets.US_ASCII);
        var sealed = new byte[text.length + Aead.TAG];
        send.seal(counter, text, 0, 2, text, 0, text.length, sealed, 0);
        return receive.open(counter, text, 0, 2, sealed, 0, sealed.length, sealed, 0);
    }
}
