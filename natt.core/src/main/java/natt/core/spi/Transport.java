package natt.core.spi;

import natt.core.CloseReason;
import natt.core.ResetCode;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Carries reliable, ordered byte streams over the datagrams of one session.
public interface Transport extends Named {

    /// The bit by which two nodes tell each other in the handshake that they have this transport:
    /// one bit of an `int`. 1 is KCP, 2 is QUIC.
    int capability();

    /// This transport in one of several ways to send, which the peer need not know.
    ///
    /// @throws IllegalArgumentException with one line for the user, if there is none of this name
    default Transport inMode(String name) {
        throw new IllegalArgumentException("the transport %s has no modes".formatted(id()));
    }

    /// Makes one side of the streams of one session.
    Multiplexer open(Context context);

    /// Where streams come from.
    interface Streams<S extends Stream> {
        /// Returns the next stream that the peer has opened, or null.
        @Nullable S accept();

        /// Returns a stream about which something may have changed since it was last returned
        /// (there is more to read, room to write, an end, a close), or null when all have been
        /// returned.
        @Nullable S pollReady();
    }

    /// All streams of one session: an engine whose datagrams are those of the session. These have
    /// come from the peer unchanged and at most once, but may be lost, late or out of order; and
    /// the peer may be hostile: nothing here throws because of what a datagram holds.
    ///
    /// The order of calls is that of [Engine]. It is told when the path below it changes; while
    /// there is none, its time stands still.
    interface Multiplexer extends Streams<Stream> {
        /// Opens a stream to a service of the peer and tells the peer at once, so that a service
        /// that speaks first can. When there are as many streams already as may be, or after
        /// [#close], the stream that is returned is closed.
        ///
        /// @param service 1 to 1024 bytes of UTF-8
        /// @throws IllegalArgumentException if the name is shorter or longer
        Stream dial(String service, long nowNanos);

        /// Takes a datagram of the session, between position and limit.
        void handleDatagram(ByteBuffer datagram, long nowNanos);

        /// Writes the next datagram at the buffer's position, advancing it past the datagram.
        ///
        /// @param into has room for the largest datagram of the context
        /// @param limit how long the datagram should be at most, in bytes. What was cut for a
        ///     larger limit and must be sent again is written alone and may be longer; the session
        ///     sends it in parts
        /// @return whether there was one
        boolean pollDatagram(ByteBuffer into, int limit, long nowNanos);

        /// Does what is due, as [Engine#handleTimeout].
        void handleTimeout(long nowNanos);

        /// As [Engine#nanosUntilTimeout]; [Engine#NEVER] while paused.
        long nanosUntilTimeout(long nowNanos);

        /// Tells how long datagrams should be from now on, at most, in bytes. What has been
        /// written before may still make longer ones, up to the largest of the context.
        void useDatagrams(int length, long nowNanos);

        /// There is no path now: time stands still until [#resume], nothing is sent and nothing
        /// times out. Datagrams may still arrive, streams be opened, written, read and ended; what
        /// they have to say waits. Does nothing when paused.
        void pause(long nowNanos);

        /// There is a path again. What was in flight counts as unknown; sequence numbers, buffers
        /// and windows stay; timeouts, pacing and the model of the path begin anew. Does nothing
        /// unless paused.
        void resume(long nowNanos);

        /// The path has changed without a gap: the model of the path begins anew.
        void pathChanged(long nowNanos);

        /// A round trip of the path, measured by the session.
        void roundTripMeasured(long nanos, long nowNanos);

        /// Whether there is data that the peer has not acknowledged.
        boolean hasOutstanding();

        /// The number of streams that are open, those included whose name has not arrived.
        int openStreams();

        /// Ends every stream with a reason, without a word to the peer if there is no path. What
        /// has arrived can still be read. Poll afterwards for the datagrams that tell the peer;
        /// nothing is repeated, so the session should tell it as well.
        void close(CloseReason reason, long nowNanos);

        Estimate estimate();

        /// The round trip of the [#estimate], 0 before the first measurement; asked for every
        /// datagram.
        default long roundTripNanos() {
            return estimate().roundTrip().toNanos();
        }

        /// Counters since the start by name, for status and tests: `retransmitted`...
        Map<String, Long> counters();
    }

    /// What is known of the path.
    ///
    /// @param roundTrip smoothed; zero before the first measurement
    /// @param bytesPerSecond the rate at which data can be delivered, 0 if unknown
    /// @param lost the part of the datagrams sent that was lost, 0 to 1
    record Estimate(Duration roundTrip, double bytesPerSecond, double lost) {}

    /// A byte stream, finished or reset independently of others.
    interface Stream {
        /// The service that was asked for when the stream was opened; empty on a wire that has no
        /// names.
        String service();

        /// Takes what flow control allows, advancing the buffer, and returns how much that was.
        ///
        /// @throws IllegalStateException after [#finish]
        int write(ByteBuffer data, long nowNanos);

        /// For how many bytes it is worth while to fetch them for [#write] now. 0 while that
        /// would take only few, although it might take some: when there is room for more, the
        /// stream is ready. Asked by those who probably have more.
        default int room() {
            return Integer.MAX_VALUE;
        }

        /// Fills the buffer with bytes received in order and returns their number: 0 when
        /// there are none yet, -1 when there will be none, because the peer has finished or
        /// the stream is closed.
        int read(ByteBuffer into, long nowNanos);

        /// Ends this side's direction: what was written is still delivered, then the peer
        /// reads an end.
        void finish(long nowNanos);

        /// Drops the stream in both directions, with what could still be read, and tells the peer
        /// why. One that is closed has only that to drop: its owner reads it to the end or calls
        /// this, else it counts as memory in use.
        void reset(ResetCode code, long nowNanos);

        /// Whether the peer has acknowledged everything that was written.
        boolean delivered();

        /// Why the stream has ended, empty while it lives. Bytes that arrived before a close
        /// can still be read.
        Optional<CloseReason> closed();

        /// Whether the peer has acknowledged or answered anything on this stream.
        boolean answered();

        /// The smoothed round-trip time, zero before the first measurement.
        Duration roundTripTime();
    }

    /// What a multiplexer may take from its surroundings. It has no clock and no socket.
    ///
    /// @param initiator whether this side began the session; decides which side numbers its
    ///     streams even
    /// @param mostStreams how many streams may be open, of both sides together; more are reset as
    ///     busy
    /// @param largestDatagram the largest datagram that may ever be sent or arrive, in bytes
    /// @param firstDatagram how long datagrams should be at first, in bytes
    /// @param random unpredictable to peers
    record Context(
            boolean initiator,
            int mostStreams,
            int largestDatagram,
            int firstDatagram,
            long nowNanos,
            RandomGenerator random) {}
}
