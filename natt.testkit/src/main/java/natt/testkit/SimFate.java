package natt.testkit;

/// What became of a datagram at one place of the simulated network.
public enum SimFate {
    /// An engine or a test gave it to its host.
    SENT,
    /// An engine of the addressed port took it.
    DELIVERED,
    /// It reached a port none of whose engines took it.
    UNCLAIMED,
    /// It reached a host on which that port is not bound.
    NO_LISTENER,
    /// Nobody has the address it was sent to.
    NO_ROUTE,
    /// A NAT has no mapping with that external address and port, or does not hairpin.
    UNMAPPED,
    /// A NAT has the mapping but does not let this sender in.
    FILTERED,
    /// A link or a NAT passed it on. Counted there, not traced.
    PASSED,
    /// A link lost it by chance, alone or in a burst.
    LOST,
    /// A link's queue had no room.
    QUEUE_FULL,
    /// It was longer than a link's MTU.
    TOO_LARGE,
    /// A link was down.
    OUTAGE,
    /// A NAT lets no UDP pass to or from that port.
    BLOCKED,
    /// A NAT had no room for another mapping.
    NAT_FULL
}
