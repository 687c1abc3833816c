package natt.core.forward;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.io.Driver;
import natt.core.spi.Transport.Stream;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/// Moves bytes between one stream and one local end, each direction with its own end, until both
/// have finished or one broke off.
///
/// When the local side breaks off, what it said before is still delivered; when the stream does,
/// what arrived before still goes to the local side. Neither is waited for without limit.
///
/// Bytes that the slower side does not take wait here, and while they do, the faster side is not
/// read: so each direction buffers at most one scratch buffer beyond the stream's own window.
public final class Splice {
    /// How often a turn goes on with one direction before others get theirs.
    private static final int CHUNKS_PER_TURN = 8;

    private static final int MOST_EARLY_BYTES = 65_536;

    /// How long the rest may take to leave once one side has broken off.
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final Driver driver;
    private final LocalEnd local;
    private final Consumer<CloseReason> onEnd;
    private final long bornAt;
    private Stream stream;
    private ByteBuffer toStream = NOTHING;
    private ByteBuffer toLocal = NOTHING;
    private @Nullable ByteArrayOutputStream early;
    private boolean localFinished;
    private boolean localGone;
    private boolean localBroken;
    private boolean streamFinished;
    private boolean readingPaused;
    private boolean overdue;
    private boolean timed;
    private @Nullable CloseReason leaving;
    private boolean ended;
    private long bytesOut;
    private long bytesIn;

    /// @param redirectable whether to keep what is written before the peer's first answer, so that
    ///     [#redirect] can send it to another address
    /// @param onEnd called once, when the splice has ended
    public Splice(
            Driver driver,
            Stream stream,
            LocalEnd local,
            boolean redirectable,
            Consumer<CloseReason> onEnd) {
        this.driver = driver;
        this.stream = stream;
        this.local = local;
        this.onEnd = onEnd;
        bornAt = driver.nanoTime();
        early = redirectable ? new ByteArrayOutputStream() : null;
    }

    public Stream stream() {
        return stream;
    }

    /// Bytes that the stream has taken from the local end.
    public long bytesOut() {
        return bytesOut;
    }

    /// Bytes that the local end has been given from the stream.
    public long bytesIn() {
        return bytesIn;
    }

    /// How long the two have been joined.
    public Duration age(long nowNanos) {
        return Duration.ofNanos(nowNanos - bornAt);
    }

    public boolean ended() {
        return ended;
    }

    /// Goes on with another stream in place of one whose peer has never answered.
    public void redirect(Stream other, long nowNanos) {
        if (early == null || stream.answered()) {
            throw new IllegalStateException("a stream that has been answered cannot be redirected");
        }
        stream.reset(ResetCode.UNSPECIFIED, nowNanos);
        stream = other;
        var all = ByteBuffer.allocate(early.size() + toStream.remaining());
        all.put(early.toByteArray()).put(toStream).flip();
        bytesOut -= early.size();
        early.reset();
        toStream = all;
        if (localFinished && !toStream.hasRemaining()) {
            stream.finish(nowNanos);
        }
        pump(nowNanos);
    }

    /// Moves what can be moved now. Called whenever either side may have changed.
    ///
    /// @return whether there may be more to move at once
    public boolean pump(long nowNanos) {
        try {
            return !ended && move(nowNanos);
        } catch (RuntimeException | AssertionError fault) {
            driver.report(fault);
            abort(ResetCode.UNSPECIFIED, nowNanos);
            return false;
        }
    }

    private boolean move(long nowNanos) {
        if (leaving != null) {
            awaitFlush(leaving);
            return false;
        }
        boolean more = pumpOut(nowNanos);
        more |= pumpIn(nowNanos);
        Optional<CloseReason> closed = stream.closed();
        if (closed.isPresent()) {
            if (localBroken) {
                abort(ResetCode.TARGET_RESET, nowNanos);
                return false;
            }
            if (overdue || (streamFinished && !toLocal.hasRemaining())) {
                if (!streamFinished) {
                    // Nobody will read the rest; until a reset, the transport keeps it.
                    stream.reset(ResetCode.UNSPECIFIED, nowNanos);
                }
                closeLocal(closed.get());
                return false;
            }
            if (!orderly(closed.get())) {
                limit();
            }
        } else if (localBroken) {
            boolean said = localGone && !toStream.hasRemaining() && stream.delivered();
            if (said || overdue) {
                abort(ResetCode.TARGET_RESET, nowNanos);
                return false;
            }
            limit();
        }
        local.interest(!localGone && !readingPaused, toLocal.hasRemaining());
        return more;
    }

