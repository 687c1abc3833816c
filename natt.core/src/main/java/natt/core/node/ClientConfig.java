package natt.core.node;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.keys.KnownHosts;
import natt.core.rendezvous.BrokerAddress;
import natt.core.spi.NameLookup;
import natt.core.spi.PlainTransport;
import natt.core.spi.Transport;

import java.time.Instant;
import java.util.Optional;

/// How a [Client] is to connect.
public sealed interface ClientConfig {
    /// The name under which the host publishes its addresses.
    String name();

    /// Looks it up.
    NameLookup.Resolver resolver();

    /// By sessions.
    ///
    /// @param transport carries the streams
    /// @param identity this node's key pair
    /// @param ticketKey the host's key, if a ticket has said it
    /// @param expires when the ticket stops being of use
    /// @param secret what the host wants beside its key; [PreSharedKey#NONE] if nothing
    /// @param knownHosts the keys of the hosts met before
    /// @param strict whether a host that is not known is refused
    /// @param brokers to try beside those of the record or ticket; empty if none is to be used
    /// @param ticketBroker the broker that a ticket names
    record Sessions(
            String name,
            NameLookup.Resolver resolver,
            Transport transport,
            Identity identity,
            Optional<NodeKey> ticketKey,
            Optional<Instant> expires,
            PreSharedKey secret,
            KnownHosts knownHosts,
            boolean strict,
            Optional<BrokerSettings> brokers,
            Optional<BrokerAddress> ticketBroker)
            implements ClientConfig {
        /// Of a client that uses no broker.
        public Sessions(
                String name,
                NameLookup.Resolver resolver,
                Transport transport,
                Identity identity,
                Optional<NodeKey> ticketKey,
                Optional<Instant> expires,
                PreSharedKey secret,
                KnownHosts knownHosts,
                boolean strict) {
            this(
                    name,
                    resolver,
                    transport,
                    identity,
                    ticketKey,
                    expires,
                    secret,
                    knownHosts,
                    strict,
                    Optional.empty(),
                    Optional.empty());
        }
    }

    /// By the original's wire, which is neither encrypted nor authenticated.
    ///
    /// @param transport carries the streams
    record Plain(String name, NameLookup.Resolver resolver, PlainTransport transport)
            implements ClientConfig {}
}
