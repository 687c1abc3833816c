package natt.core.unix;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import natt.core.time.Ticker;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/// A descriptor of which every read gives one packet and every write takes one: a TUN device, a
/// raw socket.
///
/// Java cannot select on it, so a thread of its own polls and reads into a ring; the driver is
/// woken once for what has come since, and takes it in batches, between which its sockets have
/// their turn. While the ring is full nothing is read and the kernel drops what it has no room for.
public final class PacketFile implements AutoCloseable {
    /// How many packets the driver takes before its sockets have their turn.
    private static final int BATCH = 64;

    /// The same in bytes. Two packets that are many in one leave as a hundred, which is what the
    /// queues of sessions hold in one turn.
    private static final int BATCH_BYTES = 64 * 1_024;

    /// How many packets are read before the driver hears of the first.
    private static final int UNANNOUNCED = 16;

    /// How soon reading is tried again after an error that passes.
    private static final int AFTER_ERROR_MILLIS = 100;

    /// The thread waits for nothing but a wake; only a machine that is very busy takes that long.
    private static final Duration LONGEST_END = Duration.ofSeconds(5);

    /// Who takes the packets; called on the driver's thread.
    public interface Receiver {
        /// @param packet lent until this returns; may be written to
        void packet(ByteBuffer packet, long nowNanos);

        /// Some packets have been taken, and now the sockets have their turn.
        default void batchEnded(long nowNanos) {}

        /// No packet comes any more, since the device has gone; the descriptor is closed.
        default void failed(IOException why) {}
    }

    /// What has happened since the start.
    ///
    /// @param read packets that have come
    /// @param tooLong packets that were longer than expected, which are lost
    /// @param readErrors reads that failed, as of a device that is down
    /// @param written packets that the descriptor took
    /// @param dropped packets that it did not take
    public record Counters(long read, long tooLong, long readErrors, long written, long dropped) {}

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final Libc libc;
    private final int descriptor;
    private final int wake;
    private final int mostBytes;
    private final Executor driver;
    private final LongSupplier clock;
    private final Receiver receiver;
    private final Runnable drain = this::drain;
    private final PacketRing ring;
    private final Thread thread;
    private final MemorySegment readState;
    private final MemorySegment writeState;
    private final MemorySegment wakeState;
    private final MemorySegment outgoing;
    private final ByteBuffer outgoingView;
    private final MemorySegment polled;
    private final MemorySegment count;
    private final MemorySegment one;
    private final AtomicBoolean announced = new AtomicBoolean();
    private final AtomicLong tooLong = new AtomicLong();
    private final AtomicLong readErrors = new AtomicLong();
    private final Object open = new Object();
    private volatile boolean closing;
    private volatile boolean waitsForRoom;
    private boolean closed;
    private long read;
    private long written;
    private long dropped;

    private PacketFile(
            Libc libc,
            String name,
            int descriptor,
            int mostBytes,
            Executor driver,
            LongSupplier clock,
            Receiver receiver)
            throws UnixException {
        this.libc = libc;
        this.descriptor = descriptor;
        this.mostBytes = mostBytes;
        this.driver = driver;
        this.clock = clock;
        this.receiver = receiver;
        libc.setNonblocking(descriptor);
        // A byte more, by which a packet shows that it was longer.
        ring = new PacketRing(mostBytes + 1);
        var memory = Arena.ofAuto();
        readState = memory.allocate(Calls.STATE);
        writeState = memory.allocate(Calls.STATE);
        wakeState = memory.allocate(Calls.STATE);
        outgoing = memory.allocate(mostBytes);
        outgoingView = outgoing.asByteBuffer();
        polled = Libc.pollArray(memory, 2);
        count = memory.allocate(Long.BYTES, Long.BYTES);
        one = memory.allocateFrom(JAVA_LONG, 1);
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
        wake = libc.eventfd();
    }

    /// Reads from a descriptor, which it owns from now on and closes, also if it fails here.
    ///
    /// @param name of the thread
    /// @param mostBytes the longest packet, which is also the longest that can be written
    /// @param driver on whose thread the receiver is called
    public static <D extends Executor & Ticker> PacketFile start(
            String name, int descriptor, int mostBytes, D driver, Receiver receiver)
            throws IOException {
        return start(name, descriptor, mostBytes, driver::execute, driver::nanoTime, receiver);
    }

    static PacketFile start(
            String name,
            int descriptor,
            int mostBytes,
            Executor driver,
            LongSupplier clock,
            Receiver receiver)
            throws IOException {
        Libc libc = Libc.load();
        PacketFile file;
        try {
            file = new PacketFile(libc, name, descriptor, mostBytes, driver, clock, receiver);
        } catch (UnixException failed) {
            libc.close(descriptor);
            throw failed;
        }
        file.thread.start();
        return file;
    }

    private void run() {
        try {
            while (!closing) {
                readWhatIsThere();
                announce();
                await();
            }
        } catch (UnixException gone) {
            driver.execute(() -> fail(gone));
        } catch (Throwable fault) {
            driver.execute(() -> fail(new IOException(fault.toString(), fault)));
        } finally {
            synchronized (open) {
                closed = true;
                libc.close(descriptor);
                libc.close(wake);
            }
        }
    }

    private void fail(IOException why) {
        if (!closing) {
            receiver.failed(why);
        }
    }

    /// Returns when nothing is left to be read, or there is no room for it.
    private void readWhatIsThere() throws Throwable {
        int unannounced = 0;
        while (!closing && ring.hasRoom()) {
            MemorySegment slot = ring.slot();
            long length =
                    (long) Calls.READ_NOW.invokeExact(readState, descriptor, slot, mostBytes + 1L);
            if (length > mostBytes) {
                tooLong.incrementAndGet();
            } else if (length > 0) {
                ring.put((int) length);
                if (++unannounced == UNANNOUNCED) {
                    announce();
                    unannounced = 0;
                }
            } else if (endsReading(length)) {
                return;
            }
        }
    }

