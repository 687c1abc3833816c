package natt.transport.kcp.fec;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// Numbers the packets of one direction and adds three parity packets to each ten, as kcp-go
/// does with 10 data and 3 parity shards.
///
/// Parity is summed while the data goes out, so nothing but the sums is kept. One thread at a
/// time calls it.
public final class FecEncoder {
    /// The bytes before a data packet's KCP bytes.
    public static final int HEADER_LENGTH = FecHeader.SHARD + FecHeader.SIZE_FIELD;

    private final byte[] shard;
    private final int[] sums;
    private int shardLength;
    private int group;
    private int dataSealed;
    private boolean parityWanted = true;
    private boolean summing;
    private int parityGroup;
    private int parityPolled = ReedSolomon.PARITY;

    /// Starts at seqid 0.
    ///
    /// @param payloadLimit the largest number of KCP bytes in a packet
    public FecEncoder(int payloadLimit) {
        this(payloadLimit, 0);
    }

    /// Starts at the first seqid of a group.
    FecEncoder(int payloadLimit, int group) {
        if (payloadLimit < 1 || payloadLimit > 0xffff - FecHeader.SIZE_FIELD) {
            throw new IllegalArgumentException("payload limit " + payloadLimit);
        }
        shard = new byte[FecHeader.SIZE_FIELD + payloadLimit];
        sums = new int[shard.length];
        this.group = group;
    }

    /// Fills the header of a data packet in place. Between the buffer's position and limit are
    /// [#HEADER_LENGTH] bytes to be overwritten and then the KCP bytes, at least one; neither
    /// position nor limit nor byte order changes. Parity packets still waiting to be polled are
    /// given up.
    public void seal(ByteBuffer packet) {
        int length = packet.remaining() - FecHeader.SHARD;
        if (length <= FecHeader.SIZE_FIELD || length > shard.length) {
            throw new IllegalArgumentException(packet.remaining() + " bytes in a data packet");
        }
        if (dataSealed == 0) {
            beginGroup();
        }
        FecHeader.write(packet, group * FecHeader.GROUP_SIZE + dataSealed, FecHeader.TYPE_DATA);
        FecHeader.writeSize(packet, length);
        if (summing) {
            packet.get(packet.position() + FecHeader.SHARD, shard, 0, length);
            ReedSolomon.addData(sums, dataSealed, shard, length);
            shardLength = Math.max(shardLength, length);
        }
        dataSealed++;
        if (dataSealed == ReedSolomon.DATA) {
            endGroup();
        }
    }

    /// Whether a group is complete and its parity has not been polled.
    public boolean hasParity() {
        return parityPolled < ReedSolomon.PARITY;
    }

    /// Writes the next parity packet at the buffer's position, advancing it past the packet,
    /// which is as long as the longest data packet of its group.
    ///
    /// @throws IllegalStateException if there is none, see [#hasParity]
    public void pollParity(ByteBuffer into) {
        if (!hasParity()) {
            throw new IllegalStateException("no parity packet");
        }
        if (into.remaining() < FecHeader.SHARD + shardLength) {
            throw new IllegalArgumentException("no room for a parity packet");
        }
        int seqid = parityGroup * FecHeader.GROUP_SIZE + ReedSolomon.DATA + parityPolled;
        FecHeader.write(into, seqid, FecHeader.TYPE_PARITY);
        into.position(into.position() + FecHeader.SHARD);
        ReedSolomon.parity(sums, parityPolled, shard, shardLength);
        into.put(shard, 0, shardLength);
        parityPolled++;
    }

    /// Switches parity on, as it is at first, or off. Off, it is neither computed nor sent,
    /// while the seqids are those with parity: the peer sees it as lost. A group that was not
    /// begun and ended with parity on has none.
    public void sendParity(boolean on) {
        parityWanted = on;
        summing &= on;
    }

    private void beginGroup() {
        parityPolled = ReedSolomon.PARITY;
        summing = parityWanted;
        Arrays.fill(sums, 0, shardLength, 0);
        shardLength = 0;
    }

    private void endGroup() {
        parityGroup = group;
        parityPolled = summing ? 0 : ReedSolomon.PARITY;
        group = group + 1 == FecHeader.GROUPS ? 0 : group + 1;
        dataSealed = 0;
    }
}
