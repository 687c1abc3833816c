package natt.transport.kcp;

import natt.transport.kcp.proto.Segment;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Datagrams made by hand.
final class Datagrams {
    private Datagrams() {}

    /// One segment without a header of error correction.
    static byte[] plain(int conv, int command, int frg, int ts, int sn, int una, String data) {
        var out = ByteBuffer.allocate(24 + data.length()).order(ByteOrder.LITTLE_ENDIAN);
        Segment.write(out, conv, command, frg, 32, ts, sn, una, data.length());
        for (int i = 0; i < data.length(); i++) {
            out.put((byte) data.charAt(i));
        }
        return out.array();
    }

    /// Segments behind the header of a data packet.
    static byte[] data(int seqid, byte[] segments) {
        return ByteBuffer.allocate(8 + segments.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(seqid)
                .putShort((short) 0xf1)
                .putShort((short) (2 + segments.length))
                .put(segments)
                .array();
    }

    static int conv(byte[] datagram) {
        return ByteBuffer.wrap(datagram).order(ByteOrder.LITTLE_ENDIAN).getInt(8);
    }

    /// The command of the first segment.
    static int command(byte[] datagram) {
        int type = datagram[4] & 0xff;
        return type == 0xf1 ? datagram[12] & 0xff : type;
    }
}