    private boolean endsReading(long result) throws Throwable {
        int errno = result == 0 ? Errors.EIO : Calls.errno(readState);
        if (errno == Errors.EAGAIN) {
            return true;
        }
        if (errno == Errors.EINTR) {
            return false;
        }
        if (!Errors.isPassing(errno)) {
            throw libc.failed("read", errno);
        }
        readErrors.incrementAndGet();
        announce();
        poll(1, AFTER_ERROR_MILLIS);
        return false;
    }

    private void await() throws Throwable {
        if (ring.hasRoom()) {
            poll(2, -1);
            return;
        }
        waitsForRoom = true;
        // Room that is made from now on is told.
        if (!ring.hasRoom() && !closing) {
            poll(1, -1);
        }
        waitsForRoom = false;
    }

    /// @param descriptors one: that by which this thread is woken; two: also that of the packets
    private void poll(int descriptors, int millis) throws Throwable {
        Libc.watch(polled, 0, wake);
        Libc.watch(polled, 1, descriptor);
        int ready =
                (int)
                        (long)
                                Calls.POLL.invokeExact(
                                        readState,
                                        polled.address(),
                                        (long) descriptors,
                                        (long) millis,
                                        0L,
                                        0L,
                                        0L);
        if (ready < 0 && Calls.errno(readState) != Errors.EINTR) {
            throw libc.failed("poll", Calls.errno(readState));
        }
        if (ready > 0 && Libc.events(polled, 0) != 0) {
            long _ =
                    (long)
                            Calls.READ.invokeExact(
                                    readState,
                                    (long) wake,
                                    count.address(),
                                    (long) Long.BYTES,
                                    0L,
                                    0L,
                                    0L);
        }
    }

    private void announce() {
        if (!ring.isEmpty() && announced.compareAndSet(false, true)) {
            driver.execute(drain);
        }
    }

    private void drain() {
        announced.set(false);
        long now = clock.getAsLong();
        try {
            int bytes = 0;
            for (int i = 0; i < BATCH && bytes < BATCH_BYTES && !closing; i++) {
                ByteBuffer packet = ring.peek();
                if (packet == null) {
                    break;
                }
                bytes += packet.remaining();
                take(packet, now);
            }
            if (!closing) {
                receiver.batchEnded(now);
            }
        } finally {
            // The driver does this in its next turn.
            announce();
            if (waitsForRoom && ring.isHalfEmpty()) {
                waitsForRoom = false;
                wakeReader();
            }
        }
    }

    private void take(ByteBuffer packet, long now) {
        read++;
        try {
            receiver.packet(packet, now);
        } finally {
            ring.pop();
        }
    }

    private void wakeReader() {
        synchronized (open) {
            if (closed) {
                return;
            }
            try {
                long _ =
                        (long)
                                Calls.WRITE.invokeExact(
                                        wakeState,
                                        (long) wake,
                                        one.address(),
                                        (long) Long.BYTES,
                                        0L,
                                        0L,
                                        0L);
            } catch (Throwable impossible) {
                throw new AssertionError("write throws nothing", impossible);
            }
        }
    }

    /// Writes what remains in the buffer, which is not advanced, as one packet; on the driver's
    /// thread.
    ///
    /// @return whether the descriptor has taken it; else the packet is lost
    public boolean write(ByteBuffer packet) {
        return write(NOTHING, packet);
    }

    /// Writes what remains in two buffers, one after the other, as one packet, like
    /// [#write(ByteBuffer)].
    public boolean write(ByteBuffer header, ByteBuffer packet) {
        int length = header.remaining() + packet.remaining();
        if (packet.remaining() == 0 || length > mostBytes) {
            dropped++;
            return false;
        }
        outgoingView.clear();
        append(header);
        append(packet);
        if (!write(length)) {
            dropped++;
            return false;
        }
        written++;
        return true;
    }

    private void append(ByteBuffer bytes) {
        int at = outgoingView.position();
        int length = bytes.remaining();
        outgoingView.put(at, bytes, bytes.position(), length).position(at + length);
    }

    private boolean write(int length) {
        // Else it might be closed by another thread, and its number be that of another file.
        synchronized (open) {
            if (closed) {
                return false;
            }
            try {
                int taken =
                        (int)
                                (long)
                                        Calls.WRITE.invokeExact(
                                                writeState,
                                                (long) descriptor,
                                                outgoing.address(),
                                                (long) length,
                                                0L,
                                                0L,
                                                0L);
                return taken == length;
            } catch (Throwable impossible) {
                throw new AssertionError("write throws nothing", impossible);
            }
        }
    }

    /// Makes a device's own request, which may fail in silence; from any thread.
    public void control(int request, long number) {
        synchronized (open) {
            if (!closed) {
                try {
                    libc.ioctl(descriptor, request, number);
                } catch (UnixException refused) {
                    // It stays as it is.
                }
            }
        }
    }

    /// Why the last [#write] failed, by its number in `errno(3)`.
    public int writeError() {
        return Calls.errno(writeState);
    }

    /// On the driver's thread.
    public Counters counters() {
        return new Counters(read, tooLong.get(), readErrors.get(), written, dropped);
    }

    /// Ends the thread and closes the descriptor before it returns; from any thread.
    @Override
    public void close() {
        closing = true;
        wakeReader();
        try {
            thread.join(LONGEST_END);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
