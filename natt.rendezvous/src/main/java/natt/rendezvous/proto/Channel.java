package natt.rendezvous.proto;

import org.jspecify.annotations.Nullable;

/// What joins two nodes. The first has opened it; the second learns of it with the first datagram.
final class Channel {
    /// One side.
    static final class End {
        final Channel channel;
        final Node node;

        /// What the node calls the channel; 0 while it has not been told of it.
        int number;

        /// Whether the node has said something about it, and so knows of it.
        boolean used;

        /// Whether the node has admitted the other.
        boolean granted;

        private End(Channel channel, Node node) {
            this.channel = channel;
            this.node = node;
        }

        End other() {
            return this == channel.first ? channel.second : channel.first;
        }
    }

    final End first;
    final End second;

    /// What was relayed before a side that may relay has granted it, in bytes.
    int introduced;

    /// The side that granted it first.
    @Nullable End granter;

    // Where it is in the list of those that have been idle for longer or shorter.
    @Nullable IdleList list;
    @Nullable Channel before;
    @Nullable Channel after;
    long usedAt;

    Channel(Node opener, Node other) {
        first = new End(this, opener);
        second = new End(this, other);
    }
}
