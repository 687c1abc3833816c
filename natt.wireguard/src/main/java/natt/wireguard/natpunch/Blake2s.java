package natt.wireguard.natpunch;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.Arrays;

/// BLAKE2s-256 without a key (RFC 7693), which the JDK does not have.
final class Blake2s extends MessageDigest {
    /// Of a digest, in bytes.
    static final int LENGTH = 32;

    private static final int BLOCK = 64;
    private static final int ROUNDS = 10;
    private static final VarHandle WORD =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    /// Those of SHA-256 (RFC 7693, section 2.6).
    private static final int[] IV = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
    };

    /// Digest length, no key, fanout 1 and depth 1 (section 2.5).
    private static final int PARAMETERS = 0x0101_0000 | LENGTH;

    /// Which word of the message is taken when (section 2.7), a hexadecimal digit each.
    private static final String[] SIGMA = {
        "0123456789abcdef",
        "ea489fd61c02b753",
        "b8c052fdae367194",
        "7931dcbe265a40f8",
        "905724afe1bc683d",
        "2c6a0b834d75fe19",
        "c51fed4a0763928b",
        "db7ec13950f4862a",
        "6fe9b308c2d714a5",
        "a2847615fb9e3cd0"
    };

    /// The places of the state that are mixed with each other: four columns, four diagonals.
    private static final int[][] MIXED = {
        {0, 4, 8, 12}, {1, 5, 9, 13}, {2, 6, 10, 14}, {3, 7, 11, 15},
        {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13}, {3, 4, 9, 14}
    };

    private static final byte[][] SCHEDULE = schedule();

    private final int[] chain = new int[8];
    private final int[] state = new int[16];
    private final int[] words = new int[16];
    private final byte[] block = new byte[BLOCK];
    private int filled;
    private long compressed;

    Blake2s() {
        super("BLAKE2s-256");
        engineReset();
    }

    private static byte[][] schedule() {
        var digits = new byte[ROUNDS][16];
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < 16; i++) {
                digits[round][i] = (byte) Character.digit(SIGMA[round].charAt(i), 16);
            }
        }
        return digits;
    }

    @Override
    protected int engineGetDigestLength() {
        return LENGTH;
    }

    @Override
    protected void engineReset() {
        System.arraycopy(IV, 0, chain, 0, IV.length);
        chain[0] ^= PARAMETERS;
        filled = 0;
        compressed = 0;
    }

    @Override
    protected void engineUpdate(byte input) {
        engineUpdate(new byte[] {input}, 0, 1);
    }

    @Override
    protected void engineUpdate(byte[] input, int offset, int length) {
        int at = offset;
        int end = offset + length;
        while (at < end) {
            // A full block waits, since the last one is compressed as such.
            if (filled == BLOCK) {
                compress(false);
            }
            int taken = Math.min(BLOCK - filled, end - at);
            System.arraycopy(input, at, block, filled, taken);
            filled += taken;
            at += taken;
        }
    }

    @Override
    protected byte[] engineDigest() {
        Arrays.fill(block, filled, BLOCK, (byte) 0);
        compress(true);
        var digest = new byte[LENGTH];
        for (int i = 0; i < chain.length; i++) {
            WORD.set(digest, Integer.BYTES * i, chain[i]);
        }
        engineReset();
        return digest;
    }

    private void compress(boolean last) {
        compressed += filled;
        filled = 0;
        for (int i = 0; i < words.length; i++) {
            words[i] = (int) WORD.get(block, Integer.BYTES * i);
        }
        System.arraycopy(chain, 0, state, 0, 8);
        System.arraycopy(IV, 0, state, 8, 8);
        state[12] ^= (int) compressed;
        state[13] ^= (int) (compressed >>> 32);
        if (last) {
            state[14] = ~state[14];
        }
        for (byte[] order : SCHEDULE) {
            for (int i = 0; i < MIXED.length; i++) {
                mix(MIXED[i], words[order[2 * i]], words[order[2 * i + 1]]);
            }
        }
        for (int i = 0; i < 8; i++) {
            chain[i] ^= state[i] ^ state[i + 8];
        }
    }

    /// G (section 3.1).
    private void mix(int[] places, int x, int y) {
        int a = state[places[0]];
        int b = state[places[1]];
        int c = state[places[2]];
        int d = state[places[3]];
        a += b + x;
        d = Integer.rotateRight(d ^ a, 16);
        c += d;
        b = Integer.rotateRight(b ^ c, 12);
        a += b + y;
        d = Integer.rotateRight(d ^ a, 8);
        c += d;
        b = Integer.rotateRight(b ^ c, 7);
        state[places[0]] = a;
        state[places[1]] = b;
        state[places[2]] = c;
        state[places[3]] = d;
    }
}
