package natt.discovery.stun.proto;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;

/// One Binding request over UDP, sent until it is answered or given up (RFC 8489, section
/// 6.2.1). All copies carry one transaction id, and no other request ever does.
final class BindingTransaction {

    /// When a request is repeated: after `rto`, then after twice as long each time.
    ///
    /// @param rto the first wait for an answer
    /// @param rc how many copies are sent in all
    /// @param rm the wait for an answer to the last copy, in RTOs
    record Timing(Duration rto, int rc, int rm) {
        /// Sends at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s, gives up at 39.5 s.
        static final Timing RFC_8489 = new Timing(Duration.ofMillis(500), 7, 16);

        /// Sends at 0, 0.5 and 1.5 s, gives up at 3.5 s: the beginning of the RFC's schedule,
        /// for rounds whose later repetitions are rounds of their own. Answers that are
        /// compared with each other must not be half a minute apart.
        static final Timing ROUND = new Timing(Duration.ofMillis(500), 3, 4);

        /// Sends at 0 and 0.5 s, gives up at 1.5 s, when other servers can be asked: for the
        /// refresh of a mapping, which must not take its loss for the silence of one server
        /// longer than that.
        static final Timing REFRESH = new Timing(Duration.ofMillis(500), 2, 2);

        /// Sends at 0, 0.1, 0.3 and 0.7 s, gives up at 0.9 s: for samples, which are of no use
        /// later.
        static final Timing SAMPLE = new Timing(Duration.ofMillis(100), 4, 2);

        /// Sends at 0, 0.2, 0.6 and 1.4 s, gives up at 2.2 s: for the questions of behavior
        /// discovery, where silence is an answer.
        static final Timing BEHAVIOR = new Timing(Duration.ofMillis(200), 4, 4);
    }

    private final InetSocketAddress server;
    private final TransactionId id;
    private final Timing timing;
    private int sent;
    private boolean transmitDue;
    private long deadlineNanos;

    BindingTransaction(InetSocketAddress server, TransactionId id, Timing timing, long nowNanos) {
        this.server = server;
        this.id = id;
        this.timing = timing;
        send(nowNanos);
    }

    /// Whether this is a message with the transaction's id from exactly the server asked.
    boolean matches(InetSocketAddress from, ByteBuffer datagram) {
        return from.equals(server) && StunMessage.carries(id, datagram);
    }

    /// Repeats the request if that is due.
    ///
    /// @return whether the transaction goes on; false when it has timed out
    boolean handleTimeout(long nowNanos) {
        if (deadlineNanos - nowNanos > 0) {
            return true;
        }
        if (sent == timing.rc()) {
            return false;
        }
        send(nowNanos);
        return true;
    }

    /// Writes the request if a copy is to be sent now.
    boolean pollTransmit(ByteBuffer into) {
        if (!takeTransmit()) {
            return false;
        }
        StunMessage.writeBindingRequest(id, into);
        return true;
    }

    /// Whether a copy is to be sent now; each is told once.
    boolean takeTransmit() {
        boolean due = transmitDue;
        transmitDue = false;
        return due;
    }

    long nanosUntilTimeout(long nowNanos) {
        return deadlineNanos - nowNanos;
    }

    private void send(long nowNanos) {
        transmitDue = true;
        sent++;
        long waits = sent == timing.rc() ? timing.rm() : 1L << (sent - 1);
        deadlineNanos = nowNanos + timing.rto().toNanos() * waits;
    }
}
