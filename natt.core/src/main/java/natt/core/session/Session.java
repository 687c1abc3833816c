package natt.core.session;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.NodeKey;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Authenticated, encrypted datagrams between two keys, and the streams they carry. Outlives the
/// addresses of both.
public final class Session {
    /// Where a session is in its life.
    public enum State {
        CONNECTING,
        UP,
        SUSPENDED,
        CLOSED
    }

    Session() {}

    /// The peer's public key.
    public NodeKey peer() {
        throw new UnsupportedOperationException();
    }

    /// Whether this side began it.
    public boolean initiator() {
        throw new UnsupportedOperationException();
    }

    public State state() {
        throw new UnsupportedOperationException();
    }

    /// The streams. Those dialed before the session is up are opened with it.
    public Transport.Multiplexer streams() {
        throw new UnsupportedOperationException();
    }

    /// The peer's address now, or last; empty before the first answer.
    public Optional<InetSocketAddress> path() {
        throw new UnsupportedOperationException();
    }

    /// Adds addresses at which the peer may be, the best first. For the initiator: the handshake
    /// is tried at each, a quarter of a second after the one before, until one answers.
    public void addCandidates(List<InetSocketAddress> addresses, long nowNanos) {
        throw new UnsupportedOperationException();
    }

    /// Says that the session has been of use: a stream reached its service. From 150 seconds of
    /// age on such a session is kept for 12 hours without a path, others for 60 seconds.
    public void noteUseful() {
        throw new UnsupportedOperationException();
    }

    /// Returns the next event, or null.
    public @Nullable SessionEvent pollEvent() {
        throw new UnsupportedOperationException();
    }

    /// Ends the session and its streams, telling the peer if there is a path.
    public void close(CloseCode code, long nowNanos) {
        throw new UnsupportedOperationException();
    }

    /// Why the session has ended; empty while it lives.
    public Optional<CloseReason> closed() {
        throw new UnsupportedOperationException();
    }

    /// Counters by name: `datagramsSent`, `bytesReceived`, `rekeyed`, `moved`...
    public Map<String, Long> counters() {
        throw new UnsupportedOperationException();
    }
}
