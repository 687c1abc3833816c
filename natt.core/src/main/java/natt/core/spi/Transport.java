package natt.core.spi;

import natt.core.CloseReason;
import natt.core.ResetCode;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Carries reliable, ordered byte streams over datagrams.
public interface Transport extends Named {

    /// Makes the engine of one port.
    Endpoint open(Context context);

    /// All streams of one port, to whatever peers.
    ///
    /// After any input, the caller drains [#accept] and [#pollReady].
    interface Endpoint extends Engine {
        /// Opens a stream and tells the peer at once, so that a service that speaks first can.
        Stream dial(InetSocketAddress peer, long nowNanos);

        /// Returns the next stream that a peer has opened, or null.
        @Nullable Stream accept();

        /// Returns a stream about which something may have changed since it was last returned
        /// (there is more to read, room to write, an end, a close), or null when all have been
        /// returned.
        @Nullable Stream pollReady();

        /// Resets every stream. Poll afterwards for the datagrams that tell the peers.
        void shutdown(ResetCode code, long nowNanos);

        /// Counters since the start by name, for status and tests: `fecRecovered`,
        /// `retransmitted`...
        Map<String, Long> counters();
    }

    /// A byte stream to one peer, finished or reset independently of others.
    interface Stream {
        InetSocketAddress peer();

        /// Takes what flow control allows, advancing the buffer, and returns how much that was.
        ///
        /// @throws IllegalStateException after [#finish]
        int write(ByteBuffer data, long nowNanos);

        /// Fills the buffer with bytes received in order and returns their number: 0 when
        /// there are none yet, -1 when there will be none, because the peer has finished or
        /// the stream is closed.
        int read(ByteBuffer into, long nowNanos);

        /// Ends this side's direction: what was written is still delivered, then the peer
        /// reads an end.
        void finish(long nowNanos);

        /// Drops the stream in both directions and tells the peer why.
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

    /// What an endpoint may take from its surroundings. It has no clock and no socket.
    ///
    /// @param accepting whether peers may open streams here
    /// @param largestDatagram the largest UDP payload that may be sent, in bytes
    /// @param random unpredictable to peers
    record Context(boolean accepting, int largestDatagram, long nowNanos, RandomGenerator random) {}
}
