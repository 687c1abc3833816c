package natt.core.session;

import java.net.InetSocketAddress;

/// A transport address at which a node may be reached (RFC 8445, section 5.1).
///
/// @param address resolved, never a [natt.core.Route]
public record Candidate(Type type, InetSocketAddress address) {
    /// How the address became known.
    public enum Type {
        /// It is that of an interface.
        HOST,
        /// A server has seen it.
        SERVER_REFLEXIVE,
        /// A NAT has promised it, by a port mapping protocol.
        MAPPED,
        /// A NAT that counts is expected to choose it next.
        PREDICTED
    }

    public Candidate {
        if (address.isUnresolved()) {
            throw new IllegalArgumentException(address + " has no address");
        }
    }
}
