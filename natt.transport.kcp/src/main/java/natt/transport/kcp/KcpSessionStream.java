package natt.transport.kcp;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.spi.Transport;
import natt.transport.kcp.proto.Channel;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/// One conversation of a session as a stream. It lives until both directions have finished, one
/// side resets it or the multiplexer is closed: silence is the session's affair.
final class KcpSessionStream implements Transport.Stream {
    private final KcpMultiplexer multiplexer;
    private final int conv;
    final Channel channel;
    private @Nullable String service;
    private boolean finishing;
    private @Nullable CloseReason closed;

    /// The sn after the last that has arrived.
    private int newest;

    /// Whether the stream waits among those that have changed.
    boolean queued;

    /// Whether it is counted among those with something unacknowledged.
    boolean unacknowledged;

    /// Whether it is among those with a deadline.
    boolean timed;

    /// Where the stream waits to send, see [Turns].
    Turns.Place place = Turns.Place.NONE;

    /// How many bytes may be sent before it is another's turn.
    int credit;

    /// The round whose bytes they are.
    int creditOf;

    /// @param service null until the peer's open record has arrived
    KcpSessionStream(
            KcpMultiplexer multiplexer, int conv, Channel channel, @Nullable String service) {
        this.multiplexer = multiplexer;
        this.conv = conv;
        this.channel = channel;
        this.service = service;
    }

    int conv() {
        return conv;
    }

    /// Whether it is known what the stream is for.
    boolean isOpen() {
        return service != null;
    }

    void open(String name) {
        service = name;
    }

    /// Notes a segment of data; whether a later one has arrived before.
    boolean isLate(int sn) {
        if (sn - newest < 0) {
            return true;
        }
        newest = sn + 1;
        return false;
    }

    @Override
    public String service() {
        return service == null ? "" : service;
    }

    @Override
    public int write(ByteBuffer data, long nowNanos) {
        if (finishing) {
            throw new IllegalStateException("this direction is finished");
        }
        if (closed != null) {
            return 0;
        }
        int n = channel.write(data, multiplexer.writers(this));
        multiplexer.toSend(this, nowNanos);
        return n;
    }

    @Override
    public int room() {
        return closed == null ? channel.room(multiplexer.writers(this)) : Integer.MAX_VALUE;
    }

    @Override
    public int read(ByteBuffer into, long nowNanos) {
        int n = channel.read(into, nowNanos);
        if (closed != null) {
            return n == 0 && !channel.readable() ? -1 : n;
        }
        if (channel.hasWindowToTell()) {
            multiplexer.toTell(this, nowNanos);
        }
        return n;
    }

    @Override
    public void finish(long nowNanos) {
        finishing = true;
        if (closed == null) {
            channel.finish();
            multiplexer.toSend(this, nowNanos);
        }
    }

    @Override
    public void reset(ResetCode code, long nowNanos) {
        if (closed == null) {
            multiplexer.sayReset(conv, code, nowNanos);
            close(new CloseReason.Local());
        }
        channel.releaseAll();
    }

    @Override
    public boolean delivered() {
        return channel.allAcknowledged();
    }

    @Override
    public Optional<CloseReason> closed() {
        return Optional.ofNullable(closed);
    }

    @Override
    public boolean answered() {
        return channel.heard();
    }

    @Override
    public Duration roundTripTime() {
        return multiplexer.roundTripTime();
    }

    /// Notices that both directions have come to their end.
    void settle(long nowNanos) {
        if (closed == null && finishing && channel.allAcknowledged() && channel.peerFinished()) {
            multiplexer.sayFinished(conv, channel.una(), nowNanos);
            close(new CloseReason.Finished());
        }
    }

    void close(CloseReason reason) {
        closed = reason;
        channel.release();
        multiplexer.forget(this);
    }
}
