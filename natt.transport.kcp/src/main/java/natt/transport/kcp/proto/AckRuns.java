package natt.transport.kcp.proto;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// The acknowledgements that are due in a session: runs of segments whose `sn` and transmission
/// numbers both count up. Each leaves with three datagrams, because a lost acknowledgement costs
/// a needless retransmission; the repetitions leave out what `una` covers.
final class AckRuns {
    static final int RUN_LENGTH = 10;

    /// More than a batch of datagrams brings unless the peer means harm.
    private static final int MOST_FRESH = 1024;

    private static final int LONGEST_RUN = 0xffff;

    private int[] sn = new int[8];
    private int[] transmission = new int[8];
    private int[] count = new int[8];

    /// Up to here, runs that have left twice; up to `fresh`, those that have left once.
    private int older;

    /// Up to here, runs that have left; up to `size`, those that have not.
    private int fresh;

    private int size;

    AckRuns() {}

    boolean isDue() {
        return size > fresh;
    }

    void add(int segment, int ts) {
        if (size > fresh) {
            int last = size - 1;
            if (segment == sn[last] + count[last]
                    && ts == transmission[last] + count[last]
                    && count[last] < LONGEST_RUN) {
                count[last]++;
                return;
            }
        }
        if (size - fresh == MOST_FRESH) {
            return;
        }
        if (size == sn.length) {
            sn = Arrays.copyOf(sn, 2 * size);
            transmission = Arrays.copyOf(transmission, 2 * size);
            count = Arrays.copyOf(count, 2 * size);
        }
        sn[size] = segment;
        transmission[size] = ts;
        count[size++] = 1;
    }

    /// Writes a segment of the runs that are due, and of earlier ones, as many as fit.
    ///
    /// @return whether it was written: there was something due, and room for a run
    boolean write(ByteBuffer out, int end, int conv, int window, int una) {
        int begin = out.position();
        int room = (end - begin - Segment.HEADER_LENGTH) / RUN_LENGTH;
        if (size == fresh || room < 1) {
            return false;
        }
        int upTo = fresh + Math.min(room, size - fresh);
        room -= upTo - fresh;
        out.position(begin + Segment.HEADER_LENGTH);
        for (int i = fresh; i < upTo; i++) {
            write(out, i);
        }
        for (int i = fresh - 1; i >= 0 && room > 0; i--) {
            if (sn[i] + count[i] - una > 0) {
                write(out, i);
                room--;
            }
        }
        int after = out.position();
        out.position(begin);
        int length = after - begin - Segment.HEADER_LENGTH;
        Segment.write(out, conv, Segment.ACK_RUNS, 0, window, 0, 0, una, length);
        out.position(after);
        drop(older);
        older = fresh - older;
        fresh = older + (upTo - fresh);
        return true;
    }

    private void write(ByteBuffer out, int i) {
        out.putInt(sn[i]);
        out.putInt(transmission[i]);
        out.putShort((short) count[i]);
    }

    private void drop(int runs) {
        size -= runs;
        System.arraycopy(sn, runs, sn, 0, size);
        System.arraycopy(transmission, runs, transmission, 0, size);
        System.arraycopy(count, runs, count, 0, size);
    }
}
