package natt.core;

import java.time.Duration;
import java.util.Optional;

/// What the NATs between a node and its servers do, taken together, in the terms of RFC 4787.
/// Where there is no NAT, they behave like one that preserves ports and maps
/// endpoint-independently.
///
/// @param mapping how the external port depends on whom a port sends to
/// @param filtering whom the NAT lets in, or the firewall if there is one behind it
/// @param ports how the port of a new mapping is chosen
/// @param hairpins whether two nodes behind the NAT reach each other by their external addresses
///     (section 6), if that is known
/// @param keepsUnsolicited whether a packet from outside that is refused takes a port away: who
///     then sends to its source gets another port than before, if that is known. Linux does so
/// @param mappingLifetime the longest time without traffic after which a mapping was still there,
///     if that was asked for and could be found out
public record NatBehavior(
        Dependence mapping,
        Dependence filtering,
        PortAllocation ports,
        Optional<Boolean> hairpins,
        Optional<Boolean> keepsUnsolicited,
        Optional<Duration> mappingLifetime) {

    /// Nothing is known.
    public static final NatBehavior UNKNOWN =
            new NatBehavior(
                    Dependence.UNKNOWN,
                    Dependence.UNKNOWN,
                    new PortAllocation.Unknown(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());
}
