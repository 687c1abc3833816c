package natt.core.spi;

import natt.core.DnsRecord;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Publishes records in a DNS zone, through an API, a protocol or a file.
public interface DnsProvider extends Named {

    /// Reads its configuration; does no I/O.
    ///
    /// @throws IllegalArgumentException with one line for the user, if a setting is missing or
    ///     wrong
    Publisher open(Settings settings);

    /// Keeps our records at one zone's names. Blocks, so it is called on a virtual thread, by
    /// one thread at a time.
    interface Publisher extends AutoCloseable {
        Capabilities capabilities();

        /// Makes the given records ours: for each name and type among them, our record there
        /// becomes exactly this one. Records of others are never changed or removed.
        ///
        /// @return the [optional][DnsRecord#optional] ones that were left out, because records of
        ///     others are in their way or the service does not take them
        /// @throws PublishException if that was not possible for the others, and then none is
        ///     published; calling again later is safe
        List<Skipped> publish(List<DnsRecord> records)
                throws PublishException, InterruptedException;

        /// Looks, without writing, what stands in the way of publishing at a name.
        ///
        /// @return what is known of the rights, a clause for a person; empty if only writing tells
        /// @throws PublishException if publishing would fail
        default Optional<String> rights(String name) throws PublishException, InterruptedException {
            return Optional.empty();
        }

        @Override
        void close();
    }

    /// @param types the record types that can be published
    /// @param leastTtl the smallest TTL that the zone takes
    /// @param atomic whether one call's records become visible together
    record Capabilities(Set<DnsRecord.Type> types, Duration leastTtl, boolean atomic) {}

    /// A record that was left out.
    ///
    /// @param why one line for the user
    record Skipped(DnsRecord record, String why) {}

    /// Why records could not be published.
    final class PublishException extends Exception {
        private static final long serialVersionUID = 1;

        /// Whom to ask for a remedy.
        public enum Kind {
            /// The user: the credentials, their rights, the zone or the request are wrong, and
            /// trying again changes nothing.
            REFUSED,
            /// Time: the service is away, overloaded or unreachable.
            UNAVAILABLE
        }

        private final String message;
        private final Kind kind;
        private final transient Optional<Duration> retryAfter;

        /// @param message one line for the user, without secrets
        public PublishException(Kind kind, String message, Optional<Duration> retryAfter) {
            super(message);
            this.message = message;
            this.kind = kind;
            this.retryAfter = retryAfter;
        }

        /// One line for the user.
        @Override
        public String getMessage() {
            return message;
        }

        public Kind kind() {
            return kind;
        }

        /// The time before which the service asked not to be called again.
        public Optional<Duration> retryAfter() {
            return retryAfter;
        }
    }
}
