package natt.tests;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// Datagrams that nobody honest sends, without end, the same for a seed: noise, messages of natt's
/// own with wrong content, messages seen before, changed or not, and those of other protocols.
public final class Hostile {
    private static final int[] OWN_LENGTHS = {0, 1, 15, 16, 31, 32, 64, 92, 108, 160, 192, 193};

    private final SplittableRandom random;
    private final List<byte[]> seen;
    private long made;

    /// @param seen datagrams that were seen on the path
    public Hostile(long seed, List<byte[]> seen) {
        random = new SplittableRandom(seed);
        this.seen = seen;
    }

    public byte[] next() {
        int kind = (int) (made++ % 8);
        return switch (kind) {
            case 0 -> noise(random.nextInt(1473));
            case 1 -> begin(OWN_LENGTHS[random.nextInt(OWN_LENGTHS.length)], 0x90);
            case 2 -> begin(192, 0x90);
            case 3 -> data();
            case 4 -> seen.isEmpty() ? begin(108, 0x91) : old().clone();
            case 5 -> seen.isEmpty() ? begin(64, 0x92) : changed();
            case 6 -> stun();
            default -> kcp();
        };
    }

    private byte[] noise(int length) {
        var noise = new byte[length];
        random.nextBytes(noise);
        return noise;
    }

    /// One of natt's types, with the version and the zeros that belong to it.
    private byte[] begin(int length, int least) {
        byte[] datagram = noise(length);
        byte[] start = {(byte) (least + random.nextInt(8)), 1, 0, 0};
        System.arraycopy(start, 0, datagram, 0, Math.min(length, start.length));
        return datagram;
    }

    private byte[] data() {
        byte[] datagram = noise(32 + random.nextInt(1200));
        datagram[0] = (byte) 0x93;
        Arrays.fill(datagram, 1, 3, (byte) 0);
        if (!seen.isEmpty()) {
            // The index of a live session, maybe, and a counter far ahead.
            byte[] live = old();
            System.arraycopy(live, 0, datagram, 0, Math.min(live.length, 7));
        }
        return datagram;
    }

    private byte[] old() {
        return seen.get(random.nextInt(seen.size()));
    }

    private byte[] changed() {
        byte[] datagram = old().clone();
        return switch (random.nextInt(3)) {
            case 0 -> Arrays.copyOf(datagram, random.nextInt(datagram.length + 1));
            case 1 -> Arrays.copyOf(datagram, datagram.length + 1 + random.nextInt(8));
            default -> {
                if (datagram.length > 0) {
                    datagram[random.nextInt(datagram.length)] ^= (byte) (1 << random.nextInt(8));
                }
                yield datagram;
            }
        };
    }

    private byte[] stun() {
        byte[] datagram = noise(20);
        byte[] header = {0, 1, 0, 0, 0x21, 0x12, (byte) 0xa4, 0x42};
        System.arraycopy(header, 0, datagram, 0, header.length);
        datagram[0] = (byte) random.nextInt(2);
        return datagram;
    }

    /// A push with a greeting, to which the original answers.
    private byte[] kcp() {
        byte[] datagram = noise(24 + 21);
        datagram[4] = 81;
        datagram[5] = 0;
        Arrays.fill(datagram, 12, 24, (byte) 0);
        datagram[20] = 21;
        byte[] greeting = "SSH-2.0-hostile____\r\n".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(greeting, 0, datagram, 24, greeting.length);
        return datagram;
    }
}
