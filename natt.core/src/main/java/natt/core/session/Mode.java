package natt.core.session;

import org.jspecify.annotations.Nullable;

/// What a session is for; its initiator says so in INIT.
public enum Mode {
    /// Reliable streams.
    STREAMS(0),
    /// IP packets, which may get lost and overtake each other.
    IP(1),
    /// Messages to and from a broker.
    RENDEZVOUS(2),
    /// The datagrams of WireGuard between two nodes, bare where the path is direct.
    WIREGUARD(3);

    private final int code;

    Mode(int code) {
        this.code = code;
    }

    /// Its number in INIT.
    int code() {
        return code;
    }

    /// Null if there is none of this number.
    static @Nullable Mode of(int code) {
        for (Mode each : values()) {
            if (each.code == code) {
                return each;
            }
        }
        return null;
    }

    /// Whether sessions of this mode carry packets.
    public boolean isOfPackets() {
        return this == IP || this == WIREGUARD;
    }
}
