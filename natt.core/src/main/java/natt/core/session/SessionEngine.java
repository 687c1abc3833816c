package natt.core.session;

import natt.core.CloseCode;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.spi.Engine;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// All sessions of one port.
///
/// After any input, the caller drains [#accept], [#pollReady], and of each session returned its
/// events and streams.
public final class SessionEngine implements Engine {
    /// @param identity this node's key pair
    /// @param secret what callers must know beside this node's key; [PreSharedKey#NONE] if nothing
    /// @param transports what callers may choose from
    /// @param admission who may call; empty if nobody may
    /// @param random cryptographically strong
    public record Config(
            Identity identity,
            PreSharedKey secret,
            List<Transport> transports,
            Optional<Admission> admission,
            RandomGenerator random) {
        public Config {
            transports = List.copyOf(transports);
        }
    }

    public SessionEngine(Config config, long nowNanos) {
        throw new UnsupportedOperationException();
    }

    /// Begins a session. The handshake starts with [Session#addCandidates].
    ///
    /// @param secret what the host wants beside its key; [PreSharedKey#NONE] if nothing
    public Session call(NodeKey host, PreSharedKey secret, Transport transport, long nowNanos) {
        throw new UnsupportedOperationException();
    }

    /// Returns the next session that a peer has begun, or null.
    public @Nullable Session accept() {
        throw new UnsupportedOperationException();
    }

    /// Returns a session with new events or streams that changed, or null when all have been
    /// returned.
    public @Nullable Session pollReady() {
        throw new UnsupportedOperationException();
    }

    /// The wall clock and the ticker disagree by more than 5 seconds: this machine has slept. Paths
    /// are validated anew.
    public void clockJumped(long nowNanos) {
        throw new UnsupportedOperationException();
    }

    /// Who may call has changed: sessions of those who may no longer are ended.
    public void reviewAdmission(long nowNanos) {
        throw new UnsupportedOperationException();
    }

    /// Ends every session, telling the peers. Poll afterwards for the datagrams.
    public void shutdown(CloseCode code, long nowNanos) {
        throw new UnsupportedOperationException();
    }

    /// The sessions that live, oldest first.
    public List<Session> sessions() {
        throw new UnsupportedOperationException();
    }

    /// Counters since the start by name: `initsReceived`, `replayed`, `malformed`, `unauthentic`,
    /// `refused`, `cookiesSent`...
    public Map<String, Long> counters() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void handleTimeout(long nowNanos) {
        throw new UnsupportedOperationException();
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        throw new UnsupportedOperationException();
    }
}
