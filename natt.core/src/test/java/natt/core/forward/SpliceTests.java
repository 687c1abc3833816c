package natt.core.forward;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.io.Driver;
import natt.core.spi.Transport.Stream;
import natt.core.time.Ticker;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

class SpliceTests {
    private final FakeStream stream = new FakeStream();
    private final FakeEnd local = new FakeEnd();
    private final List<CloseReason> ends = new ArrayList<>();
    private Driver driver;
    private Splice splice;

    @BeforeEach
    void open() throws IOException {
        driver = new Driver(Ticker.system(), "unused");
        splice = new Splice(driver, stream, local, false, ends::add);
    }

    @AfterEach
    void discard() {
        driver.discard();
    }

    @Test
    void bytesThatOneSideDoesNotTakeWaitAndTheOtherSideIsNotRead() {
        stream.window = 10;
        local.incoming.add(new byte[25]);
        splice.pump(0);
        assertEquals(10, stream.written.size());
        assertFalse(local.reading);
        local.incoming.add(new byte[5]);
        stream.window = 10;
        splice.pump(0);
        assertEquals(20, stream.written.size());
        assertEquals(1, local.incoming.size());
        stream.window = 100;
        splice.pump(0);
        assertEquals(30, stream.written.size());
        assertTrue(local.reading);
    }

    @Test
    void noMoreIsReadThanTheStreamHasRoomForAndNothingWhileThatIsLittle() {
        stream.room = 10;
        local.incoming.add(new byte[25]);
        splice.pump(0);
        assertEquals(10, stream.written.size());
        assertEquals(15, local.incoming.getFirst().length);
        assertFalse(local.reading);
        stream.room = 100;
        splice.pump(0);
        assertEquals(25, stream.written.size());
        assertTrue(local.reading);
    }

    @Test
    void whatTheLocalProgramDoesNotTakeIsKeptInOrder() {
        local.room = 4;
        stream.incoming.add(new byte[] {1, 2, 3, 4, 5, 6});
        stream.incoming.add(new byte[] {7});
        splice.pump(0);
        assertEquals(4, local.written.size());
        assertTrue(local.writing);
        local.room = 100;
        splice.pump(0);
        assertArrayEquals(new byte[] {1, 2, 3, 4, 5, 6, 7}, local.written.toByteArray());
        assertFalse(local.writing);
    }

    @Test
    void whatIsLongerThanABufferPassesInParts() {
        stream.incoming.add(new byte[100_000]);
        local.incoming.add(new byte[100_000]);
        while (splice.pump(0)) {
            assertTrue(ends.isEmpty());
        }
        assertEquals(100_000, local.written.size());
        assertEquals(100_000, stream.written.size());
    }

    @Test
    void anEndOfOneDirectionLeavesTheOtherOpen() {
        local.ended = true;
        splice.pump(0);
        assertTrue(stream.finished);
        stream.incoming.add(new byte[3]);
        splice.pump(0);
        assertEquals(3, local.written.size());
        assertTrue(ends.isEmpty());
        stream.peerFinished = true;
        splice.pump(0);
        assertTrue(local.finished);
        stream.closed = Optional.of(new CloseReason.Finished());
        splice.pump(0);
        assertEquals(List.of(new CloseReason.Finished()), ends);
        assertTrue(local.closed);
        assertFalse(local.aborted);
    }

    @Test
    void theEndOfTheLocalSideWaitsForWhatTheWindowHeldBack() {
        stream.window = 10;
        local.incoming.add(new byte[25]);
        splice.pump(0);
        local.ended = true;
        splice.pump(0);
        assertFalse(stream.finished);
        stream.window = 100;
        splice.pump(0);
        assertEquals(25, stream.written.size());
        assertTrue(stream.finished);
    }

