package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.Identity;
import natt.core.PreSharedKey;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;

/// The messages are, byte for byte, those of an independent implementation of the layouts, written
/// in another language on another library.
class KnownBytesTests {
    private static final byte[] INIT =
            hex(
                    "900100000102030464b101b1d0be5a8704bd078f9895001fc03e8e9f9522f188"
                            + "dd128d9846d48466e7f598017173aed2613c1a39639a2ba06004d461f6b6d540"
                            + "63ca21bbbcf15be43c1ca5afbedc85e78cc31e57e0cffcb7a0ceb284dfa6ceb2"
                            + "3c43db447295b1f911fb650bb518bb640d56e72413a8ca0cf0da63752cfc0014"
                            + "95e7d96eda465e9c785ca2d1d517ccb31b68f86a330aa0372652c72f9097e282"
                            + "70e32147d6e16ca1955c1cc9a72d4d3ad205ddb248c61b89d21ad1bf00f71980");
    private static final byte[] RESPONSE =
            hex(
                    "91010000a1a2a3a401020304244fe3b963e899dd295baffce248d3530f3a9a74"
                            + "79ba063002680ebfe7adad49512bb59c5fbace5f7055deeff52a374114cc5b09"
                            + "20f3ea9ded3912adb0b45cbc6c8d803da786fdb8a01d935c021daef1752f2afe"
                            + "24b1b2f5e0b968a8cd7d2481");
    private static final byte[] COOKIE =
            hex(
                    "920000000102030432333435363738393a3b3c3d3e3f40414243444546474849"
                            + "f742e1092f14344f3318f2366d6c18e4b0ca61f3a751912950225c3a84955758");
    private static final byte[] DATA =
            hex("930000a1a2a3a40000000000000005b40fbeb2473cafbbe761c7470ff30d9c18" + "f23adce2da");
    private final Identity caller = Identity.of(bytes(1, 32));
    private final Identity host = Identity.of(bytes(33, 32));
    private final PreSharedKey secret = PreSharedKey.of(bytes(129, 32));
    private final byte[] cookie = bytes(200, 16);
    private final Gate gate = new Gate(secret, host.publicKey());
    private final ByteBuffer into = ByteBuffer.allocate(300);

    @Test
    void messagesHaveTheKnownBytes() {
        InitiatorHandshake call = call();
        assertArrayEquals(INIT, Parties.written(into));

        into.clear();
        var caller = Objects.requireNonNull(ResponderHandshake.read(host, secret, INIT));
        Opened theirs =
                caller.handshake()
                        .answer(
                                Parties.GRANTED,
                                Parties.HOST_INDEX,
                                gate,
                                new FixedRandom(bytes(97, 32)),
                                into);
        assertArrayEquals(RESPONSE, Parties.written(into));

        Opened mine = Objects.requireNonNull(call.readResponse(ByteBuffer.wrap(RESPONSE)));
        byte[] content = "\u0001hello".getBytes(StandardCharsets.US_ASCII);
        byte[] data = DATA.clone();
        Arrays.fill(data, Wire.DATA_HEADER, data.length, (byte) 0);
        int length =
                mine.send()
                        .seal(
                                Wire.getLong(data, Wire.DATA_COUNTER),
                                data,
                                0,
                                Wire.DATA_HEADER,
                                content,
                                0,
                                content.length,
                                data,
                                Wire.DATA_HEADER);
        assertEquals(content.length - 1 + Wire.DATA_OVERHEAD, Wire.DATA_HEADER + length);
        assertArrayEquals(DATA, data);
        assertEquals(
                content.length,
                theirs.receive().open(5, DATA, 0, 15, DATA, 15, DATA.length - 15, data, 0));
    }

    @Test
    void aCookieHasTheKnownBytes() {
        gate.writeCookie(INIT, cookie, new FixedRandom(bytes(50, 24)), into);
        assertArrayEquals(COOKIE, Parties.written(into));
        assertArrayEquals(cookie, call().readCookie(ByteBuffer.wrap(COOKIE)));
    }

    private InitiatorHandshake call() {
        into.clear();
        return Objects.requireNonNull(
                InitiatorHandshake.write(
                        caller,
                        host.publicKey(),
                        secret,
                        gate,
                        0,
                        Parties.CALLER_INDEX,
                        Parties.ASKED,
                        cookie,
                        new FixedRandom(bytes(65, 32)),
                        into));
    }

    private static byte[] bytes(int from, int length) {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (from + i);
        }
        return bytes;
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }
}
