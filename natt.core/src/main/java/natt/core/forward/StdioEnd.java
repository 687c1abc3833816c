package natt.core.forward;

import natt.core.io.Driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/// Standard input and output, which cannot be selected on: a thread each way and bounded queues.
public final class StdioEnd implements LocalEnd {
    private static final int QUEUE_BYTES = 1 << 18;
    private static final int CHUNK_BYTES = 65_536;

    private final Driver driver;
    private final InputStream in;
    private final OutputStream out;
    private final Runnable onReady;
    private final ByteQueue fromInput = new ByteQueue(QUEUE_BYTES);
    private final ByteQueue toOutput = new ByteQueue(QUEUE_BYTES);
    private volatile boolean outputDone;

    /// @param onReady called on the driver's thread when reading or writing may go on
    public StdioEnd(Driver driver, InputStream in, OutputStream out, Runnable onReady) {
        this.driver = driver;
        this.in = in;
        this.out = out;
        this.onReady = onReady;
    }

    public StdioEnd start() {
        Thread.ofPlatform().daemon().name("natt-stdin").start(this::copyInput);
        Thread.ofPlatform().daemon().name("natt-stdout").start(this::copyOutput);
        return this;
    }

    private void copyInput() {
        var chunk = new byte[CHUNK_BYTES];
        try {
            for (int length; (length = in.read(chunk)) >= 0; ) {
                if (!fromInput.put(ByteBuffer.wrap(chunk, 0, length))) {
                    return;
                }
                driver.execute(onReady);
            }
        } catch (IOException | InterruptedException ended) {
            // Standard input that can no longer be read has ended.
        }
        fromInput.finish();
        driver.execute(onReady);
    }

    private void copyOutput() {
        var chunk = ByteBuffer.allocate(CHUNK_BYTES);
        try (out) {
            while (toOutput.take(chunk.clear()) >= 0) {
                out.write(chunk.array(), 0, chunk.position());
                out.flush();
                driver.execute(onReady);
            }
        } catch (IOException | InterruptedException broken) {
            toOutput.breakOff();
        }
        outputDone = true;
        driver.execute(onReady);
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        requireOutput();
        return fromInput.poll(into);
    }

    @Override
    public void write(ByteBuffer data) throws IOException {
        requireOutput();
        toOutput.offer(data);
    }

    private void requireOutput() throws IOException {
        if (toOutput.isBroken()) {
            throw new IOException("standard output is closed");
        }
    }

    @Override
    public void finish() {
        toOutput.finish();
    }

    @Override
    public boolean flushed() throws IOException {
        requireOutput();
        return outputDone;
    }

    @Override
    public void interest(boolean reading, boolean writing) {
        // The threads report every change; a full queue stops them.
    }

    @Override
    public void close() {
        toOutput.finish();
    }

    @Override
    public void abort() {
        fromInput.breakOff();
        toOutput.finish();
    }
}
