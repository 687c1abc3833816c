package natt.testkit;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.random.RandomGenerator;

/// What happens to packets between a realm and the one outside: which pass, and what their
/// addresses become. It has neither clock nor wires; see [SimNat] and [SimRealm] for those.
///
/// A mapping here is what the translator keeps because of a packet that left: a mapping of RFC
/// 4787, or a flow of a translator that knows only flows.
public interface SimTranslator {

    /// What kind of translator stands before a realm: a value, from which each realm gets a
    /// translator of its own.
    interface Model {
        /// @param externalAddress of the translator; of no meaning if it keeps addresses
        SimTranslator translator(InetAddress externalAddress, RandomGenerator random);

        /// Whether packets get the translator's external address. If not, hosts behind it have
        /// addresses of the realm outside.
        default boolean translates() {
            return true;
        }

        /// No translation and no filter.
        static Model open() {
            return OpenTranslator.MODEL;
        }
    }

    /// What becomes of a packet.
    ///
    /// @param address its source if it leaves, its destination if it comes in, after
    ///     translation; null unless the fate is PASSED
    record Passage(SimFate fate, @Nullable InetSocketAddress address) {
        static Passage to(InetSocketAddress address) {
            return new Passage(SimFate.PASSED, address);
        }

        static Passage refused(SimFate why) {
            return new Passage(why, null);
        }
    }

    /// Translates the source of a packet that leaves, making or refreshing a mapping.
    Passage outbound(InetSocketAddress inside, InetSocketAddress remote, long nowNanos);

    /// Translates the destination of a packet that arrives.
    Passage inbound(InetSocketAddress remote, InetSocketAddress external, long nowNanos);

    /// Whether inside hosts that meet at the external address see each other's inside sources.
    default boolean hairpinsWithInsideSources() {
        return false;
    }

    /// Drops all mappings, as a restart does. New ones have other ports, preserved or not.
    void rebind();

    /// Changes the external address and drops all mappings.
    void renumber(InetAddress newExternalAddress);

    /// Goes over the next external ports, as if mappings of other hosts had taken them. Nothing
    /// but sequential allocation notices.
    default void skipPorts(int count) {}

    Counts counts(long nowNanos);

    /// How many mappings there are.
    ///
    /// @param mappings alive
    /// @param most that have been alive at once
    /// @param created since the start
    /// @param expired because nothing refreshed them
    /// @param unsolicited what is kept, and alive, because of packets from outside that nobody
    ///     inside asked for
    /// @param mostInAll the most mappings and unsolicited ones at once
    record Counts(
            int mappings, int most, long created, long expired, int unsolicited, int mostInAll) {}
}
