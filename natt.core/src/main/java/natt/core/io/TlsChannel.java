package natt.core.io;

import natt.core.Text;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Callable;
import java.util.concurrent.Semaphore;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;

/// TLS over a TCP connection, on the driver's thread but for the handshake: its steps run on
/// virtual threads, one at a time, to which the engine belongs meanwhile.
///
/// At rest it has no buffers of its own. It holds input only while a record is incomplete, and
/// output only while the connection does not take it.
final class TlsChannel implements Driver.Ready {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How much may wait for a peer that does not read, in bytes.
    private static final int MOST_OUTPUT = 64 << 10;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    /// Type, version and length of a record (RFC 8446, section 5.1).
    private static final int HEADER = 5;

    private static final int LENGTH_AT = 3;
    private static final int HANDSHAKE_RECORD = 22;
    private static final int MAJOR_VERSION = 3;
    private static final int LONGEST_RECORD = HEADER + (16 << 10) + 256;

    /// The most plaintext that fits in one record.
    static final int LONGEST_PLAINTEXT = 16 << 10;

    private static final int FIRST_INPUT = 2048;

    /// How often a connection may fill the input buffer before the others get a turn.
    private static final int READS_PER_TURN = 4;

    /// Bounds what waits in the kernel, where a datagram becomes old, and its memory.
    private static final int SEND_BUFFER = 256 << 10;

