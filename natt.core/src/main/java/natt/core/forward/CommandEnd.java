package natt.core.forward;

import natt.core.io.Driver;

import org.jspecify.annotations.Nullable;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// A program of this machine, which is given standard input and says standard output, standard
/// error and its exit status, as [CommandFrame] writes them. It is run without a shell, and dies
/// with its connection: it and whatever it has started.
///
/// A thread for each of its three streams, since reading a pipe cannot be waited for otherwise,
/// and bounded queues.
public final class CommandEnd implements LocalEnd {
    private static final int QUEUE_BYTES = 1 << 18;
    private static final int CHUNK_BYTES = 32_768;

    /// How long programs that it has left behind may keep its output open.
    private static final Duration LAST_OUTPUT = Duration.ofSeconds(1);

    /// Marks the processes that belong to one connection, so that none is missed.
    private static final String MARK = "NATT_CONNECTION";

    private final Driver driver;
    private final Process process;
    private final ProcessTree tree;
    private final Runnable onReady;
    private final Object outputOrder = new Object();
    private final ByteQueue toCommand = new ByteQueue(QUEUE_BYTES);
    private final ByteQueue fromCommand = new ByteQueue(QUEUE_BYTES);
    private final byte[] greeting;
    private boolean greeted;
    private volatile boolean inputDone;

    private CommandEnd(
            Driver driver, Process process, ProcessTree tree, byte[] greeting, Runnable onReady) {
        this.driver = driver;
        this.process = process;
        this.tree = tree;
        this.greeting = greeting;
        this.onReady = onReady;
    }

    /// Starts a program. Takes a millisecond or so.
    ///
    /// @param environment all that it finds in its environment, but for a mark
    /// @param greeting is read before all that the program says
    /// @param onReady called on the driver's thread when reading or writing may go on
    /// @throws IOException if it cannot be started
    public static CommandEnd start(
            Driver driver,
            List<String> words,
            Map<String, String> environment,
            byte[] greeting,
            Runnable onReady)
            throws IOException {
        String mark = UUID.randomUUID().toString();
        var builder = new ProcessBuilder(words);
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.environment().put(MARK, mark);
        String home = environment.get("HOME");
        if (home != null && new File(home).isDirectory()) {
            builder.directory(new File(home));
        }
        Process process = builder.start();
        var tree = new ProcessTree(process.toHandle(), MARK + "=" + mark);
        var end = new CommandEnd(driver, process, tree, greeting, onReady);
        end.run();
        return end;
    }

    private void run() {
        var output = new Copy(process.getInputStream(), CommandFrame.OUTPUT);
        var error = new Copy(process.getErrorStream(), CommandFrame.ERROR);
        Thread.Builder threads = Thread.ofPlatform().daemon().name("natt-command");
        output.thread = threads.start(output);
        error.thread = threads.start(error);
        threads.start(this::copyInput);
        threads.start(() -> await(output, error));
    }

    /// Carries one of the streams that the program writes.
    private final class Copy implements Runnable {
        private final InputStream from;
        private final int type;
        private @Nullable Thread thread;
        private volatile long pieces;
        private volatile boolean queueing;

        Copy(InputStream from, int type) {
            this.from = from;
            this.type = type;
        }

        @Override
        public void run() {
            var chunk = new byte[CHUNK_BYTES];
            try (from) {
                for (int length; (length = from.read(chunk)) >= 0; ) {
                    queueing = true;
                    if (!say(CommandFrame.of(type, chunk, length))) {
                        return;
                    }
                    pieces++;
                    queueing = false;
                }
            } catch (IOException | InterruptedException ended) {
                // The program has closed it, or is gone.
            }
        }

        /// Waits for the end of the stream; not longer than a second for somebody who keeps it
        /// open and says nothing.
        void drain() throws InterruptedException {
            long before;
            do {
                before = pieces;
            } while (thread != null && !thread.join(LAST_OUTPUT) && (queueing || pieces != before));
        }
    }

    /// Queues one frame whole, whoever else says one.
    private boolean say(ByteBuffer frame) throws InterruptedException {
        synchronized (outputOrder) {
            boolean taken = fromCommand.put(frame);
            driver.execute(onReady);
            return taken;
        }
    }

    private void copyInput() {
        var chunk = ByteBuffer.allocate(CHUNK_BYTES);
        try (OutputStream input = process.getOutputStream()) {
            while (toCommand.take(chunk.clear()) >= 0) {
                input.write(chunk.array(), 0, chunk.position());
                input.flush();
                driver.execute(onReady);
            }
        } catch (IOException | InterruptedException closed) {
            // A program need not read all that it is given.
        }
        inputDone = true;
        toCommand.breakOff();
        driver.execute(onReady);
    }

    private void await(Copy output, Copy error) {
        try {
            int status = process.waitFor();
            toCommand.breakOff();
            output.drain();
            error.drain();
            tree.kill();
            output.drain();
            error.drain();
            if (say(CommandFrame.status(status))) {
                fromCommand.finish();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        driver.execute(onReady);
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        if (!greeted) {
            greeted = true;
            into.put(greeting);
            return greeting.length;
        }
        return fromCommand.poll(into);
    }

    @Override
    public void write(ByteBuffer data) {
        if (toCommand.isBroken()) {
            // It reads no more; what it has to say still counts.
            data.position(data.limit());
        } else {
            toCommand.offer(data);
        }
    }

    @Override
    public void finish() {
        toCommand.finish();
    }

    @Override
    public boolean flushed() {
        return inputDone;
    }

    @Override
    public void interest(boolean reading, boolean writing) {
        // The threads report every change; a full queue stops them.
    }

    @Override
    public void close() {
        toCommand.finish();
        Thread.ofVirtual().start(tree::end);
    }

    @Override
    public void abort() {
        fromCommand.breakOff();
        toCommand.breakOff();
        Thread.ofVirtual().start(tree::end);
    }

    /// Kills the program and what it has started, at once.
    public void kill() {
        fromCommand.breakOff();
        toCommand.breakOff();
        tree.kill();
    }
}
