package natt.core.session;

import java.nio.ByteBuffer;

/// Takes what peers send in sessions of packets, and says who may begin one.
public interface Packets {
    /// [Mode#IP] or [Mode#WIREGUARD]: callers that ask for the other are not answered.
    Mode mode();

    /// Who may begin such a session.
    Admission admission();

    /// @param packet from position to limit, good until this returns; of WireGuard, where the path
    ///     is direct, it is not known to be the peer's until WireGuard has opened it
    void handle(Session from, ByteBuffer packet, long nowNanos);
}
