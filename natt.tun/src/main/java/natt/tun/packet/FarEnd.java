package natt.tun.packet;

import java.nio.ByteBuffer;

/// Where the packets for one peer go. Called on one thread.
public interface FarEnd {
    /// Whether packets have a chance to arrive.
    boolean isUp();

    /// The largest packet that goes whole now.
    int packetSize();

    /// Whether [#packetSize] has been found out. Until then wider packets are taken all the same.
    boolean packetSizeIsFinal();

    /// Sends the packet between the buffer's position and limit; it is only lent.
    ///
    /// @return false if it is lost at once
    boolean send(ByteBuffer packet, long nowNanos);
}