    @Test
    void whatArrivedBeforeABreakIsStillDelivered() {
        stream.incoming.add(new byte[7]);
        stream.closed = Optional.of(new CloseReason.PeerSilent(Duration.ofSeconds(40)));
        stream.peerFinished = true;
        splice.pump(0);
        assertEquals(7, local.written.size());
        assertTrue(local.aborted);
        assertFalse(local.finished);
        assertEquals(1, ends.size());
    }

    @Test
    void aBrokenLocalSideResetsTheStream() {
        local.broken = true;
        splice.pump(0);
        assertEquals(Optional.of(ResetCode.TARGET_RESET), stream.resetBy);
        assertEquals(List.of(new CloseReason.Local()), ends);
    }

    @Test
    void whatABrokenLocalSideHasSaidIsDeliveredBeforeTheReset() {
        stream.window = 10;
        stream.delivered = false;
        local.incoming.add(new byte[25]);
        splice.pump(0);
        local.broken = true;
        splice.pump(0);
        assertTrue(stream.resetBy.isEmpty());
        stream.window = 100;
        splice.pump(0);
        assertEquals(25, stream.written.size());
        assertTrue(stream.resetBy.isEmpty());
        assertTrue(ends.isEmpty());
        stream.delivered = true;
        splice.pump(0);
        assertEquals(Optional.of(ResetCode.TARGET_RESET), stream.resetBy);
        assertEquals(List.of(new CloseReason.Local()), ends);
    }

    @Test
    void aLocalSideThatTakesNothingMoreIsStillReadToItsEnd() {
        local.writeBroken = true;
        stream.incoming.add(new byte[3]);
        splice.pump(0);
        assertTrue(ends.isEmpty());
        local.incoming.add(new byte[] {7});
        local.ended = true;
        stream.delivered = false;
        stream.incoming.add(new byte[3]);
        splice.pump(0);
        assertArrayEquals(new byte[] {7}, stream.written.toByteArray());
        assertTrue(stream.finished);
        assertTrue(stream.incoming.isEmpty());
        stream.delivered = true;
        splice.pump(0);
        assertEquals(List.of(new CloseReason.Local()), ends);
        assertTrue(local.aborted);
    }

    @Test
    @Timeout(30)
    void aLocalSideThatNeverReadsDoesNotOutliveABrokenStreamForLong() throws Exception {
        var ended = new CompletableFuture<CloseReason>();
        splice = new Splice(driver, stream, local, false, ended::complete);
        local.room = 0;
        stream.incoming.add(new byte[3]);
        stream.incoming.add(new byte[3]);
        CloseReason silent = new CloseReason.PeerSilent(Duration.ofSeconds(40));
        stream.closed = Optional.of(silent);
        stream.peerFinished = true;
        driver.start();
        driver.execute(() -> splice.pump(0));
        assertEquals(silent, ended.get());
        assertTrue(local.aborted);
        // What was left unread is given back.
        assertTrue(stream.resetBy.isPresent());
    }

    @Test
    void whatArrivedBeforeABreakIsHandedOverBeforeTheEnd() {
        local.flushed = false;
        stream.closed = Optional.of(new CloseReason.PeerSilent(Duration.ofSeconds(40)));
        stream.peerFinished = true;
        splice.pump(0);
        assertTrue(local.aborted);
        assertTrue(ends.isEmpty());
        local.flushed = true;
        splice.pump(0);
        assertEquals(1, ends.size());
    }

    @Test
    void aFaultEndsOnlyTheSpliceThatHasIt() {
        stream.faulty = true;
        splice.pump(0);
        assertEquals(List.of(new CloseReason.Local()), ends);
        assertEquals(Optional.of(ResetCode.UNSPECIFIED), stream.resetBy);
        assertTrue(local.aborted);
    }

    @Test
    void bytesOfAReplacedStreamAreCountedOnce() {
        splice = new Splice(driver, stream, local, true, ends::add);
        local.incoming.add(new byte[12]);
        splice.pump(0);
        splice.redirect(new FakeStream(), 0);
        assertEquals(12, splice.bytesOut());
    }

