package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.noise.Aead;
import natt.core.noise.Noise;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;

class GateTests {
    private static final InetSocketAddress FROM = new InetSocketAddress("192.0.2.1", 4000);
    private static final long START = Long.MAX_VALUE - 5;

    private final Parties parties = new Parties(Parties.someSecret());
    private final Cookies cookies = new Cookies(parties.random, START);

    @Test
    void aCookieReachesTheCallerItAnswers() {
        InitiatorHandshake call = parties.call(null);
        byte[] cookie = cookies.cookie(FROM, START);
        byte[] message = cookieMessage(cookie);
        assertEquals(64, message.length);
        assertArrayEquals(cookie, call.readCookie(ByteBuffer.wrap(message)));

        parties.call(cookie);
        assertTrue(cookies.checkMac2(parties.init, FROM, START));
        assertTrue(parties.admits(parties.init));
    }

    @Test
    void everyFlippedBitOfACookieIsRefusedAndTheTrueOneStillTaken() {
        InitiatorHandshake call = parties.call(null);
        byte[] cookie = cookies.cookie(FROM, START);
        byte[] message = cookieMessage(cookie);
        for (int bit = 0; bit < message.length * 8; bit++) {
            byte[] flipped = Parties.flipped(message, bit);
            assertNull(call.readCookie(ByteBuffer.wrap(flipped)), "bit " + bit);
        }
        assertArrayEquals(cookie, call.readCookie(ByteBuffer.wrap(message)));
    }

    @Test
    void otherLengthsOfACookieAreRefused() {
        InitiatorHandshake call = parties.call(null);
        byte[] message = cookieMessage(new byte[16]);
        for (int length = 0; length < 128; length++) {
            if (length != message.length) {
                byte[] other = Arrays.copyOf(message, length);
                assertNull(call.readCookie(ByteBuffer.wrap(other)));
            }
        }
    }

    @Test
    void aCookieForAnotherAttemptIsRefused() {
        parties.call(null);
        byte[] message = cookieMessage(new byte[16]);
        // The same index, but another mac1.
        assertNull(parties.call(null).readCookie(ByteBuffer.wrap(message)));
    }

    @Test
    void everyFlippedBitOfAnInitWithACookieIsRefused() {
        parties.call(cookies.cookie(FROM, START));
        for (int bit = 0; bit < parties.init.length * 8; bit++) {
            byte[] flipped = Parties.flipped(parties.init, bit);
            assertFalse(cookies.checkMac2(flipped, FROM, START), "bit " + bit);
        }
    }

    @Test
    void aCookieIsForOneAddressAndPort() {
        parties.call(cookies.cookie(FROM, START));
        assertTrue(cookies.checkMac2(parties.init, FROM, START));
        for (String other : new String[] {"192.0.2.2", "2001:db8::1"}) {
            var from = new InetSocketAddress(other, 4000);
            assertFalse(cookies.checkMac2(parties.init, from, START));
        }
        var otherPort = new InetSocketAddress("192.0.2.1", 4001);
        assertFalse(cookies.checkMac2(parties.init, otherPort, START));
    }

    @Test
    void withoutCookieMac2IsWrong() {
        parties.call(null);
        assertFalse(cookies.checkMac2(parties.init, FROM, START));
    }

    @Test
    void aSecretIsTakenForOnePeriodAfterItsOwn() {
        long period = TimeUnit.SECONDS.toNanos(120);
        byte[] cookie = cookies.cookie(FROM, START);
        parties.call(cookie);
        assertArrayEquals(cookie, cookies.cookie(FROM, START + period - 1));
        assertFalse(Arrays.equals(cookie, cookies.cookie(FROM, START + period)));
        assertTrue(cookies.checkMac2(parties.init, FROM, START + 2 * period - 1));
        assertFalse(cookies.checkMac2(parties.init, FROM, START + 2 * period));
    }

    @Test
    void aSecretThatNobodyAskedForEndsInTimeToo() {
        long period = TimeUnit.SECONDS.toNanos(120);
        parties.call(cookies.cookie(FROM, START));
        assertTrue(cookies.checkMac2(parties.init, FROM, START + 2 * period - 1));
        var others = new Cookies(parties.random, START);
        parties.call(others.cookie(FROM, START));
        assertFalse(others.checkMac2(parties.init, FROM, START + 2 * period));
        assertFalse(others.checkMac2(parties.init, FROM, START + 9 * period));
    }

    @Test
    void hkdfHasTheBytesOfRfc5869() {
        // Test cases 1 and 3 of appendix A.
        HexFormat hex = HexFormat.of();
        byte[] input = hex.parseHex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
        byte[] salt = hex.parseHex("000102030405060708090a0b0c");
        byte[] info = hex.parseHex("f0f1f2f3f4f5f6f7f8f9");
        assertEquals(
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf"
                        + "1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
                hex.formatHex(Hmac.derive(salt, input, info, 42)));
        assertEquals(
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5e"
                        + "e1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
                hex.formatHex(Hmac.derive(new byte[0], input, new byte[0], 42)));
    }

    @Test
    void nothingPrintsASecret() {
        InitiatorHandshake call = parties.call(cookies.cookie(FROM, START));
        Parties.Answer answer = parties.answer();
        Opened opened = call.readResponse(ByteBuffer.wrap(answer.response()));
        String all =
                "%s %s %s %s %s %s %s"
                        .formatted(
                                parties.gate,
                                cookies,
                                call,
                                opened,
                                answer.opened(),
                                parties.read(parties.init),
                                new Noise.Split(
                                        new Aead(Aead.Algorithm.CHACHA20_POLY1305, new byte[32]),
                                        new Aead(Aead.Algorithm.CHACHA20_POLY1305, new byte[32])));
        for (byte[] secret :
                new byte[][] {
                    parties.secret.reveal(), parties.caller.reveal(), parties.host.reveal()
                }) {
            assertFalse(all.contains(HexFormat.of().formatHex(secret, 0, 4)));
            assertFalse(all.contains(Arrays.toString(secret)));
        }
        assertFalse(all.contains(parties.secret.revealText()));
        // What has keys inside prints as an object, not as its fields.
        assertTrue(all.contains("send=natt.core.noise.Aead@"));
    }

    private byte[] cookieMessage(byte[] cookie) {
        ByteBuffer into = ByteBuffer.allocate(300);
        parties.gate.writeCookie(parties.init, cookie, parties.random, into);
        return Parties.written(into);
    }
}
