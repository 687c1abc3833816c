package natt.transport.kcp.proto;

import org.jspecify.annotations.Nullable;

/// One segment to be sent, and what is known of its latest transmission. Reused from segment to
/// segment.
final class Outgoing {
    enum State {
        UNSENT,
        IN_FLIGHT,
        LOST,
        ACKNOWLEDGED
    }

    /// The buffer that is told when the segment is lost.
    final SendBuffer owner;

    byte @Nullable [] data;
    int sn;
    int length;
    int command;
    int frg;

    /// Whether nothing is appended to its data.
    boolean whole;

    State state = State.UNSENT;
    int transmissions;
    int transmission;

    /// The model of the path that it was sent under, see [Flight#beginAnew].
    int epoch;

    long sentAt;

    // The state of delivery when it was sent, from which a rate is computed later.
    long delivered;
    long deliveredAt;
    long flightBeganAt;
    boolean applicationLimited;

    // The neighbors in the order of transmission, while in flight.
    @Nullable Outgoing earlier;
    @Nullable Outgoing later;

    Outgoing(SendBuffer owner) {
        this.owner = owner;
    }
}
