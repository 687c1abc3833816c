package natt.core.noise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;

import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

@ParameterizedClass
@EnumSource(Aead.Algorithm.class)
class AeadTests {
    private static final int LENGTH = 1200;

    /// The JDK's cipher, which all keys of a thread share, refuses the key and nonce that it had
    /// last: so every test has a key of its own.
    private static int tests;

    private final Aead.Algorithm algorithm;
    private final Random random = new Random(tests++);
    private final byte[] key = bytes(32);
    private final byte[] ad = bytes(15);
    private final byte[] text = bytes(LENGTH);
    private final Aead sender;
    private final Aead receiver;

    AeadTests(Aead.Algorithm algorithm) {
        this.algorithm = algorithm;
        sender = new Aead(algorithm, key);
        receiver = new Aead(algorithm, key);
    }

    private byte[] bytes(int length) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private byte[] seal(long counter) {
        var sealed = new byte[LENGTH + Aead.TAG];
        sender.seal(counter, ad, 0, ad.length, text, 0, LENGTH, sealed, 0);
        return sealed;
    }

    private int open(long counter, byte[] sealed, byte[] out) {
        return receiver.open(counter, ad, 0, ad.length, sealed, 0, sealed.length, out, 0);
    }

    @Test
    void whatIsSealedIsOpenedInAnyOrder() {
        var out = new byte[LENGTH];
        for (long counter : new long[] {1L << 40, 0, 1, Long.MAX_VALUE, 300}) {
            byte[] sealed = seal(counter);
            assertEquals(LENGTH, open(counter, sealed, out));
            assertArrayEquals(text, out);
            assertEquals(-1, open(counter ^ 256, sealed, out));
        }
    }

    @Test
    void noncesAreNoises() throws Exception {
        boolean aes = algorithm == Aead.Algorithm.AES_256_GCM;
        ByteBuffer nonce = ByteBuffer.allocate(12);
        nonce.order(aes ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN).putLong(4, 0x0102030405L);
        var cipher = Cipher.getInstance(aes ? "AES/GCM/NoPadding" : "ChaCha20-Poly1305");
        cipher.init(
                Cipher.DECRYPT_MODE,
                new SecretKeySpec(key, aes ? "AES" : "ChaCha20"),
                aes
                        ? new GCMParameterSpec(128, nonce.array())
                        : new IvParameterSpec(nonce.array()));
        cipher.updateAAD(ad);
        assertArrayEquals(text, cipher.doFinal(seal(0x0102030405L)));
    }

    @Test
    void everyFlippedBitIsRefusedAndTheTrueOneStillOpened() {
        byte[] sealed = seal(5);
        var out = new byte[LENGTH];
        for (int bit = 0; bit < sealed.length * 8; bit++) {
            assertEquals(-1, open(5, flipped(sealed, bit), out), "bit " + bit);
        }
        for (int bit = 0; bit < ad.length * 8; bit++) {
            byte[] other = flipped(ad, bit);
            int opened = receiver.open(5, other, 0, 15, sealed, 0, sealed.length, out, 0);
            assertEquals(-1, opened, "bit " + bit);
        }
        assertArrayEquals(new byte[LENGTH], out);
        assertEquals(LENGTH, open(5, sealed, out));
        assertArrayEquals(text, out);
    }

    @Test
    void shortOnesAreRefused() {
        byte[] sealed = seal(5);
        for (int length = 0; length < sealed.length; length++) {
            assertEquals(-1, open(5, Arrays.copyOf(sealed, length), new byte[LENGTH]));
        }
    }

    @Test
    void worksInPlaceAndInTheMiddleOfAnArray() {
        byte[] expected = seal(71);
        seal(8);
        var other = new Aead(algorithm, key);
        var buffer = new byte[100 + LENGTH + Aead.TAG];
        System.arraycopy(ad, 0, buffer, 85, 15);
        System.arraycopy(text, 0, buffer, 100, LENGTH);
        assertEquals(
                LENGTH + Aead.TAG,
                other.seal(71, buffer, 85, 15, buffer, 100, LENGTH, buffer, 100));
        assertArrayEquals(expected, Arrays.copyOfRange(buffer, 100, buffer.length));
        assertEquals(
                LENGTH,
                receiver.open(71, buffer, 85, 15, buffer, 100, expected.length, buffer, 100));
        assertArrayEquals(text, Arrays.copyOfRange(buffer, 100, 100 + LENGTH));
    }

    @Test
    void aForgedOneOpenedInPlaceIsLeftAsItIsOrWiped() {
        byte[] forged = flipped(seal(7), 80);
        byte[] expected = forged.clone();
        if (algorithm == Aead.Algorithm.AES_256_GCM) {
            Arrays.fill(expected, 0, LENGTH, (byte) 0);
        }
        assertEquals(-1, open(7, forged, forged));
        assertArrayEquals(expected, forged);
    }

    @Test
    void emptyTextIsSealed() {
        var sealed = new byte[Aead.TAG];
        assertEquals(Aead.TAG, sender.seal(0, ad, 0, 15, text, 0, 0, sealed, 0));
        assertEquals(0, receiver.open(0, ad, 0, 15, sealed, 0, Aead.TAG, new byte[0], 0));
    }

    @Test
    void withoutKeyNothingIsSealedOrOpened() {
        byte[] sealed = seal(1);
        sender.destroy();
        receiver.destroy();
        assertThrows(IllegalStateException.class, () -> seal(2));
        assertEquals(-1, open(1, sealed, new byte[LENGTH]));
    }

    @Test
    void aCounterIsNotSealedTwiceInARow() {
        seal(4);
        assertThrows(AssertionError.class, () -> seal(4));
        assertThrows(IllegalStateException.class, () -> seal(-1));
        assertEquals(LENGTH, open(5, seal(5), new byte[LENGTH]));
    }

    @Test
    void aCounterOfMoreThan63BitsIsNotOpened() {
        assertEquals(-1, open(-1, seal(1), new byte[LENGTH]));
    }

    private static byte[] flipped(byte[] bytes, int bit) {
        byte[] copy = bytes.clone();
        copy[bit / 8] ^= (byte) (1 << bit % 8);
        return copy;
    }
}
