package natt.transport.kcp.fec;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// Recovers lost packets of one direction, as soon as any 10 of the 13 of their group are
/// there.
///
/// A group is known by its number alone, so that reordering, gaps, a wrapped seqid or a peer
/// that leaves parity out need no care. The decoder holds a few groups and forgets the one that
/// was fed the longest ago for a new one. There is no newest seqid that a forged packet could
/// move away from the peer's: a forged group takes one place, and only until it is the oldest.
/// Groups of which only parity has been seen have places of their own. A caller that knows the
/// conversation keeps foreign data packets away; parity packets, which cannot be told from
/// forged ones, then never drive out a group with data.
///
/// What is recovered deserves the same mistrust as what arrives. One thread at a time calls it.
public final class FecDecoder {
    private static final int GROUPS_WITH_DATA = 12;
    private static final int GROUPS_WITHOUT_DATA = 4;
    private static final int ALL_DATA = (1 << ReedSolomon.DATA) - 1;

    private final Group[] withData = groups(GROUPS_WITH_DATA);
    private final Group[] withoutData = groups(GROUPS_WITHOUT_DATA);
    private final byte[] shard;
    private final ByteBuffer output;
    private long accepted;
    private long recovered;
    private long parityReceived;
    private long malformed;

    /// Takes what has been recovered.
    public interface Sink {
        /// Takes the KCP bytes of a lost packet, between position and limit. The buffer is
        /// reused after the call.
        void recovered(ByteBuffer kcpBytes);
    }

    /// @param payloadLimit the largest number of KCP bytes in a packet; longer packets are
    ///     malformed
    public FecDecoder(int payloadLimit) {
        if (payloadLimit < 1 || payloadLimit > 0xffff - FecHeader.SIZE_FIELD) {
            throw new IllegalArgumentException("payload limit " + payloadLimit);
        }
        shard = new byte[FecHeader.SIZE_FIELD + payloadLimit];
        output = ByteBuffer.wrap(shard);
    }

    /// Takes a data or parity packet, between the buffer's position and limit, which stay, and
    /// hands over what can be recovered with it. The packet's own KCP bytes are the caller's.
    public void accept(ByteBuffer packet, Sink sink) {
        if (!wellFormed(packet)) {
            malformed++;
            return;
        }
        int seqid = FecHeader.seqid(packet);
        int index = Integer.remainderUnsigned(seqid, FecHeader.GROUP_SIZE);
        boolean data = index < ReedSolomon.DATA;
        if (!data) {
            parityReceived++;
        }
        Group group = group(Integer.divideUnsigned(seqid, FecHeader.GROUP_SIZE), data);
        group.lastFed = ++accepted;
        if (group.complete() || group.has(index)) {
            return;
        }
        group.add(index, packet);
        if (group.complete()) {
            recover(group, sink);
        }
    }

    /// How many packets have been recovered.
    public long recovered() {
        return recovered;
    }

    /// How many parity packets have arrived, duplicates too.
    public long parityReceived() {
        return parityReceived;
    }

    /// How many packets were dropped because no encoder makes them: as they arrived, or as they
    /// were recovered from a group with a forged packet.
    public long malformed() {
        return malformed;
    }

    private boolean wellFormed(ByteBuffer packet) {
        int length = packet.remaining() - FecHeader.SHARD;
        if (length <= FecHeader.SIZE_FIELD || length > shard.length) {
            return false;
        }
        int seqid = FecHeader.seqid(packet);
        if (Integer.divideUnsigned(seqid, FecHeader.GROUP_SIZE) >= FecHeader.GROUPS) {
            return false;
        }
        int index = Integer.remainderUnsigned(seqid, FecHeader.GROUP_SIZE);
        return switch (FecHeader.type(packet)) {
            case FecHeader.TYPE_DATA ->
                    index < ReedSolomon.DATA && FecHeader.size(packet) == length;
            case FecHeader.TYPE_PARITY -> index >= ReedSolomon.DATA;
            default -> false;
        };
    }

