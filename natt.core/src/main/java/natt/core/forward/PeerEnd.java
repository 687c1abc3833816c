package natt.core.forward;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalInt;

/// A local end of a stream to a target of a named peer, which says that it has connected the
/// target before anything else: one byte, 0. What a command says follows as [CommandFrame].
public final class PeerEnd implements LocalEnd {
    /// What a peer says first when it has connected its target.
    public static final byte CONNECTED = 0;

    private final LocalEnd inner;
    private final Optional<LocalEnd> error;
    private final Runnable onReady;
    private final Runnable onConnected;
    private final ByteBuffer header = ByteBuffer.allocate(CommandFrame.HEADER);
    private boolean connected;
    private boolean peerFinished;
    private boolean localWaits;
    private boolean hungUp;
    private long bytesRead;
    private int left;
    private int type;
    private @Nullable Integer status;

    /// @param inner where the data comes from and goes to
    /// @param error where the standard error of a command goes; empty if the target is none
    /// @param onReady called when there may be something to read at once
    /// @param onConnected called when the peer says that it has connected its target
    public PeerEnd(
            LocalEnd inner, Optional<LocalEnd> error, Runnable onReady, Runnable onConnected) {
        this.inner = inner;
        this.error = error;
        this.onReady = onReady;
        this.onConnected = onConnected;
    }

    public boolean connected() {
        return connected;
    }

    /// The exit status of the command, once it has ended.
    public OptionalInt status() {
        return status == null ? OptionalInt.empty() : OptionalInt.of(status);
    }

    /// Whether the peer has finished and the local side has nothing to say now.
    public boolean isIdle() {
        return peerFinished && localWaits;
    }

    /// Bytes that have been read from the local side.
    public long bytesRead() {
        return bytesRead;
    }

    /// Reads no more, as if the local side had finished.
    public void hangUp() {
        hungUp = true;
        onReady.run();
    }

    /// Nothing more is read once the command has ended, so that the stream ends in order.
    @Override
    public int read(ByteBuffer into) throws IOException {
        if (hungUp || status != null) {
            return -1;
        }
        int length = inner.read(into);
        localWaits = length == 0;
        bytesRead += Math.max(length, 0);
        return length;
    }

    @Override
    public void write(ByteBuffer data) throws IOException {
        if (!connected && data.hasRemaining()) {
            if (data.get() != CONNECTED) {
                throw new IOException("the peer has said what is no answer");
            }
            connected = true;
            onConnected.run();
        }
        if (error.isEmpty()) {
            inner.write(data);
        } else {
            while (data.hasRemaining() && frame(data, error.get())) {
                // Goes on with the next one.
            }
        }
    }

    /// Takes what belongs to one frame; false if its receiver takes no more for now.
    private boolean frame(ByteBuffer data, LocalEnd errors) throws IOException {
        if (left == 0) {
            begin(data);
            return true;
        }
        int length = Math.min(left, data.remaining());
        ByteBuffer part = data.slice(data.position(), length);
        if (type == CommandFrame.STATUS) {
            status = Byte.toUnsignedInt(part.get());
            onReady.run();
        } else {
            (type == CommandFrame.OUTPUT ? inner : errors).write(part);
        }
        data.position(data.position() + part.position());
        left -= part.position();
        return part.position() == length;
    }

    private void begin(ByteBuffer data) throws IOException {
        while (header.hasRemaining() && data.hasRemaining()) {
            header.put(data.get());
        }
        if (header.hasRemaining()) {
            return;
        }
        header.flip();
        type = header.get();
        left = Short.toUnsignedInt(header.getShort());
        header.clear();
        boolean known = type == CommandFrame.OUTPUT || type == CommandFrame.ERROR;
        if (status != null || !known && (type != CommandFrame.STATUS || left != 1)) {
            throw new IOException("the peer has said what no command says");
        }
    }

    @Override
    public void finish() throws IOException {
        peerFinished = true;
        inner.finish();
        if (error.isPresent()) {
            error.get().finish();
        }
    }

    @Override
    public boolean flushed() throws IOException {
        return inner.flushed() && (error.isEmpty() || error.get().flushed());
    }

    @Override
    public void interest(boolean reading, boolean writing) {
        inner.interest(reading && status == null, writing);
    }

    @Override
    public void close() {
        inner.close();
        error.ifPresent(LocalEnd::close);
    }

    @Override
    public void abort() {
        inner.abort();
        error.ifPresent(LocalEnd::abort);
    }
}
