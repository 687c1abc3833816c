package natt.core.spi;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Asks the gateway of this machine to lead a UDP port from outside to a port of this machine.
///
/// It works beside the port, on sockets and threads of its own: its protocols have ports of their
/// own on the gateway. What it reports is the gateway's word, which the caller compares with what
/// others see: behind a second NAT the gateway's outside is not the Internet.
public interface PortMapper extends Named {

    /// Starts to look for a gateway and to map the port, and keeps the mapping until closed.
    ///
    /// @param news is called from a thread of the mapper, one call at a time
    Mapper open(Request request, Consumer<News> news);

    /// Asks for each protocol, once, whether the gateway speaks it. Makes no mapping.
    ///
    /// @param patience the longest wait, after which a protocol counts as not answered
    List<Answer> probe(Duration patience) throws InterruptedException;

    /// A mapping that is kept.
    interface Mapper extends AutoCloseable {
        /// Withdraws the mapping, and returns within a second, whether or not the gateway answers.
        /// No news comes after it.
        @Override
        void close();
    }

    /// What is to be mapped.
    ///
    /// @param bound the local address of the port, the wildcard for all of them
    /// @param port the local UDP port; the same one is asked for outside
    /// @param lifetime how long the mapping outlives this process at most, whole seconds
    /// @param nonce shows the gateway that a mapping is ours
    record Request(InetAddress bound, int port, Duration lifetime, Nonce nonce) {
        public Request {
            if (port < 1 || port > 65_535) {
                throw new IllegalArgumentException("no port to map: " + port);
            }
            if (lifetime.toSeconds() < 1) {
                throw new IllegalArgumentException("a mapping of less than a second");
            }
        }
    }

    /// The 96 bits that only the owner of a mapping knows (RFC 6887, section 11.1). The same after
    /// a restart of the process, so that a mapping that it left behind is still its own.
    record Nonce(int high, long low) {
        @Override
        public String toString() {
            return "Nonce[...]";
        }
    }

    /// What has become of the mapping.
    sealed interface News {
        /// The gateway leads this address to the port; told again when the address changes.
        ///
        /// @param external as the gateway says, which is not public behind a second NAT
        /// @param protocol which was spoken: `PCP`, `NAT-PMP`, `UPnP`
        /// @param lifetime as granted, renewed at half of it; zero if it lasts until it is removed
        record Mapped(InetSocketAddress external, String protocol, Duration lifetime)
                implements News {}

        /// A mapping of which was told is gone; another one is sought.
        ///
        /// @param external what was told
        /// @param why a clause for a person, as in `the gateway has restarted`
        record Lost(InetSocketAddress external, String why) implements News {}

        /// No protocol maps the port; tried again now and then, and when the network changes.
        record Unavailable(List<Answer> answers) implements News {
            public Unavailable {
                answers = List.copyOf(answers);
            }
        }
    }

    /// What a gateway answers to one protocol.
    ///
    /// @param protocol `PCP`, `NAT-PMP`, `UPnP`; with ` over IPv6` after it where it is asked so
    /// @param spoken whether the gateway speaks it
    /// @param said a few words for a person, printable ASCII: nothing foreign is left to escape
    /// @param external the gateway's address outside, where the protocol tells it without mapping
    record Answer(String protocol, boolean spoken, String said, Optional<InetAddress> external) {
        public Answer(String protocol, boolean spoken, String said) {
            this(protocol, spoken, said, Optional.empty());
        }
    }
}
