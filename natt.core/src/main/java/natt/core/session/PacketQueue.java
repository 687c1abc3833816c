package natt.core.session;

import natt.core.CloseReason;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;

/// The packets of one session that wait to be sent. Like a router's queue it drops what is too
/// much, and like that of a link that is down it keeps nothing while there is no path.
final class PacketQueue extends NoStreams {
    /// Powers of two.
    private static final int FEW = 16;

    private static final int MOST = 256;

    private byte[] @Nullable [] slots = new byte[FEW] @Nullable [];
    private int[] lengths = new int[FEW];
    private int first;
    private int count;

    /// Whether something was sent since the peer was heard.
    private boolean awaiting;

    private long roundTrip;
    private long dropped;

    /// @return whether there was room
    boolean offer(ByteBuffer packet) {
        if (count == slots.length && !grow()) {
            dropped++;
            return false;
        }
        int at = first + count & slots.length - 1;
        byte[] slot = slots[at];
        if (slot == null) {
            slot = new byte[Session.MOST_PACKET];
            slots[at] = slot;
        }
        lengths[at] = packet.remaining();
        packet.get(slot, 0, lengths[at]);
        count++;
        return true;
    }

    private boolean grow() {
        if (slots.length == MOST) {
            return false;
        }
        int length = slots.length;
        byte[] @Nullable [] more = Arrays.copyOf(slots, 2 * length);
        int[] moreLengths = Arrays.copyOf(lengths, 2 * length);
        // What had wrapped around follows what had not.
        System.arraycopy(slots, 0, more, length, first);
        System.arraycopy(lengths, 0, moreLengths, length, first);
        Arrays.fill(more, 0, first, null);
        slots = more;
        lengths = moreLengths;
        return true;
    }

    boolean isEmpty() {
        return count == 0;
    }

    /// Writes the next packet, if there is one.
    boolean poll(ByteBuffer into) {
        if (count == 0) {
            return false;
        }
        byte[] slot = slots[first];
        if (slot == null) {
            throw new AssertionError("a packet has its slot");
        }
        into.put(slot, 0, lengths[first]);
        first = first + 1 & slots.length - 1;
        count--;
        awaiting = true;
        return true;
    }

    void heard() {
        awaiting = false;
    }

    /// How many found no room.
    long dropped() {
        return dropped;
    }

    @Override
    public boolean pollDatagram(ByteBuffer into, int limit, long nowNanos) {
        return poll(into);
    }

    @Override
    public void pause(long nowNanos) {
        count = 0;
    }

    @Override
    public void close(CloseReason reason, long nowNanos) {
        count = 0;
    }

    @Override
    public void roundTripMeasured(long nanos, long nowNanos) {
        roundTrip = nanos;
    }

    @Override
    public boolean hasOutstanding() {
        return awaiting;
    }

    @Override
    public long roundTripNanos() {
        return roundTrip;
    }

    @Override
    public Transport.Estimate estimate() {
        return new Transport.Estimate(Duration.ofNanos(roundTrip), 0, 0);
    }
}
