package natt.core.forward;

import java.nio.ByteBuffer;

/// A bounded queue of bytes between a blocking thread and the driver, which never waits.
///
/// The storage grows on demand up to the bound and is dropped when it has run empty.
final class ByteQueue {
    private static final int LEAST_CAPACITY = 8192;

    private final int bound;
    private byte[] ring = new byte[0];
    private int head;
    private int size;
    private boolean finished;
    private boolean broken;

    ByteQueue(int bound) {
        this.bound = bound;
    }

    /// Takes as much as there is room for and advances the buffer.
    synchronized void offer(ByteBuffer data) {
        int length = Math.min(data.remaining(), bound - size);
        ensure(size + length);
        for (int left = length; left > 0; ) {
            int at = (head + size) % ring.length;
            int run = Math.min(left, ring.length - at);
            data.get(ring, at, run);
            size += run;
            left -= run;
        }
        notifyAll();
    }

    /// Puts all of it, waiting for room; false when the queue broke meanwhile.
    synchronized boolean put(ByteBuffer data) throws InterruptedException {
        while (data.hasRemaining()) {
            while (size == bound && !broken) {
                wait();
            }
            if (broken) {
                return false;
            }
            offer(data);
        }
        return true;
    }

    /// Moves what there is into the buffer: its length, 0 when empty, -1 at the end.
    synchronized int poll(ByteBuffer into) {
        if (size == 0) {
            return finished || broken ? -1 : 0;
        }
        int length = Math.min(into.remaining(), size);
        for (int left = length; left > 0; ) {
            int run = Math.min(left, ring.length - head);
            into.put(ring, head, run);
            head = (head + run) % ring.length;
            size -= run;
            left -= run;
        }
        if (size == 0) {
            head = 0;
            ring = ring.length > LEAST_CAPACITY ? new byte[0] : ring;
        }
        notifyAll();
        return length;
    }

    /// As [#poll], but waits for bytes or the end.
    synchronized int take(ByteBuffer into) throws InterruptedException {
        while (size == 0 && !finished && !broken) {
            wait();
        }
        return poll(into);
    }

    /// Nothing will be added; what is there can still be taken.
    synchronized void finish() {
        finished = true;
        notifyAll();
    }

    /// Drops everything; both sides see an end.
    synchronized void breakOff() {
        broken = true;
        size = 0;
        notifyAll();
    }

    synchronized boolean isBroken() {
        return broken;
    }

    private void ensure(int capacity) {
        if (capacity > ring.length) {
            int wanted = Math.max(LEAST_CAPACITY, Math.max(capacity, 2 * size));
            var larger = new byte[Math.min(bound, wanted)];
            int first = Math.min(size, ring.length - head);
            System.arraycopy(ring, head, larger, 0, first);
            System.arraycopy(ring, 0, larger, first, size - first);
            ring = larger;
            head = 0;
        }
    }
}
