package natt.tests.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// The bytes of a fuzzer's input, taken from the front as decisions; numbers are big-endian. Past
/// the end everything is 0.
public final class Input {
    private final byte[] bytes;
    private int at;

    public Input(byte[] bytes) {
        this.bytes = bytes;
    }

    public boolean isEmpty() {
        return at >= bytes.length;
    }

    /// One byte, 0 to 255.
    public int octet() {
        return isEmpty() ? 0 : Byte.toUnsignedInt(bytes[at++]);
    }

    /// One byte, -128 to 127.
    public int small() {
        return (byte) octet();
    }

    /// Two bytes, 0 to 65535.
    public int pair() {
        return octet() << 8 | octet();
    }

    /// Four bytes.
    public int number() {
        return pair() << 16 | pair();
    }

    /// One byte, for a choice among `count`, at most 256.
    public int choice(int count) {
        return octet() % count;
    }

    public boolean flag() {
        return (octet() & 1) != 0;
    }

    /// The next bytes, fewer at the end.
    public byte[] bytes(int most) {
        int end = Math.min(bytes.length, at + most);
        byte[] next = Arrays.copyOfRange(bytes, Math.min(at, end), end);
        at = end;
        return next;
    }

    public byte[] rest() {
        return bytes(bytes.length);
    }

    /// The next bytes as a little-endian buffer.
    public ByteBuffer buffer(int most) {
        return ByteBuffer.wrap(bytes(most)).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// The rest as text: UTF-8, or after a byte `fe` big-endian UTF-16, in which every sequence of
    /// units can be said, unpaired surrogates too.
    public String text() {
        if (at < bytes.length && bytes[at] == (byte) 0xfe) {
            at++;
            var text = new StringBuilder();
            while (!isEmpty()) {
                text.append((char) pair());
            }
            return text.toString();
        }
        return new String(rest(), StandardCharsets.UTF_8);
    }

    /// Randomness for an engine: the same for the same whole input, but so that what a fuzzer
    /// learns about a secret in one run is of no use in the next.
    public RandomGenerator random() {
        return new SplittableRandom(Arrays.hashCode(bytes));
    }

    /// A moment less than 34 seconds before the values of a ticker wrap.
    public long moment() {
        return Long.MAX_VALUE - ((long) octet() << 27);
    }
}
