package natt.core.noise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Identity;
import natt.core.PreSharedKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Random;

class NoiseTests {
    private static final byte[] PROLOGUE = {1, 2, 3};
    private static final byte[] PAYLOAD = {4, 5, 6, 7};

    private final Random random = new Random(11);
    private final Identity alice = Identity.generate(random);
    private final Identity bob = Identity.generate(random);
    private final byte[] message = new byte[300];

    private Noise noise(Noise.Pattern pattern, boolean initiator) {
        return new Noise(
                pattern,
                initiator,
                PROLOGUE,
                initiator ? alice : bob,
                (initiator ? bob : alice).publicKey(),
                PreSharedKey.of(new byte[32]));
    }

    private int write(Noise from) {
        return from.write(PAYLOAD, 0, PAYLOAD.length, message, 0, random);
    }

    private int read(Noise to, int length) {
        return to.read(message, 0, length, new byte[message.length], 0);
    }

    private static void shake(NoiseTests test, Noise from, Noise to) {
        assertEquals(PAYLOAD.length, test.read(to, test.write(from)));
    }

    @ParameterizedTest
    @EnumSource
    void everyPatternFinishesWithOneHash(Noise.Pattern pattern) {
        Noise from = noise(pattern, true);
        Noise to = noise(pattern, false);
        while (!from.finished()) {
            assertThrows(IllegalStateException.class, from::split);
            shake(this, from, to);
            Noise turn = from;
            from = to;
            to = turn;
        }
        assertTrue(to.finished());
        assertArrayEquals(from.hash(), to.hash());
        Noise done = from;
        assertThrows(IllegalStateException.class, () -> write(done));
        assertThrows(IllegalStateException.class, () -> read(done, 40));
    }

    @ParameterizedTest
    @EnumSource
    void noiseOfAnyLengthIsReadWithoutAnException(Noise.Pattern pattern) {
        for (int length = 0; length <= message.length; length++) {
            random.nextBytes(message);
            int carried = read(noise(pattern, false), length);
            // Only the first message of XX has nothing that could be forged.
            boolean open = pattern == Noise.Pattern.XX && length >= 32;
            assertEquals(open ? length - 32 : -1, carried);
        }
    }

    @ParameterizedTest
    @EnumSource(names = "XX", mode = EnumSource.Mode.EXCLUDE)
    void aTruncatedMessageIsNotRead(Noise.Pattern pattern) {
        int whole = write(noise(pattern, true));
        for (int length = 0; length < whole; length++) {
            assertEquals(-1, read(noise(pattern, false), length));
        }
        assertEquals(PAYLOAD.length, read(noise(pattern, false), whole));
    }

    @Test
    void aForgedMessageEndsTheHandshakeButNotItsOriginal() {
        Noise to = noise(Noise.Pattern.IK, false);
        Noise copy = to.copy();
        int length = write(noise(Noise.Pattern.IK, true));
        message[90] ^= 1;
        assertEquals(-1, read(copy, length));
        assertFalse(copy.finished());
        assertThrows(IllegalStateException.class, () -> write(copy));
        message[90] ^= 1;
        assertEquals(PAYLOAD.length, read(to, length));
    }

    @Test
    void afterAForgedMessageNothingIsRead() {
        Noise from = noise(Noise.Pattern.XX, true);
        Noise to = noise(Noise.Pattern.XX, false);
        shake(this, from, to);
        int length = write(to);
        message[40] ^= 1;
        assertEquals(-1, read(from, length));
        message[40] ^= 1;
        assertEquals(-1, read(from, length));
        assertThrows(IllegalStateException.class, () -> write(from));
        assertThrows(IllegalStateException.class, from::split);
    }

    @Test
    void otherPrologueIsRefused() {
        var to =
                new Noise(
                        Noise.Pattern.NN_PSK0,
                        false,
                        PAYLOAD,
                        null,
                        null,
                        PreSharedKey.of(new byte[32]));
        assertNull(to.remote());
        assertEquals(-1, read(to, write(noise(Noise.Pattern.NN_PSK0, true))));
    }

    @Test
    void thePatternsKeysMustBeGiven() {
        assertThrows(
                NullPointerException.class,
                () -> new Noise(Noise.Pattern.IK, true, PROLOGUE, alice, null, null));
    }
}
