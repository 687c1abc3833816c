package natt.tun.packet;

import java.nio.ByteBuffer;

/// The checksum of IP, ICMP, TCP and UDP (RFC 1071).
final class Checksum {
    private static final long LOW = 0xffff_ffffL;

    private Checksum() {}

    /// The sum of 16-bit words, to be continued with the next bytes; an odd last byte counts as if
    /// a zero followed.
    ///
    /// @param bytes in the order of the network; up to 64 KiB, so that nothing is carried out of
    ///     the sum
    static long add(long sum, ByteBuffer bytes, int from, int to) {
        long all = sum;
        int at = from;
        // Two words at once give the same sum, once its halves are added. Four reads in a row keep
        // the processor busy.
        for (; at + 31 < to; at += 32) {
            long a = bytes.getLong(at);
            long b = bytes.getLong(at + 8);
            long c = bytes.getLong(at + 16);
            long d = bytes.getLong(at + 24);
            all += (a >>> 32) + (a & LOW) + (b >>> 32) + (b & LOW);
            all += (c >>> 32) + (c & LOW) + (d >>> 32) + (d & LOW);
        }
        for (; at + 1 < to; at += 2) {
            all += Short.toUnsignedInt(bytes.getShort(at));
        }
        return at < to ? all + (Byte.toUnsignedInt(bytes.get(at)) << 8) : all;
    }

    /// The sum in 16 bits.
    static int fold(long sum) {
        long folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }

    static short finish(long sum) {
        return (short) ~fold(sum);
    }
}
