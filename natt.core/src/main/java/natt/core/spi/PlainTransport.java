package natt.core.spi;

import natt.core.ResetCode;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.random.RandomGenerator;

/// Carries reliable, ordered byte streams over a port's datagrams as they are, without a session:
/// the wire of a program that has none. What is on it is neither encrypted nor authenticated.
public interface PlainTransport extends Named {

    /// This transport in one of several ways to send, which the peer need not know.
    ///
    /// @throws IllegalArgumentException with one line for the user, if there is none of this name
    default PlainTransport inMode(String name) {
        throw new IllegalArgumentException("the transport %s has no modes".formatted(id()));
    }

    /// Makes the engine of one port.
    Endpoint open(Context context);

    /// All streams of one port, to whatever peers.
    ///
    /// After any input, the caller drains [#accept] and [#pollReady].
    interface Endpoint extends Engine, Transport.Streams<Stream> {
        /// Opens a stream and tells the peer at once, so that a service that speaks first can.
        Stream dial(InetSocketAddress peer, long nowNanos);

        /// Resets every stream. Poll afterwards for the datagrams that tell the peers.
        void shutdown(ResetCode code, long nowNanos);

        /// Counters since the start by name, for status and tests: `fecRecovered`,
        /// `retransmitted`...
        Map<String, Long> counters();
    }

    /// A byte stream to one address.
    interface Stream extends Transport.Stream {
        InetSocketAddress peer();

        @Override
        default String service() {
            return "";
        }
    }

    /// What an endpoint may take from its surroundings. It has no clock and no socket.
    ///
    /// @param accepting whether peers may open streams here
    /// @param largestDatagram the largest UDP payload that may be sent, in bytes
    /// @param random unpredictable to peers
    record Context(boolean accepting, int largestDatagram, long nowNanos, RandomGenerator random) {}
}
