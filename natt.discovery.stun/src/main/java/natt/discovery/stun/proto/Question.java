package natt.discovery.stun.proto;

import natt.core.Route;
import natt.core.spi.AddressDiscovery.Observation;
import natt.discovery.stun.proto.BindingTransaction.Timing;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;

/// One Binding request that is asked at its time, and what came of it.
final class Question {
    /// Without CHANGE-REQUEST.
    static final int PLAIN = -1;

    /// To one of our own mappings: what is expected is not an answer, but the request.
    private static final int HAIRPIN = -2;

    final InetSocketAddress to;
    private final int change;
    private final int arrivesAt;
    private final TransactionId id;
    private final Timing timing;
    private final long startNanos;
    private @Nullable BindingTransaction transaction;
    private @Nullable Answer answer;
    private boolean arrived;
    private boolean ended;
    private boolean heard;
    private long lastSentNanos;

    /// A success response with a usable address.
    ///
    /// @param mapped the source that the server saw
    record Answer(
            InetSocketAddress mapped,
            Optional<InetSocketAddress> responseOrigin,
            Optional<InetSocketAddress> otherAddress,
            long nanos) {}

    private Question(
            InetSocketAddress to,
            int change,
            int arrivesAt,
            TransactionId id,
            Timing timing,
            long startNanos) {
        this.to = to;
        this.change = change;
        this.arrivesAt = arrivesAt;
        this.id = id;
        this.timing = timing;
        this.startNanos = startNanos;
    }

    /// @param change [#PLAIN], or the flags of CHANGE-REQUEST
    static Question of(
            InetSocketAddress to, int change, TransactionId id, Timing timing, long startNanos) {
        return new Question(to, change, 0, id, timing, startNanos);
    }

    /// @param arrivesAt the socket that the request arrives at if the NAT hairpins
    static Question hairpin(
            InetSocketAddress to, int arrivesAt, TransactionId id, Timing timing, long startNanos) {
        return new Question(to, HAIRPIN, arrivesAt, id, timing, startNanos);
    }

    /// Whether it has been answered or given up.
    boolean ended() {
        return ended;
    }

    /// Whether nobody has answered at all, not even with an error or from elsewhere than wished.
    boolean isSilence() {
        return ended && !heard;
    }

    @Nullable Answer answer() {
        return answer;
    }

    /// What the server said, if it has.
    Optional<Observation> observation() {
        return answer == null
                ? Optional.empty()
                : Optional.of(new Observation(to, answer.mapped, answer.nanos));
    }

    /// Whether a hairpinned request has arrived.
    boolean arrived() {
        return arrived;
    }

    /// When the last copy left: from then on a NAT counts the time without traffic.
    long lastSentNanos() {
        return lastSentNanos;
    }

    /// @return whether the datagram belongs to this question
    boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        if (transaction == null || ended || !StunMessage.carries(id, datagram)) {
            return false;
        }
        if (change == HAIRPIN ? Route.socket(from) != arrivesAt : !mayAnswer(from)) {
            return false;
        }
        if (StunMessage.decode(datagram) instanceof StunMessage.Decoded.Ok(var message)
                && message.method() == StunMessage.BINDING) {
            handleMessage(from, message, nowNanos);
        }
        return true;
    }

    /// Whether an answer may come from there. A server that heeds no CHANGE-REQUEST answers from
    /// where it was asked.
    private boolean mayAnswer(InetSocketAddress from) {
        return from.equals(to) || change > 0 && isChangedFrom(from);
    }

    private boolean isChangedFrom(InetSocketAddress from) {
        InetSocketAddress source = Route.remote(from);
        InetSocketAddress asked = Route.remote(to);
        boolean sameAddress = source.getAddress().equals(asked.getAddress());
        boolean samePort = source.getPort() == asked.getPort();
        return Route.socket(from) == Route.socket(to)
                && sameAddress == ((change & BindingRequest.CHANGE_ADDRESS) == 0)
                && samePort == ((change & BindingRequest.CHANGE_PORT) == 0);
    }

    private void handleMessage(InetSocketAddress from, StunMessage message, long nowNanos) {
        boolean request = message.kind() == StunMessage.Kind.REQUEST;
        if (change == HAIRPIN) {
            arrived |= request;
            ended |= request;
            return;
        }
        boolean success = message.kind() == StunMessage.Kind.SUCCESS;
        if (!success && message.kind() != StunMessage.Kind.ERROR) {
            return;
        }
        ended = true;
        heard = true;
        boolean heeded = change <= 0 || isChangedFrom(from);
        if (success && heeded && message.unknownRequired().isEmpty()) {
            answer =
                    message.mappedAddress()
                            .filter(MappingDiscovery::usable)
                            .map(
                                    mapped ->
                                            new Answer(
                                                    mapped,
                                                    message.responseOrigin(),
                                                    message.otherAddress(),
                                                    nowNanos))
                            .orElse(null);
        }
    }

    void handleTimeout(long nowNanos) {
        if (ended || nanosUntilTimeout(nowNanos) > 0) {
            return;
        }
        if (transaction == null) {
            transaction = new BindingTransaction(to, id, timing, nowNanos);
        } else {
            ended = !transaction.handleTimeout(nowNanos);
        }
    }

    /// Writes the request if a copy is to be sent now.
    boolean pollTransmit(ByteBuffer into, long nowNanos) {
        if (transaction == null || ended || !transaction.takeTransmit()) {
            return false;
        }
        lastSentNanos = nowNanos;
        if (change < 0) {
            StunMessage.writeBindingRequest(id, into);
        } else {
            StunMessage.writeChangeRequest(id, change, into);
        }
        return true;
    }

    long nanosUntilTimeout(long nowNanos) {
        if (ended) {
            return Long.MAX_VALUE;
        }
        return transaction == null
                ? startNanos - nowNanos
                : transaction.nanosUntilTimeout(nowNanos);
    }
}
