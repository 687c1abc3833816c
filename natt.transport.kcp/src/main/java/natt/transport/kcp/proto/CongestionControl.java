package natt.transport.kcp.proto;

/// Decides how much of a conversation may be on its way, and how fast it leaves. It is told of what
/// happens, and takes up what it decides by.
interface CongestionControl {

    /// How many segments may be in flight.
    int window();

    /// How long the path should be given for so many bytes, in nanoseconds; 0 when they may
    /// leave at once.
    default long paceNanos(int bytes) {
        return 0;
    }

    /// How many bytes may leave together, so that one system call sends them; 0 when each datagram
    /// has its own time.
    default int runBytes() {
        return 0;
    }

    /// The rate at which the path delivers, in bytes a second; 0 if it is not known.
    default double bytesPerSecond() {
        return 0;
    }

    /// Segments have so much data from now on, in bytes.
    default void useSegments(int mss) {}

    /// A round trip was measured otherwise than by data.
    default void onRoundTrip(long rttNanos, long nowNanos) {}

    /// The peer acknowledges without a flush interval.
    default void peerAcknowledgesAtOnce() {}

    /// Segments were acknowledged by one datagram.
    default void onAcks(AckSummary acks, long nowNanos) {}

    /// Segments were found lost by the acknowledgement of later ones.
    ///
    /// @param inFlight the number of segments in flight before the loss
    default void onLosses(int segments, int inFlight, long nowNanos) {}

    /// Nothing was acknowledged for a whole retransmission timeout, again and again.
    default void onTimeout(long nowNanos) {}
}
