package natt.transport.kcp.proto;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// The acknowledgements that are due. They leave with the next datagram: first those of the last
/// time again, because a lost acknowledgement costs a needless retransmission, then the new
/// ones, the newest last, because kcp-go takes its round-trip time from the last.
///
/// What `una` covers needs no acknowledgement of its own, except the newest, which carries a
/// transmission number back.
final class AckQueue {
    /// Far more than one batch of datagrams brings.
    private static final int MAX = 2048;

    private int[] freshSn = new int[16];
    private int[] freshTs = new int[16];
    private int fresh;
    private int[] dueSn = new int[32];
    private int[] dueTs = new int[32];
    private int due;
    private int drained;

    /// From this index of the due ones on, they are sent for the first time.
    private int firstNew;

    AckQueue() {}

    void add(int sn, int ts) {
        if (fresh == MAX) {
            return;
        }
        if (fresh == freshSn.length) {
            freshSn = Arrays.copyOf(freshSn, 2 * fresh);
            freshTs = Arrays.copyOf(freshTs, 2 * fresh);
        }
        freshSn[fresh] = sn;
        freshTs[fresh++] = ts;
    }

    boolean isEmpty() {
        return fresh == 0 && drained == due;
    }

    /// Makes the new ones due, unless the last ones are still being sent.
    void prepare(int una) {
        if (fresh == 0 || drained < due) {
            return;
        }
        int repeated = 0;
        for (int i = firstNew; i < due; i++) {
            if (dueSn[i] - una >= 0) {
                dueSn[repeated] = dueSn[i];
                dueTs[repeated++] = dueTs[i];
            }
        }
        if (dueSn.length < repeated + fresh) {
            int length = Integer.highestOneBit(repeated + fresh) << 1;
            dueSn = Arrays.copyOf(dueSn, length);
            dueTs = Arrays.copyOf(dueTs, length);
        }
        firstNew = repeated;
        due = repeated;
        for (int i = 0; i < fresh; i++) {
            if (freshSn[i] - una >= 0 || i == fresh - 1) {
                dueSn[due] = freshSn[i];
                dueTs[due++] = freshTs[i];
            }
        }
        drained = 0;
        fresh = 0;
    }

    /// Writes what is due and fits.
    void drain(ByteBuffer out, int end, int conv, int window, int una) {
        while (drained < due && end - out.position() >= Segment.HEADER_LENGTH) {
            Segment.write(
                    out, conv, Segment.ACK, 0, window, dueTs[drained], dueSn[drained], una, 0);
            drained++;
        }
    }
}
