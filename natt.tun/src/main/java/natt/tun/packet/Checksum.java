package natt.tun.packet;

import java.nio.ByteBuffer;

/// The checksum of IP, ICMP, TCP and UDP (RFC 1071).
final class Checksum {
    private Checksum() {}

    /// The sum of 16-bit words, to be continued with the next bytes; an odd last byte counts as if
    /// a zero followed.
    static long add(long sum, ByteBuffer bytes, int from, int to) {
        int at = from;
        for (; at + 1 < to; at += 2) {
            sum += Short.toUnsignedInt(bytes.getShort(at));
        }
        return at < to ? sum + (Byte.toUnsignedInt(bytes.get(at)) << 8) : sum;
    }

    static short finish(long sum) {
        long folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (short) ~folded;
    }
}
