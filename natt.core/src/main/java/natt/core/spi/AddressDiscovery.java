package natt.core.spi;

import natt.core.NatBehavior;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Learns which transport address a port has on the other side of its NATs, and keeps the
/// mapping.
public interface AddressDiscovery extends Named {

    /// Makes the engine that asks from one port.
    Discovery open(Context context);

    /// Makes an engine that asks some servers once, at once, and is done within a second. It
    /// disturbs no other engine of the port. Empty if the provider cannot.
    default Optional<Sample> openSample(SampleContext context) {
        return Optional.empty();
    }

    /// Makes the engine that answers those who ask in this way, on a broker's port; empty if
    /// the provider only asks.
    default Optional<Responder> openResponder(ResponderContext context) {
        return Optional.empty();
    }

    /// Makes the engine that finds out how the NATs of this port behave; empty if the provider
    /// cannot. On a port with a responder it is asked before that, which would answer what it
    /// sends to itself.
    default Optional<BehaviorDiscovery> openBehavior(BehaviorContext context) {
        return Optional.empty();
    }

    /// Makes an engine that finds how large datagrams reach a server, within a second or so; empty
    /// if the provider cannot.
    default Optional<Width> openWidth(WidthContext context) {
        return Optional.empty();
    }

    /// Asks its servers through the port, again and again, and reports what they see.
    interface Discovery extends Engine {
        /// Replaces the servers to ask; those already known keep their state. Asks at once.
        ///
        /// @param servers where to send; if that is a [natt.core.Route] through another socket, the
        ///     mapping found and kept is that socket's
        /// @param configured how many servers the user has named, of which a majority must agree;
        ///     more than are given when the names of some do not resolve
        void useServers(List<InetSocketAddress> servers, int configured, long nowNanos);

        /// Asks all servers now, as after a change of network.
        void refresh(long nowNanos);

        /// Returns what has been found, if that changed since the last call, else null.
        @Nullable Finding pollFinding();

        /// Returns what each server has said in the current round, in the order in which the
        /// servers were given; those that have not answered are left out. Unlike a finding, it
        /// is there when nothing has changed, too.
        default List<Observation> observations() {
            return List.of();
        }

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

    /// Asks each server once.
    interface Sample extends Engine {
        /// Whether all servers have answered or been given up.
        boolean isDone();

        /// Returns the answers until now in the order in which the servers were asked; those
        /// that have not answered are left out.
        List<Observation> observations();
    }

    /// Answers requests of any source and asks nobody. It is silent towards what it does not
    /// understand, and towards a source that asks too often.
    interface Responder extends Engine {
        /// Counters since the start by name, for status and tests: `answered`, `limited`...
        default Map<String, Long> counters() {
            return Map.of();
        }
    }

    /// Finds out how the NATs in front of a port behave.
    interface BehaviorDiscovery extends Engine {
        /// Returns what has been found, once, when all tests have ended; null before and after.
        @Nullable NatBehavior pollBehavior();

        /// Returns every answer until now, in the order of arrival.
        default List<Observation> observations() {
            return List.of();
        }
    }

    /// Asks a server with datagrams of several sizes.
    interface Width extends Engine {
        /// Whether all have been answered or given up.
        boolean isDone();

        /// The largest that was answered until now, in bytes of UDP payload; 0 if none was.
        int largest();
    }

    /// What one server said.
    ///
    /// @param server as it was given, by a [natt.core.Route] if the question left through another
    ///     socket
    /// @param mapped the source that the server saw
    /// @param nanos when the answer came, on the engine's clock
    record Observation(InetSocketAddress server, InetSocketAddress mapped, long nanos) {}

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
        record AddressDependentMapping(List<Observation> seen) implements Finding {}

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

    /// What a sample may take from its surroundings.
    ///
    /// @param servers whom to ask, in this order and a few milliseconds apart, so that a NAT that
    ///     counts makes its mappings in this order; each may be a [natt.core.Route] through
    ///     another socket
    /// @param random source of transaction ids: cryptographically strong
    record SampleContext(List<InetSocketAddress> servers, long nowNanos, RandomGenerator random) {
        public SampleContext {
            servers = List.copyOf(servers);
        }
    }

    /// A socket of the port and the transport address that others know it by.
    ///
    /// @param socket 0 for the port's own, else the number in [natt.core.Route#through]
    /// @param address for a responder the one to tell others, for a behavior discovery the one it
    ///     is bound to
    record LocalSocket(int socket, InetSocketAddress address) {}

    /// What a responder may take from its surroundings.
    ///
    /// @param sockets those whose addresses may be told and used for answers from elsewhere: of
    ///     IPv4, and two addresses with the same two ports for everything in RFC 5780; one address
    ///     with two ports lets a client try another port of it. Through every other socket, and to
    ///     IPv6, there are plain answers only
    /// @param random keeps sources from choosing where they collide: cryptographically strong
    record ResponderContext(List<LocalSocket> sockets, RandomGenerator random) {
        public ResponderContext {
            sockets = List.copyOf(sockets);
        }
    }

    /// What a behavior discovery may take from its surroundings.
    ///
    /// @param servers at least one, written without a route; the more addresses and ports they
    ///     have, the more can be found out
    /// @param sockets fresh ones, through which nothing has been sent, with the addresses they are
    ///     bound to; all of IPv4 unless there is only one. With one socket mapping and mostly
    ///     filtering are found, with two hairpinning, with six the port allocation; the mapping
    ///     lifetime is found sooner with more, up to nine
    /// @param longestLifetime until what idle time to look for the mapping lifetime, which takes
    ///     up to a few times as long; zero to leave that out
    /// @param random source of transaction ids: cryptographically strong
    record BehaviorContext(
            List<InetSocketAddress> servers,
            List<LocalSocket> sockets,
            Duration longestLifetime,
            long nowNanos,
            RandomGenerator random) {
        public BehaviorContext {
            servers = List.copyOf(servers);
            sockets = List.copyOf(sockets);
        }
    }

    /// What a search for the width of a path may take from its surroundings.
    ///
    /// @param sizes of the UDP payloads to try, in bytes, each a multiple of 4 above 24
    /// @param random source of transaction ids: cryptographically strong
    record WidthContext(
            InetSocketAddress server, List<Integer> sizes, long nowNanos, RandomGenerator random) {
        public WidthContext {
            sizes = List.copyOf(sizes);
        }
    }
}
