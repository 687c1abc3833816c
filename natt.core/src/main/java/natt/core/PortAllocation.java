package natt.core;

/// How a NAT chooses the external port of a new mapping (RFC 4787, section 4.2.1).
public sealed interface PortAllocation {

    /// The inside port, where it is free.
    record Preserving() implements PortAllocation {}

    /// One after the other.
    ///
    /// @param step from one new mapping to the next, if nobody else makes one in between; below
    ///     zero if the ports descend
    record Sequential(int step) implements PortAllocation {}

    /// No rule that the samples would show.
    record Random() implements PortAllocation {}

    /// Too few samples.
    record Unknown() implements PortAllocation {}
}
