package natt.transport.kcp.fec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// What stands before the shard of a datagram, little-endian:
///
/// ```text
///  0       4      6
/// | seqid | type | shard
///
/// data shard:    | size u16, counting itself | KCP bytes |
/// parity shard:  | Reed-Solomon bytes, as many as the longest data shard of the group has |
/// ```
///
/// The seqid counts datagrams in one direction. Every 13 make a group, 10 of data and then 3
/// of parity; it wraps after the last whole group that 32 bits can number.
final class FecHeader {
    static final int SHARD = 6;
    static final int SIZE_FIELD = 2;
    static final int TYPE_DATA = 0x00f1;
    static final int TYPE_PARITY = 0x00f2;
    static final int GROUP_SIZE = ReedSolomon.DATA + ReedSolomon.PARITY;

    /// How many groups there are before the seqid wraps.
    static final int GROUPS = Integer.divideUnsigned(0xffff_ffff, GROUP_SIZE);

    private static final VarHandle INT =
            MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORT =
            MethodHandles.byteBufferViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private FecHeader() {}

    static int seqid(ByteBuffer packet) {
        return (int) INT.get(packet, packet.position());
    }

    static int type(ByteBuffer packet) {
        return Short.toUnsignedInt((short) SHORT.get(packet, packet.position() + 4));
    }

    /// The size field of a data packet.
    static int size(ByteBuffer packet) {
        return Short.toUnsignedInt((short) SHORT.get(packet, packet.position() + SHARD));
    }

    static void write(ByteBuffer packet, int seqid, int type) {
        INT.set(packet, packet.position(), seqid);
        SHORT.set(packet, packet.position() + 4, (short) type);
    }

    static void writeSize(ByteBuffer packet, int size) {
        SHORT.set(packet, packet.position() + SHARD, (short) size);
    }
}
