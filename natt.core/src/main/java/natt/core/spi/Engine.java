package natt.core.spi;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// A protocol without its socket: datagrams and time go in, datagrams and a deadline come out.
///
/// One thread at a time calls it. After an input (a datagram, a timeout, a command of the
/// concrete engine) or a batch of inputs, the caller calls [#pollTransmit] until it returns
/// null and then asks [#nanosUntilTimeout]. Every `nowNanos` comes from one
/// [natt.core.time.Ticker] and never goes backwards from one call to the next; its values
/// wrap, so engines compare differences only.
public interface Engine {
    /// Means that nothing but an input can wake the engine.
    long NEVER = Long.MAX_VALUE;

    /// Offers a datagram, between the buffer's position and limit. The buffer is the caller's
    /// and is reused: an engine keeps a copy, not the buffer, and leaves position and limit
    /// anywhere. What arrives is hostile until proven otherwise: this method never throws
    /// because of its content.
    ///
    /// @return whether the datagram belonged to this engine; if not, its state has not changed
    ///     and the next engine of the port is asked
    boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos);

    /// Does what is due. Afterwards, and after draining [#pollTransmit], no deadline is at or
    /// before now. May be called early, when it does nothing.
    void handleTimeout(long nowNanos);

    /// Writes the next datagram at the buffer's position, advancing it past the datagram.
    ///
    /// @param into has room for the largest datagram that the engine was told of
    /// @return where to send it, or null when there is nothing to send now
    @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos);

    /// Returns how long the engine may be left alone, in nanoseconds from now: at most 0 when
    /// [#handleTimeout] is due, [#NEVER] when only an input can wake it.
    long nanosUntilTimeout(long nowNanos);
}
