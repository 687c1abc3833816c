package natt.transport.kcp.proto;

/// What all conversations of a port have done, counted.
public final class Counters {
    /// Data segments sent, each transmission counted.
    public long segmentsSent;

    /// Transmissions of a segment after its first.
    public long retransmitted;

    /// Segments found lost because later ones were acknowledged.
    public long fastRetransmitted;

    /// Retransmission timeouts.
    public long timeouts;

    /// Window asks sent because the peer was silent.
    public long keepalives;

    /// Well-formed segments that could not be believed.
    public long ignored;

    public Counters() {}
}
