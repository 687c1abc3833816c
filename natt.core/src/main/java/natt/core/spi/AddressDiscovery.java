package natt.core.spi;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/// Learns which transport address a port has on the other side of its NATs, and keeps the
/// mapping.
public interface AddressDiscovery extends Named {

    /// Makes the engine that asks from one port.
    Discovery open(Context context);

    /// Asks its servers through the port, again and again, and reports what they see.
    interface Discovery extends Engine {
        /// Replaces the servers to ask; those already known keep their state. Asks at once.
        ///
        /// @param configured how many servers the user has named, of which a majority must agree;
        ///     more than are given when the names of some do not resolve
        void useServers(List<InetSocketAddress> servers, int configured, long nowNanos);

        /// Asks all servers now, as after a change of network.
        void refresh(long nowNanos);

        /// Returns what has been found, if that changed since the last call, else null.
        @Nullable Finding pollFinding();

        /// Returns a server whose answer a majority contradicts, once for each server, or null
        /// when there is none to report.
        default @Nullable Outvoted pollOutvoted() {
            return null;
        }

        /// Counters since the start by name, for status and tests: `outvoted`, `timedOut`...
        default Map<String, Long> counters() {
            return Map.of();
        }
    }

    /// A server that is broken or lies.
    ///
    /// @param said the address and port that it claims to see
    record Outvoted(InetSocketAddress server, InetSocketAddress said) {}

    /// What the servers say.
    sealed interface Finding {
        /// A majority of the servers sees this address and port.
        record Mapped(InetSocketAddress serverReflexive) implements Finding {}

        /// The servers see one IP address, but no majority sees one port: the NAT's mapping is
        /// address-dependent (RFC 4787, section 4.1), and a port that is right for one server
        /// is wrong for everybody else.
        record AddressDependentMapping(List<InetSocketAddress> seen) implements Finding {}

        /// The servers contradict each other on the IP address and there is no majority.
        record Disputed(List<InetSocketAddress> seen) implements Finding {}

        /// No server, or not enough servers for a majority, answered in time. What was found
        /// before may still be true: the servers can be away while the mapping lives.
        record Unanswered(int asked, int answered) implements Finding {}
    }

    /// What a discovery may take from its surroundings.
    ///
    /// @param refreshInterval how often the mapping is refreshed; RFC 4787 REQ-5 lets a NAT
    ///     drop one after two minutes, many drop it after 30 seconds
    /// @param random source of transaction ids, which are the only defence against a forged
    ///     answer: cryptographically strong
    record Context(Duration refreshInterval, long nowNanos, RandomGenerator random) {}
}
