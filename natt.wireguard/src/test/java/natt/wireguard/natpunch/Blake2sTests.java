package natt.wireguard.natpunch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;

class Blake2sTests {
    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void abcHasTheDigestOfAppendixB() {
        assertEquals(
                "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982",
                hex(new Blake2s().digest("abc".getBytes(StandardCharsets.US_ASCII))));
    }

    /// The digests are those of Python's hashlib.
    @Test
    void nothingAndWholeBlocksHaveTheirDigests() {
        assertEquals(
                "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9",
                hex(new Blake2s().digest(counting(0))));
        assertEquals(
                "56f34e8b96557e90c1f24b52d0c89d51086acf1b00f634cf1dde9233b8eaaa3e",
                hex(new Blake2s().digest(counting(64))));
        assertEquals(
                "1b53ee94aaf34e4b159d48de352c7f0661d0a40edff95a0b1639b4090e974472",
                hex(new Blake2s().digest(counting(65))));
        assertEquals(
                "1fa877de67259d19863a2a34bcc6962a2b25fcbf5cbecd7ede8f1fa36688a796",
                hex(new Blake2s().digest(counting(128))));
        assertEquals(
                "5fdeb59f681d975f52c8e69c5502e02a12a3afcc5836ba58f42784c439228781",
                hex(new Blake2s().digest(counting(256))));
    }

    @Test
    void howAMessageIsCutDoesNotMatter() {
        var message = new byte[1000];
        new Random(1).nextBytes(message);
        byte[] whole = new Blake2s().digest(message);
        for (int cut = 0; cut <= 200; cut++) {
            var digest = new Blake2s();
            digest.update(message, 0, cut);
            digest.update(message, cut, 3 * cut);
            digest.update(message, 4 * cut, message.length - 4 * cut);
            assertArrayEquals(whole, digest.digest(), "cut at " + cut);
        }
    }

    @Test
    void aDigestBeginsAnewWhenItHasBeenTaken() {
        var digest = new Blake2s();
        byte[] first = digest.digest(new byte[100]);
        digest.update((byte) 1);
        digest.reset();
        assertArrayEquals(first, digest.digest(new byte[100]));
    }

    private static byte[] counting(int length) {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    /// As in the self-test of RFC 7693, appendix E; the digest is that of Python's hashlib.
    @Test
    void manyLengthsHaveTheDigestOfTheirDigests() {
        var all = new Blake2s();
        for (int length = 0; length <= 300; length++) {
            all.update(new Blake2s().digest(counting(length)));
        }
        assertEquals(
                "85d048a8cf3e9f1b86494a2a44e713b95be4090b590571a1a19c5cfe9b741075",
                hex(all.digest()));
    }
}
