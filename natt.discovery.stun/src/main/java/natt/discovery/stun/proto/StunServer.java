package natt.discovery.stun.proto;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;

/// One server: the question under way and what it last said.
final class StunServer {
    final InetSocketAddress address;

    /// The only outstanding transaction with this server.
    @Nullable BindingTransaction transaction;

    /// What the server said in the current round, null until it answers.
    @Nullable InetSocketAddress vote;

    /// When it said so; meaningless without a vote.
    long voteNanos;

    /// What a majority has contradicted and is still to be reported.
    @Nullable InetSocketAddress unreportedLie;

    /// Whether this server has ever been outvoted: each is reported once.
    boolean knownToLie;

    StunServer(InetSocketAddress address) {
        this.address = address;
    }
}
