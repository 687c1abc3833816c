package natt.core.session;

import natt.core.Route;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.OptionalInt;

/// What the sessions of a port send: whoever waits for an answer first, then the sessions in turn.
/// Datagrams for a relay leave as messages to its broker.
final class Departures {
    private static final int MOST_REPLIES = 64;

    /// How many datagrams one session sends before the next one's turn: about what leaves by one
    /// system call.
    private static final int DATAGRAMS_PER_TURN = 44;

    private record Reply(byte[] datagram, InetSocketAddress to) {}

    private final Relays relays;
    private final KeyQuestions questions;
    private final Quiet quiet;
    private final List<Session> carrying;
    private final ArrayDeque<Reply> replies = new ArrayDeque<>();
    private int turn;
    private int sentInTurn;
    private long unrelayed;

    /// @param quiet those with brokers
    /// @param carrying those with peers, as they are at any time
    Departures(Relays relays, KeyQuestions questions, Quiet quiet, List<Session> carrying) {
        this.relays = relays;
        this.questions = questions;
        this.quiet = quiet;
        this.carrying = carrying;
    }

    /// How many datagrams had no relay any more.
    long unrelayed() {
        return unrelayed;
    }

    /// Answers what is no session's.
    void reply(byte[] datagram, InetSocketAddress to) {
        if (replies.size() < MOST_REPLIES) {
            replies.add(new Reply(datagram, to));
        }
    }

    /// Writes the next datagram, if there is one.
    @Nullable InetSocketAddress poll(ByteBuffer into, long nowNanos) {
        int start = into.position();
        for (InetSocketAddress to; (to = pollDirect(into, nowNanos)) != null; ) {
            OptionalInt route = Route.channel(to);
            InetSocketAddress by =
                    route.isEmpty() ? to : wrap(route.getAsInt(), into, start, nowNanos);
            if (by != null) {
                return by;
            }
            unrelayed++;
            into.position(start);
        }
        return null;
    }

    /// Makes what was written to a relay a message to its broker.
    private @Nullable InetSocketAddress wrap(int route, ByteBuffer into, int start, long nowNanos) {
        Relays.Channel channel = relays.channel(route);
        return channel == null
                ? null
                : channel.broker().wrap(channel.number(), into, start, nowNanos);
    }

    private @Nullable InetSocketAddress pollDirect(ByteBuffer into, long nowNanos) {
        InetSocketAddress asked = questions.poll(into, nowNanos);
        if (asked != null) {
            return asked;
        }
        Reply reply = replies.poll();
        if (reply != null) {
            into.put(reply.datagram);
            return reply.to;
        }
        InetSocketAddress said = quiet.poll(into, nowNanos);
        if (said != null) {
            return said;
        }
        for (int i = carrying.size(); i > 0; i--) {
            if (turn >= carrying.size()) {
                turn = 0;
            }
            InetSocketAddress to = carrying.get(turn).poll(into, nowNanos);
            if (to == null || ++sentInTurn >= DATAGRAMS_PER_TURN) {
                sentInTurn = 0;
                turn++;
            }
            if (to != null) {
                return to;
            }
        }
        return null;
    }
}
