package natt.transport.kcp.proto;

/// What the acknowledgements of one datagram say, for [CongestionControl]. Reused from datagram
/// to datagram.
final class AckSummary {
    /// Newly acknowledged segments.
    int segments;

    /// Whether the oldest unacknowledged sn moved.
    boolean advanced;

    /// Bytes delivered since the conversation began.
    long delivered;

    /// The value of [#delivered] when the newest acknowledged transmission was sent.
    long deliveredBefore;

    /// The time over which the bytes between the two were delivered, in nanoseconds; 0 if the
    /// datagram acknowledged nothing whose transmission is known.
    long intervalNanos;

    /// Whether the sender had nothing to send at some time in the interval, so that the rate
    /// says little about the path.
    boolean applicationLimited;

    /// The round-trip time of an acknowledged transmission, 0 if unknown.
    long rttNanos;

    /// What most round trips take, where so much reordering was seen that the least is that of the
    /// few datagrams that overtook all others; else 0.
    long usualRttNanos;

    /// Segments still in flight.
    int inFlight;

    /// How many segments the peer's window allows beyond the oldest unacknowledged one.
    int remoteWindow;

    void clear() {
        segments = 0;
        advanced = false;
        intervalNanos = 0;
        applicationLimited = false;
        rttNanos = 0;
    }
}
