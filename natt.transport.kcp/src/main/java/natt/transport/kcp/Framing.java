package natt.transport.kcp;

import java.nio.ByteBuffer;

/// The header of forward error correction before the segments of one stream's datagrams.
final class Framing {
    static final int HEADER_LENGTH = 8;

    private static final int DATA = 0xf1;
    private static final int GROUP_DATA = 10;
    private static final int GROUP = 13;
    private static final long SEQID_LIMIT = 0xffff_ffffL / GROUP * GROUP;

    private long seqid;

    /// Fills the header in front of the segments that lie up to the buffer's position.
    void seal(ByteBuffer datagram, int at) {
        datagram.putInt(at, (int) seqid);
        datagram.putShort(at + 4, (short) DATA);
        datagram.putShort(at + 6, (short) (datagram.position() - at - 6));
        seqid++;
        if (seqid % GROUP == GROUP_DATA) {
            seqid += GROUP - GROUP_DATA;
        }
        if (seqid >= SEQID_LIMIT) {
            seqid = 0;
        }
    }
}
