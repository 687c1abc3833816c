package natt.core.io;

import natt.core.unix.DatagramRuns;

import org.jspecify.annotations.Nullable;

import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// Datagrams on their way to one address, one behind the other in one buffer: all of one length,
/// but for the last, which may be shorter. Such a run can leave by one system call.
///
/// Engines write one datagram at a time into the room behind those that wait. The one that does not
/// belong to them completes the run, and begins the next.
final class Run {
    /// The longest datagram that an engine writes.
    static final int MOST_DATAGRAM = 2048;

    private final ByteBuffer buffer = ByteBuffer.allocate(DatagramRuns.MOST_BYTES + MOST_DATAGRAM);

    /// What has not been sent lies between these.
    private int begin;

    private int end;

    private int count;

    /// The length of the datagrams but for the last.
    private int segment;

    private boolean complete;
    private @Nullable InetSocketAddress to;

    /// Whose datagram lies behind the run, which it does not belong to, and where it ends.
    private @Nullable InetSocketAddress nextTo;

    private int nextEnd;

    /// Where an engine writes its next datagram, unless the run is complete.
    ByteBuffer room() {
        return buffer.limit(end + MOST_DATAGRAM).position(end);
    }

    /// Adds what has been written to the room.
    void add(InetSocketAddress remote) {
        int after = buffer.position();
        int length = after - end;
        if (count == 0) {
            begin(remote, after);
        } else if (length > 0
                && length <= segment
                && belongsTo(remote)
                && after <= DatagramRuns.MOST_BYTES) {
            count++;
            end = after;
            complete = length < segment || count == DatagramRuns.MOST_DATAGRAMS;
        } else {
            nextTo = remote;
            nextEnd = after;
            complete = true;
        }
    }

    private void begin(InetSocketAddress remote, int after) {
        to = remote;
        segment = after;
        end = after;
        count = 1;
        complete = segment == 0;
    }

    private boolean belongsTo(InetSocketAddress remote) {
        return remote == to || remote.equals(to) && scope(remote) == scope(to);
    }

    /// The link of an address, which `equals` does not look at.
    private static int scope(@Nullable InetSocketAddress address) {
        return address != null && address.getAddress() instanceof Inet6Address six
                ? six.getScopeId()
                : 0;
    }

    /// Whether nothing can be added before what there is has left.
    boolean isComplete() {
        return complete;
    }

    /// Where the datagrams go; null if there are none.
    @Nullable InetSocketAddress to() {
        return to;
    }

    int segment() {
        return segment;
    }

    /// What is left to be sent, to be advanced by it.
    ByteBuffer left() {
        return buffer.limit(end).position(begin);
    }

    /// Notes how far the datagrams have been sent.
    void sentSome() {
        begin = buffer.position();
    }

    /// All of it has been sent: goes on with what completed it.
    void next() {
        InetSocketAddress remote = nextTo;
        int from = end;
        begin = 0;
        end = 0;
        count = 0;
        complete = false;
        to = null;
        nextTo = null;
        if (remote != null) {
            byte[] bytes = buffer.array();
            System.arraycopy(bytes, from, bytes, 0, nextEnd - from);
            begin(remote, nextEnd - from);
        }
    }
}