    /// Leaves a processor to the driver while many peers connect.
    private static final Semaphore PROCESSORS =
            new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors() - 1), true);

    /// Called on the driver's thread.
    interface Events {
        void opened(long nowNanos);

        /// @param plaintext is all used when this returns
        void received(ByteBuffer plaintext, long nowNanos);

        /// [#send] may go on.
        void writable(long nowNanos);

        /// It has ended, and not by [#close].
        void ended(long nowNanos);
    }

    private final Driver driver;
    private final SocketChannel channel;
    private final SelectionKey key;
    private final ByteBuffer plaintext;
    private final Events events;
    private final boolean client;
    private final Callable<SSLEngine> maker;

    /// Not to be touched while [#busy].
    private @Nullable SSLEngine engine;

    /// Begun records, to be written to; null while there are none.
    private @Nullable ByteBuffer input;

    /// What the connection has not taken, to be read from; null when it has taken all.
    private @Nullable ByteBuffer output;

    private boolean busy;
    private boolean open;
    private boolean closed;

    /// @param channel connected
    /// @param plaintext a buffer that every channel of the thread may use, for the longest record
    /// @param maker of the engine, its handshake begun; called on another thread
    TlsChannel(
            Driver driver,
            SocketChannel channel,
            ByteBuffer plaintext,
            boolean client,
            Callable<SSLEngine> maker,
            Events events)
            throws IOException {
        this.driver = driver;
        this.channel = channel;
        this.plaintext = plaintext;
        this.client = client;
        this.maker = maker;
        this.events = events;
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.setOption(StandardSocketOptions.SO_SNDBUF, SEND_BUFFER);
        key = driver.register(channel, SelectionKey.OP_READ, this);
        if (client) {
            handshake();
        }
    }

    @Override
    public void ready(SelectionKey ready, long nowNanos) {
        try {
            if (ready.isWritable()) {
                drain(nowNanos);
            }
            if (!closed && !busy && ready.isReadable()) {
                read(nowNanos);
            }
        } catch (IOException | RuntimeException failed) {
            end(failed.toString(), nowNanos);
        }
    }

    private void interest() {
        if (!closed) {
            key.interestOps(
                    (busy ? 0 : SelectionKey.OP_READ)
                            | (output == null ? 0 : SelectionKey.OP_WRITE));
        }
    }

    private void read(long nowNanos) throws IOException {
        if (open) {
            readData(nowNanos);
        } else {
            readHandshake(nowNanos);
        }
    }

    private void readHandshake(long nowNanos) throws IOException {
        ByteBuffer into = inputWithRoom();
        if (channel.read(into) < 0) {
            end("closed in the handshake", nowNanos);
            return;
        }
        int length = into.position();
        if (engine == null && !client && !mayBeClientHello(into)) {
            end("no TLS", nowNanos);
        } else if (length >= HEADER && recordLength(into) > LONGEST_RECORD) {
            end("too long a record", nowNanos);
        } else if (length >= HEADER && length >= recordLength(into)) {
            handshake();
        }
    }

    private ByteBuffer inputWithRoom() {
        if (input == null) {
            input = ByteBuffer.allocate(FIRST_INPUT);
        } else if (!input.hasRemaining()) {
            input = ByteBuffer.allocate(2 * input.capacity()).put(input.flip());
        }
        return input;
    }

    private static boolean mayBeClientHello(ByteBuffer begun) {
        return (begun.position() < 1 || begun.get(0) == HANDSHAKE_RECORD)
                && (begun.position() < 2 || begun.get(1) == MAJOR_VERSION);
    }

    private static int recordLength(ByteBuffer begun) {
        return HEADER + Short.toUnsignedInt(begun.getShort(LENGTH_AT));
    }

    /// Goes on with the handshake, or what follows it, on a thread of its own.
    private void handshake() {
        ByteBuffer begun = input == null ? NOTHING : input.flip();
        SSLEngine used = engine;
        input = null;
        busy = true;
        interest();
        Thread.ofVirtual().name("natt-tls").start(() -> step(used, begun));
    }

    private void step(@Nullable SSLEngine begun, ByteBuffer from) {
        PROCESSORS.acquireUninterruptibly();
        try {
            SSLEngine used = begun == null ? maker.call() : begun;
            Handshake.Step step = Handshake.step(used, from);
            driver.execute(() -> stepped(used, step));
        } catch (Exception failed) {
            driver.execute(() -> end(failed.toString(), driver.nanoTime()));
        } finally {
            PROCESSORS.release();
        }
    }

    private void stepped(SSLEngine used, Handshake.Step step) {
        long nowNanos = driver.nanoTime();
        engine = used;
        busy = false;
        if (closed) {
            return;
        }
        try {
            keep(step.rest());
            write(step.output());
            if (step.failure() != null) {
                end(step.failure(), nowNanos);
                return;
            }
            interest();
            if (step.finished()) {
                finished(nowNanos);
            }
            if (!closed && !busy) {
                read(nowNanos);
            }
        } catch (IOException | RuntimeException failed) {
            end(failed.toString(), nowNanos);
        }
    }

    private void finished(long nowNanos) {
        if (open) {
            events.writable(nowNanos);
        } else {
            open = true;
            events.opened(nowNanos);
        }
    }

    private void keep(ByteBuffer rest) {
        if (rest.hasRemaining()) {
            int room = Math.max(FIRST_INPUT, rest.remaining());
            input = ByteBuffer.allocate(room).put(rest);
        }
    }

    private void readData(long nowNanos) throws IOException {
        for (int i = 0; i < READS_PER_TURN && !closed && !busy; i++) {
            ByteBuffer ciphertext = driver.scratchBuffer();
            if (input != null) {
                ciphertext.put(input.flip());
                input = null;
            }
            int length = channel.read(ciphertext);
            decrypt(ciphertext.flip(), nowNanos);
            if (length < 0 && !closed) {
                end("closed by the peer", nowNanos);
            }
            if (length <= 0) {
                return;
            }
        }
    }

    /// Uses whole records and keeps what is left.
    private void decrypt(ByteBuffer ciphertext, long nowNanos) throws SSLException {
        SSLEngine used = engine();
        while (true) {
            plaintext.clear();
            SSLEngineResult result = used.unwrap(ciphertext, plaintext);
            if (result.getStatus() == Status.CLOSED) {
                end("closed by the peer", nowNanos);
                return;
            }
            if (result.getStatus() == Status.BUFFER_OVERFLOW) {
                throw new AssertionError("the buffer holds the longest record");
            }
            plaintext.flip();
            if (plaintext.hasRemaining()) {
                events.received(plaintext, nowNanos);
            }
            if (closed) {
                return;
            }
            boolean more = result.getStatus() == Status.OK && ciphertext.hasRemaining();
            boolean shaking = isShaking(used);
            if (!more || shaking) {
                keep(ciphertext);
                if (shaking) {
                    handshake();
                }
                return;
            }
        }
    }

    private SSLEngine engine() {
        if (engine == null || busy) {
            throw new AssertionError("an open channel has its engine");
        }
        return engine;
    }

    /// Keys are renewed within TLS after very many records.
    private static boolean isShaking(SSLEngine used) {
        return used.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING;
    }

    /// Whether [#send] takes anything now.
    boolean isWritable() {
        return open && !busy && !closed && output == null;
    }

    /// Sends one record, when [#isWritable].
    ///
    /// @param data at most [#LONGEST_PLAINTEXT] bytes; all are used
    /// @return whether the connection is as it was; else it has ended, as [Events] have been told
    boolean send(ByteBuffer data, long nowNanos) {
        try {
            SSLEngine used = engine();
            ByteBuffer ciphertext = driver.scratchBuffer();
            SSLEngineResult result = used.wrap(data, ciphertext);
            if (result.getStatus() != Status.OK) {
                end("sending: " + result.getStatus(), nowNanos);
                return false;
            }
            write(ciphertext.flip());
            if (isShaking(used)) {
                handshake();
            }
            return true;
        } catch (IOException | RuntimeException failed) {
            end(failed.toString(), nowNanos);
            return false;
        }
    }

    private void write(ByteBuffer ciphertext) throws IOException {
        if (output == null) {
            channel.write(ciphertext);
        }
        if (ciphertext.hasRemaining()) {
            ByteBuffer before = output == null ? NOTHING : output;
            if (before.remaining() + ciphertext.remaining() > MOST_OUTPUT) {
                // Data waits above; this is what TLS itself answers to a peer that does not read.
                throw new IOException("the peer does not read");
            }
            output =
                    ByteBuffer.allocate(before.remaining() + ciphertext.remaining())
                            .put(before)
                            .put(ciphertext)
                            .flip();
            interest();
        }
    }

    private void drain(long nowNanos) throws IOException {
        if (output != null) {
            channel.write(output);
            if (output.hasRemaining()) {
                return;
            }
            output = null;
            interest();
        }
        if (isWritable()) {
            events.writable(nowNanos);
        }
    }

    private void end(String why, long nowNanos) {
        if (!closed) {
            LOG.log(Level.DEBUG, "a TLS connection has ended: {0}", Text.escape(why));
            closed = true;
            release();
            events.ended(nowNanos);
        }
    }

    private void release() {
        Driver.closeQuietly(channel);
        input = null;
        output = null;
    }

    /// Says goodbye, as far as the connection takes it, and ends it.
    void close() {
        if (closed) {
            return;
        }
        try {
            if (isWritable()) {
                SSLEngine used = engine();
                used.closeOutbound();
                ByteBuffer ciphertext = driver.scratchBuffer();
                used.wrap(NOTHING, ciphertext);
                channel.write(ciphertext.flip());
            }
        } catch (IOException failed) {
            LOG.log(Level.DEBUG, "closing TLS failed: {0}", Text.escape(failed.toString()));
        }
        closed = true;
        release();
    }
}
