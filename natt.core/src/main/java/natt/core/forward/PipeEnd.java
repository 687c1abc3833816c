package natt.core.forward;

import natt.core.io.Driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/// A local end that is this program itself, on any thread: two bounded queues.
public final class PipeEnd implements LocalEnd {
    private static final int QUEUE_BYTES = 1 << 18;

    private final Driver driver;
    private final Runnable onReady;
    private final ByteQueue fromProgram = new ByteQueue(QUEUE_BYTES);
    private final ByteQueue toProgram = new ByteQueue(QUEUE_BYTES);
    private volatile String broken = "";

    /// @param onReady called on the driver's thread when reading or writing may go on
    public PipeEnd(Driver driver, Runnable onReady) {
        this.driver = driver;
        this.onReady = onReady;
    }

    /// Says why the rest will not come; the program reads what has come before.
    public void fail(String why) {
        broken = why;
        fromProgram.breakOff();
        toProgram.finish();
    }

    /// The program wants nothing more of either direction.
    public void drop() {
        fromProgram.finish();
        toProgram.breakOff();
        driver.execute(onReady);
    }

    /// What the peer says. Reading fails with the reason if that does not end in order.
    public InputStream input() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                var one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
            }

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                if (length == 0) {
                    return 0;
                }
                try {
                    int taken = toProgram.take(ByteBuffer.wrap(into, offset, length));
                    if (taken < 0 && !broken.isEmpty()) {
                        throw new IOException(broken);
                    }
                    driver.execute(onReady);
                    return taken;
                } catch (InterruptedException interrupted) {
                    throw interrupted();
                }
            }
        };
    }

    /// What the peer is told. To close it ends that direction only.
    public OutputStream output() {
        return new OutputStream() {
            private boolean closed;

            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] data, int offset, int length) throws IOException {
                if (closed) {
                    throw new IOException("this direction has been closed");
                }
                var rest = ByteBuffer.wrap(data, offset, length);
                try {
                    while (rest.hasRemaining()) {
                        int most = Math.min(rest.remaining(), QUEUE_BYTES / 2);
                        ByteBuffer part = rest.slice(rest.position(), most);
                        if (!fromProgram.put(part)) {
                            throw new IOException(
                                    broken.isEmpty() ? "the connection has ended" : broken);
                        }
                        rest.position(rest.position() + most);
                        driver.execute(onReady);
                    }
                } catch (InterruptedException interrupted) {
                    throw interrupted();
                }
            }

            @Override
            public void close() {
                if (!closed) {
                    closed = true;
                    fromProgram.finish();
                    driver.execute(onReady);
                }
            }
        };
    }

    private static InterruptedIOException interrupted() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted");
    }

    @Override
    public int read(ByteBuffer into) {
        return fromProgram.poll(into);
    }

    @Override
    public void write(ByteBuffer data) {
        if (toProgram.isBroken()) {
            // Nobody reads the rest.
            data.position(data.limit());
        } else {
            toProgram.offer(data);
        }
    }

    @Override
    public void finish() {
        toProgram.finish();
    }

    @Override
    public boolean flushed() {
        return true;
    }

    @Override
    public void interest(boolean reading, boolean writing) {
        // The queues are looked at whenever the program has used them.
    }

    @Override
    public void close() {
        toProgram.finish();
        fromProgram.breakOff();
    }

    @Override
    public void abort() {
        // The owner is told next, and says why by #fail.
    }
}