    @Test
    void anUnansweredStreamCanBeReplacedWithoutLosingAByte() {
        splice = new Splice(driver, stream, local, true, ends::add);
        stream.window = 10;
        local.incoming.add(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
        splice.pump(0);
        local.ended = true;
        splice.pump(0);
        var other = new FakeStream();
        splice.redirect(other, 0);
        assertArrayEquals(
                new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, other.written.toByteArray());
        assertTrue(other.finished);
        assertTrue(stream.resetBy.isPresent());
        other.answered = true;
        assertThrows(IllegalStateException.class, () -> splice.redirect(new FakeStream(), 0));
    }

    /// Moves what fits of the first chunk; the rest of it stays the first.
    private static int take(List<byte[]> chunks, ByteBuffer into) {
        byte[] next = chunks.removeFirst();
        int length = Math.min(next.length, into.remaining());
        into.put(next, 0, length);
        if (length < next.length) {
            chunks.addFirst(Arrays.copyOfRange(next, length, next.length));
        }
        return length;
    }

    private static final class FakeStream implements Stream {
        final ByteArrayOutputStream written = new ByteArrayOutputStream();
        final List<byte[]> incoming = new ArrayList<>();
        int window = 1_000_000;
        int room = 1_000_000;
        boolean finished;
        boolean peerFinished;
        boolean answered;
        boolean faulty;
        boolean delivered = true;
        Optional<CloseReason> closed = Optional.empty();
        Optional<ResetCode> resetBy = Optional.empty();

        @Override
        public String service() {
            return "";
        }

        @Override
        public int write(ByteBuffer data, long nowNanos) {
            int length = Math.min(window, data.remaining());
            var taken = new byte[length];
            data.get(taken);
            written.writeBytes(taken);
            window -= length;
            room -= length;
            return length;
        }

        @Override
        public int room() {
            return room;
        }

        @Override
        public int read(ByteBuffer into, long nowNanos) {
            if (faulty) {
                throw new IllegalStateException("a fault of the transport");
            }
            if (incoming.isEmpty()) {
                return peerFinished ? -1 : 0;
            }
            return take(incoming, into);
        }

        @Override
        public void finish(long nowNanos) {
            finished = true;
        }

        @Override
        public void reset(ResetCode code, long nowNanos) {
            resetBy = Optional.of(code);
        }

        @Override
        public boolean delivered() {
            return delivered;
        }

        @Override
        public Optional<CloseReason> closed() {
            return closed;
        }

        @Override
        public boolean answered() {
            return answered;
        }

        @Override
        public Duration roundTripTime() {
            return Duration.ZERO;
        }
    }

    private static final class FakeEnd implements LocalEnd {
        final ByteArrayOutputStream written = new ByteArrayOutputStream();
        final List<byte[]> incoming = new ArrayList<>();
        int room = 1_000_000;
        boolean ended;
        boolean broken;
        boolean writeBroken;
        boolean flushed = true;
        boolean finished;
        boolean closed;
        boolean aborted;
        boolean reading;
        boolean writing;

        @Override
        public int read(ByteBuffer into) throws IOException {
            if (broken) {
                throw new IOException("connection reset");
            }
            if (incoming.isEmpty()) {
                return ended ? -1 : 0;
            }
            return take(incoming, into);
        }

        @Override
        public void write(ByteBuffer data) throws IOException {
            if (writeBroken) {
                throw new IOException("broken pipe");
            }
            int length = Math.min(room, data.remaining());
            var taken = new byte[length];
            data.get(taken);
            written.writeBytes(taken);
            room -= length;
        }

        @Override
        public void finish() {
            finished = true;
        }

        @Override
        public boolean flushed() {
            return flushed;
        }

        @Override
        public void interest(boolean wantsReading, boolean wantsWriting) {
            reading = wantsReading;
            writing = wantsWriting;
        }

        @Override
        public void close() {
            closed = true;
        }

        @Override
        public void abort() {
            aborted = true;
        }
    }
}
