package natt.discovery.stun.proto;

import natt.core.spi.AddressDiscovery.Observation;
import natt.core.spi.Engine;
import natt.discovery.stun.proto.BindingTransaction.Timing;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Questions under way, in the order in which they are asked.
final class Questions {
    /// Between the first copies of two questions. Longer than what separates two datagrams on
    /// most paths, so that a NAT sees them in this order.
    static final long GAP_NANOS = Duration.ofMillis(5).toNanos();

    private final Timing timing;
    private final RandomGenerator random;
    private List<Question> all = new ArrayList<>();

    /// @param random cryptographically strong
    Questions(Timing timing, RandomGenerator random) {
        this.timing = timing;
        this.random = random;
    }

    /// Asks at a time.
    ///
    /// @param change [Question#PLAIN], or the flags of CHANGE-REQUEST
    Question ask(InetSocketAddress to, int change, long startNanos) {
        return add(Question.of(to, change, TransactionId.random(random), timing, startNanos));
    }

    /// Sends to one of our own mappings.
    Question hairpin(InetSocketAddress to, int arrivesAt, long startNanos) {
        var id = TransactionId.random(random);
        return add(Question.hairpin(to, arrivesAt, id, timing, startNanos));
    }

    /// Asks all without CHANGE-REQUEST, one after the other.
    List<Question> askInTurn(List<InetSocketAddress> servers, long startNanos) {
        var asked = new ArrayList<Question>();
        for (InetSocketAddress server : servers) {
            asked.add(ask(server, Question.PLAIN, startNanos + asked.size() * GAP_NANOS));
        }
        return asked;
    }

    private Question add(Question question) {
        all.add(question);
        return question;
    }

    boolean allEnded() {
        return all.stream().allMatch(Question::ended);
    }

    /// The answers, in the order of the questions.
    List<Observation> observations() {
        return all.stream().map(Question::observation).flatMap(Optional::stream).toList();
    }

    /// Forgets all of them.
    void clear() {
        all = new ArrayList<>();
    }

    /// @return the question that the datagram belongs to, or null
    @Nullable Question handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        InetSocketAddress source = MappingDiscovery.unwrap(from);
        for (Question question : all) {
            if (question.handleDatagram(source, datagram, nowNanos)) {
                return question;
            }
        }
        return null;
    }

    void handleTimeout(long nowNanos) {
        for (Question question : all) {
            question.handleTimeout(nowNanos);
        }
    }

    @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        for (Question question : all) {
            if (question.pollTransmit(into, nowNanos)) {
                return question.to;
            }
        }
        return null;
    }

    long nanosUntilTimeout(long nowNanos) {
        long least = Engine.NEVER;
        for (Question question : all) {
            least = Math.min(least, question.nanosUntilTimeout(nowNanos));
        }
        return least;
    }
}
