package natt.core.io;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;

/// Datagrams on a stream: each after its length, 2 bytes big-endian, 1 to 2048.
///
/// What is to be sent waits here, up to 256 datagrams or 512 KiB, and what does not fit is dropped,
/// as a network does it.
final class DatagramStream {
    static final int LONGEST = 2048;
    private static final int HEADER = 2;
    private static final int MOST_WAITING = 256;
    private static final int MOST_BYTES = 512 << 10;
    private static final int FIRST_BYTES = 4 << 10;

    /// Takes datagrams.
    interface Receiver {
        /// @param datagram between position and limit of a buffer that holds others too
        void received(ByteBuffer datagram, long nowNanos);
    }

    /// Whole frames between 0 and the position of what is next to be sent and the end; null when
    /// there are none and there was no use for the buffer lately.
    private @Nullable ByteBuffer waiting;

    /// Where in [#waiting] the next frame to be sent begins.
    private int sent;

    private int count;

    /// The beginning of a frame, to be written to.
    private @Nullable ByteBuffer begun;

    /// Takes a datagram to be sent; false when it was dropped.
    boolean offer(ByteBuffer datagram) {
        int length = datagram.remaining();
        if (length < 1 || length > LONGEST || count == MOST_WAITING) {
            return false;
        }
        ByteBuffer into = withRoom(HEADER + length);
        if (into == null) {
            return false;
        }
        into.putShort((short) length).put(datagram);
        count++;
        return true;
    }

    private @Nullable ByteBuffer withRoom(int bytes) {
        ByteBuffer now = waiting;
        if (now == null) {
            now = ByteBuffer.allocate(FIRST_BYTES);
        } else if (now.remaining() < bytes) {
            int used = now.position() - sent;
            int capacity = now.capacity();
            while (capacity - used < bytes) {
                capacity *= 2;
            }
            if (capacity > MOST_BYTES) {
                return null;
            }
            now.flip().position(sent);
            now =
                    capacity == now.capacity()
                            ? now.compact()
                            : ByteBuffer.allocate(capacity).put(now);
            sent = 0;
        }
        waiting = now;
        return now;
    }

    /// Sends what waits, as far as the channel takes it.
    void flush(TlsChannel channel, long nowNanos) {
        while (count > 0 && waiting != null && channel.isWritable()) {
            int end = wholeFrames(waiting);
            ByteBuffer frames = waiting.duplicate().limit(end).position(sent);
            if (!channel.send(frames, nowNanos)) {
                return;
            }
            sent = end;
        }
        if (count == 0 && waiting != null) {
            sent = 0;
            waiting.clear();
            if (waiting.capacity() > FIRST_BYTES) {
                waiting = null;
            }
        }
    }

    /// Counts as many frames off as one record holds; returns where they end.
    private int wholeFrames(ByteBuffer all) {
        int end = sent;
        while (end < all.position()) {
            int next = end + HEADER + Short.toUnsignedInt(all.getShort(end));
            if (next - sent > TlsChannel.LONGEST_PLAINTEXT) {
                break;
            }
            end = next;
            count--;
        }
        return end;
    }

    /// Takes bytes of the stream apart, all of them.
    ///
    /// @return false if they are no datagrams: the stream is of no more use
    boolean received(ByteBuffer bytes, Receiver receiver, long nowNanos) {
        if (begun != null && !complete(bytes, receiver, nowNanos)) {
            return begun != null;
        }
        int end = bytes.limit();
        while (end - bytes.position() >= HEADER) {
            int at = bytes.position() + HEADER;
            int length = Short.toUnsignedInt(bytes.getShort(bytes.position()));
            if (length < 1 || length > LONGEST) {
                return false;
            }
            if (end - at < length) {
                break;
            }
            bytes.position(at).limit(at + length);
            receiver.received(bytes, nowNanos);
            bytes.limit(end).position(at + length);
        }
        if (bytes.hasRemaining()) {
            begun = ByteBuffer.allocate(HEADER + LONGEST).put(bytes);
        }
        return true;
    }

    /// Fills the frame that has begun; true when it has ended. Without a frame it is malformed.
    private boolean complete(ByteBuffer bytes, Receiver receiver, long nowNanos) {
        ByteBuffer frame = begun;
        while (frame != null && bytes.hasRemaining()) {
            frame.put(bytes.get());
            if (frame.position() < HEADER) {
                continue;
            }
            int length = Short.toUnsignedInt(frame.getShort(0));
            if (length < 1 || length > LONGEST) {
                begun = null;
                return false;
            }
            if (frame.position() == HEADER + length) {
                begun = null;
                receiver.received(frame.flip().position(HEADER), nowNanos);
                return true;
            }
        }
        return false;
    }

    /// Drops what waits and what has begun: the next stream is another.
    void clear() {
        waiting = null;
        begun = null;
        sent = 0;
        count = 0;
    }

    /// Gives up the buffer if nothing waits in it.
    void trim() {
        if (count == 0) {
            waiting = null;
            sent = 0;
        }
    }
}
