package natt.core.session;

import java.nio.ByteBuffer;

/// Takes what the peer of a session of mode 2 says: a node from a broker, a broker from a node.
@FunctionalInterface
public interface Rendezvous {
    /// The message that carries a datagram of a session between two nodes: type 1, channel 4, then
    /// the datagram. From a broker it is taken by the engine itself.
    int RELAY = 7;

    /// What such a message has before the datagram, in bytes.
    int RELAY_HEADER = 5;

    /// Whether a datagram that begins so is one of a session between two nodes, so that a broker
    /// carries it.
    static boolean isRelayed(byte first) {
        int type = Byte.toUnsignedInt(first);
        return type >= Wire.INIT && type <= Wire.DATA;
    }

    /// Writes the datagram by which a broker that has lost its sessions wakes a node.
    ///
    /// @param token see [Session#wakeToken]
    static void writeWake(byte[] token, ByteBuffer into) {
        into.put((byte) Wire.WAKE).put(new byte[Wire.WAKE_TOKEN - 1]).put(token);
    }

    /// @param message from position to limit, at least one byte; good until this returns
    void handle(Session from, ByteBuffer message, long nowNanos);
}
