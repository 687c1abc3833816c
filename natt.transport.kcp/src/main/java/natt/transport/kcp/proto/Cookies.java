package natt.transport.kcp.proto;

import java.util.random.RandomGenerator;

/// Says whether an address has received what was sent to it, without keeping anything about the
/// address: a cookie is a keyed hash (SipHash-2-4) of it. The key changes every 120 seconds;
/// cookies of the current and the previous key are good.
public final class Cookies {
    private static final long ROTATION_NANOS = 120_000_000_000L;

    private final RandomGenerator random;
    private final long[] keys = new long[4];
    private long rotatedAt;

    public Cookies(RandomGenerator random, long nowNanos) {
        this.random = random;
        for (int i = 0; i < keys.length; i++) {
            keys[i] = random.nextLong();
        }
        rotatedAt = nowNanos;
    }

    public long make(byte[] address, int port, int conv, long nowNanos) {
        rotate(nowNanos);
        return hash(keys[0], keys[1], address, port, conv);
    }

    public boolean isGood(long cookie, byte[] address, int port, int conv, long nowNanos) {
        rotate(nowNanos);
        return cookie == hash(keys[0], keys[1], address, port, conv)
                || cookie == hash(keys[2], keys[3], address, port, conv);
    }

    private void rotate(long nowNanos) {
        long age = nowNanos - rotatedAt;
        if (age < ROTATION_NANOS) {
            return;
        }
        boolean previousIsStale = age >= 2 * ROTATION_NANOS;
        keys[2] = previousIsStale ? random.nextLong() : keys[0];
        keys[3] = previousIsStale ? random.nextLong() : keys[1];
        keys[0] = random.nextLong();
        keys[1] = random.nextLong();
        rotatedAt = nowNanos;
    }

    /// The hash of port and address in front of each other, 8 bytes a word: conv and port, then
    /// the address, and its length last.
    private static long hash(long key0, long key1, byte[] address, int port, int conv) {
        var state = new SipHash(key0, key1);
        state.word((long) conv << 32 | port);
        long word = 0;
        for (int i = 0; i < address.length; i++) {
            word = word << 8 | Byte.toUnsignedLong(address[i]);
            if (i % 8 == 7) {
                state.word(word);
                word = 0;
            }
        }
        state.word(word);
        state.word(address.length);
        return state.finish();
    }
}