    /// Waits no longer than [#LAST_WORDS] from now on.
    private void limit() {
        if (!timed) {
            timed = true;
            driver.schedule(
                    LAST_WORDS,
                    () -> {
                        overdue = true;
                        pump(driver.nanoTime());
                    });
        }
    }

    private boolean pumpOut(long nowNanos) {
        if (early != null && stream.answered()) {
            early = null;
        }
        for (int i = 0; i < CHUNKS_PER_TURN; i++) {
            if (stream.closed().isPresent()) {
                toStream = NOTHING;
                readingPaused = true;
                return false;
            }
            if (toStream.hasRemaining()) {
                write(toStream, nowNanos);
                if (!toStream.hasRemaining() && localFinished) {
                    stream.finish(nowNanos);
                }
            }
            readingPaused =
                    toStream.hasRemaining() || (early != null && early.size() >= MOST_EARLY_BYTES);
            if (readingPaused || localGone) {
                return false;
            }
            int room = stream.room();
            readingPaused = room <= 0;
            if (readingPaused) {
                return false;
            }
            ByteBuffer chunk = driver.scratchBuffer();
            chunk.limit(Math.min(chunk.capacity(), room));
            int length = readLocal(chunk);
            if (length < 0) {
                localFinished = true;
                localGone = true;
                stream.finish(nowNanos);
            }
            if (length <= 0) {
                return false;
            }
            write(chunk.flip(), nowNanos);
            if (chunk.hasRemaining()) {
                toStream = keep(chunk, toStream);
            }
        }
        return true;
    }

    private int readLocal(ByteBuffer chunk) {
        try {
            return local.read(chunk);
        } catch (IOException broken) {
            localGone = true;
            localBroken = true;
            return 0;
        }
    }

    private void write(ByteBuffer data, long nowNanos) {
        int from = data.position();
        int length = stream.write(data, nowNanos);
        bytesOut += length;
        if (early != null && length > 0) {
            var copy = new byte[length];
            data.get(from, copy);
            early.writeBytes(copy);
        }
    }

    private boolean pumpIn(long nowNanos) {
        for (int i = 0; i < CHUNKS_PER_TURN; i++) {
            writeLocal(toLocal);
            if (toLocal.hasRemaining() || streamFinished) {
                return false;
            }
            ByteBuffer chunk = driver.scratchBuffer();
            int length = stream.read(chunk, nowNanos);
            if (length < 0) {
                streamFinished = true;
                if (stream.closed().map(Splice::orderly).orElse(true)) {
                    finishLocal();
                }
            }
            if (length <= 0) {
                return false;
            }
            bytesIn += length;
            writeLocal(chunk.flip());
            if (chunk.hasRemaining()) {
                toLocal = keep(chunk, toLocal);
            }
        }
        return true;
    }

    /// Writes what the local end takes; all of it, into the void, once that is broken.
    private void writeLocal(ByteBuffer data) {
        try {
            if (!localBroken && data.hasRemaining()) {
                local.write(data);
            }
        } catch (IOException broken) {
            localBroken = true;
        }
        if (localBroken) {
            data.position(data.limit());
        }
    }

    private void finishLocal() {
        try {
            if (!localBroken) {
                local.finish();
            }
        } catch (IOException broken) {
            localBroken = true;
        }
    }

    /// Copies the rest into the buffer that held the last one, if that is large enough.
    private static ByteBuffer keep(ByteBuffer rest, ByteBuffer empty) {
        boolean fits = rest.remaining() <= empty.capacity();
        return (fits ? empty.clear() : ByteBuffer.allocate(rest.remaining())).put(rest).flip();
    }

    private static boolean orderly(CloseReason reason) {
        return reason instanceof CloseReason.Finished;
    }

    /// Begins to close the local end, which may still have to hand over what it was given.
    private void closeLocal(CloseReason reason) {
        leaving = reason;
        if (orderly(reason)) {
            local.close();
        } else {
            local.abort();
            limit();
        }
        awaitFlush(reason);
    }

    private void awaitFlush(CloseReason reason) {
        try {
            if (overdue || local.flushed()) {
                end(reason);
            }
        } catch (IOException broken) {
            local.abort();
            end(orderly(reason) ? new CloseReason.Local() : reason);
        }
    }

    private void end(CloseReason reason) {
        ended = true;
        onEnd.accept(reason);
    }

    /// Breaks off from this side. Where the stream had failed before, that is the reason: a program
    /// that reads the end of what it was given hangs up, too.
    public void abort(ResetCode code, long nowNanos) {
        if (!ended) {
            Optional<CloseReason> failed = stream.closed().filter(reason -> !orderly(reason));
            stream.reset(code, nowNanos);
            local.abort();
            end(failed.orElseGet(CloseReason.Local::new));
        }
    }
}