    /// Finds the group, or makes room for it, among those with data once it has data.
    private Group group(int number, boolean data) {
        Group known = find(withData, number);
        if (known != null) {
            return known;
        }
        Group[] places = data ? withData : withoutData;
        Group parityOnly = find(withoutData, number);
        if (parityOnly == null) {
            Group oldest = places[oldest(places)];
            oldest.begin(number, shard.length);
            return oldest;
        }
        if (data) {
            int to = oldest(withData);
            for (int from = 0; from < withoutData.length; from++) {
                if (withoutData[from] == parityOnly) {
                    withoutData[from] = withData[to];
                    withoutData[from].forget();
                }
            }
            withData[to] = parityOnly;
        }
        return parityOnly;
    }

    private static @Nullable Group find(Group[] places, int number) {
        for (Group group : places) {
            if (group.number == number) {
                return group;
            }
        }
        return null;
    }

    private static int oldest(Group[] places) {
        int oldest = 0;
        for (int i = 1; i < places.length; i++) {
            if (places[i].lastFed < places[oldest].lastFed) {
                oldest = i;
            }
        }
        return oldest;
    }

    private void recover(Group group, Sink sink) {
        int missingData = ~group.present & ALL_DATA;
        if (missingData == 0) {
            return;
        }
        int[] missing = bits(missingData);
        // Exactly 10 are present, so there are as many parity shards as missing data shards.
        int[] rows = bits(group.present >>> ReedSolomon.DATA);
        int[][] factors = ReedSolomon.solve(missing, rows);
        for (int i = 0; i < missing.length; i++) {
            ReedSolomon.recover(group.sums, factors[i], rows, shard, group.length);
            int size = (shard[0] & 0xff) | (shard[1] & 0xff) << Byte.SIZE;
            if (size <= FecHeader.SIZE_FIELD || size > group.length || !padded(size, group)) {
                malformed++;
            } else {
                recovered++;
                sink.recovered(output.limit(size).position(FecHeader.SIZE_FIELD));
            }
        }
    }

    private boolean padded(int size, Group group) {
        for (int i = size; i < group.length; i++) {
            if (shard[i] != 0) {
                return false;
            }
        }
        return true;
    }

    /// The numbers of the bits that are set.
    private static int[] bits(int set) {
        int[] bits = new int[Integer.bitCount(set)];
        for (int i = 0, rest = set; i < bits.length; i++, rest &= rest - 1) {
            bits[i] = Integer.numberOfTrailingZeros(rest);
        }
        return bits;
    }

    private Group[] groups(int count) {
        Group[] groups = new Group[count];
        for (int i = 0; i < count; i++) {
            groups[i] = new Group();
        }
        return groups;
    }

    /// The sums of what has arrived of one group.
    private final class Group {
        private static final int NONE = -1;
        private static final int[] NO_SUMS = {};

        private int number = NONE;
        private long lastFed;
        private int present;
        private int length;
        private int[] sums = NO_SUMS;

        private void begin(int newNumber, int limit) {
            if (sums.length == 0) {
                sums = new int[limit];
            }
            forget();
            number = newNumber;
        }

        private void forget() {
            Arrays.fill(sums, 0, length, 0);
            number = NONE;
            lastFed = 0;
            present = 0;
            length = 0;
        }

        private boolean has(int index) {
            return (present >> index & 1) != 0;
        }

        private boolean complete() {
            return Integer.bitCount(present) >= ReedSolomon.DATA;
        }

        private void add(int index, ByteBuffer packet) {
            int added = packet.remaining() - FecHeader.SHARD;
            packet.get(packet.position() + FecHeader.SHARD, shard, 0, added);
            if (index < ReedSolomon.DATA) {
                ReedSolomon.addData(sums, index, shard, added);
            } else {
                ReedSolomon.addParity(sums, index - ReedSolomon.DATA, shard, added);
            }
            length = Math.max(length, added);
            present |= 1 << index;
        }
    }
}
