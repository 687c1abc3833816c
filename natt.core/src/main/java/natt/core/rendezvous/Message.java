package natt.core.rendezvous;

import natt.core.NodeKey;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/// What a node and a broker say to each other in a session of mode 2. All numbers are big-endian;
/// the first byte is the type.
///
/// ```text
///  1 REGISTER    id 1, wake token 16, count 1, per name: length 1, name
///  2 REGISTERED  id 1, flags 1, count 1, per name: code 1; observed, port 2, alternate
///  3 RESOLVE     id 1, length 1, name
///  4 RESOLVED    id 1, code 1, key 32 if the code is 0
///  5 OPEN        id 1, key 32
///  6 OPENED      id 1, code 1, channel 4 if the code is 0
///  7 RELAY       channel 4, a datagram
///  8 INVITED     channel 4, key 32
///  9 GRANT       channel 4
/// 10 GRANTED     channel 4, address
/// 11 CLOSED      channel 4, code 1
/// 12 WITHDRAW    id 1
///
/// observed, address: family 1 (4, 6 or 0: none), port 2, address 4 or 16
/// alternate:         family 1 (4, 6 or 0: none), address 4 or 16
/// ```
///
/// A message has exactly the length that its fields ask for. Nodes repeat REGISTER, RESOLVE, OPEN
/// and GRANT until they are answered; asking twice is asking once. RELAY has no record: see
/// [natt.core.session.Rendezvous#RELAY].
public sealed interface Message {
    /// The most names of a node.
    int MOST_NAMES = 4;

    /// Of a token for waking, in bytes.
    int TOKEN_LENGTH = 16;

    /// Node to broker: this session is where the node is to be found, and it wants these names
    /// beside those it has.
    ///
    /// @param wakeToken see [natt.core.session.Session#wakeToken]
    /// @param names as asked for, in any form; at most [#MOST_NAMES]
    record Register(int id, byte[] wakeToken, List<String> names) implements Message {
        public Register {
            names = List.copyOf(names);
        }
    }

    /// What became of a name.
    enum NameCode {
        /// It is the node's.
        OK,
        /// It is another node's.
        TAKEN,
        /// The broker has no names for this node.
        NOT_ALLOWED,
        /// The node or the broker has as many as there may be.
        FULL,
        /// It is no name.
        MALFORMED
    }

    /// Broker to node: the answer to REGISTER.
    ///
    /// @param namesAllowed bit 0 of the flags
    /// @param relayAllowed bit 1 of the flags: whether what this node grants is relayed
    /// @param names what became of each, in the order of the question
    /// @param observed where the broker sees the node; empty if it comes over a connection
    /// @param stunPort of the broker's second STUN port; 0 if there is none
    /// @param stunAddress of the broker's second address; empty if there is none
    record Registered(
            int id,
            boolean namesAllowed,
            boolean relayAllowed,
            List<NameCode> names,
            Optional<InetSocketAddress> observed,
            int stunPort,
            Optional<InetAddress> stunAddress)
            implements Message {
        public Registered {
            names = List.copyOf(names);
        }
    }

    /// Node to broker: which key has this name?
    record Resolve(int id, String name) implements Message {}

    /// Broker to node: the answer to RESOLVE.
    ///
    /// @param key empty if nobody has the name
    record Resolved(int id, Optional<NodeKey> key) implements Message {}

    /// Node to broker: a channel to a registered key.
    record Open(int id, NodeKey peer) implements Message {}

    /// What became of a channel that was asked for.
    enum OpenCode {
        OK,
        /// No node with this key is connected to the broker.
        NOT_REGISTERED,
        /// One of both has as many channels as there may be.
        FULL,
        /// The node that asks has not registered.
        NOT_ALLOWED
    }

    /// Broker to node: the answer to OPEN.
    ///
    /// @param channel as the node calls it from now on; 0 unless the code is OK
    record Opened(int id, OpenCode code, int channel) implements Message {}

    /// Broker to node: another node has opened a channel.
    record Invited(int channel, NodeKey caller) implements Message {}

    /// Node to broker: the peer is admitted. It may be told this node's address, and what is
    /// relayed counts as this node's.
    record Grant(int channel) implements Message {}

    /// Broker to node: where it sees the peer, which has granted that; or, without an address, the
    /// answer to GRANT while the peer has not.
    ///
    /// @param peer empty if the peer has not granted it, or comes over a connection
    record Granted(int channel, Optional<InetSocketAddress> peer) implements Message {}

    /// Why a channel is gone.
    enum ClosedCode {
        UNSPECIFIED,
        /// The peer has left the broker, or does not want the channel.
        PEER_GONE,
        /// What may be relayed is used up.
        QUOTA,
        /// Nothing was relayed for a while.
        IDLE,
        /// The broker stops.
        STOPPING
    }

    /// Either way: the channel is gone.
    record Closed(int channel, ClosedCode code) implements Message {}

    /// Node to broker: the names are not to be found any more; they stay reserved for the key.
    /// Not answered.
    record Withdraw(int id) implements Message {}

    /// Reads a message, or returns null if it is none, or RELAY.
    ///
    /// @param message from position to limit
    static @Nullable Message read(ByteBuffer message) {
        return new MessageReader(message).read();
    }

    /// The message, from position to limit.
    default ByteBuffer encode() {
        return MessageWriter.write(this);
    }
}
