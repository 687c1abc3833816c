package natt.core.session;

import natt.core.NodeKey;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/// Questions for the key of a broker, and, on a broker, the answers to them.
final class KeyQuestions {
    private static final int NONCE = Wire.KEY_AT - Wire.KEY_NONCE;

    private final NodeKey own;
    private final boolean broker;
    private final RandomGenerator random;
    private final SourceBuckets sources;
    private final List<KeyQuestion> open = new ArrayList<>();

    /// @param broker whether this node answers
    KeyQuestions(NodeKey own, boolean broker, RandomGenerator random) {
        this.own = own;
        this.broker = broker;
        this.random = random;
        sources = new SourceBuckets(random);
    }

    KeyQuestion ask(List<InetSocketAddress> addresses, long nowNanos) {
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException("nobody to ask");
        }
        var nonce = new byte[NONCE];
        random.nextBytes(nonce);
        var question = new KeyQuestion(addresses, nonce, nowNanos);
        open.add(question);
        return question;
    }

    /// Returns the answer to a question, or null if it deserves none.
    byte @Nullable [] answer(InetSocketAddress from, byte[] in, int length, long nowNanos) {
        if (!broker
                || length != Wire.KEY_QUESTION_LENGTH
                || !Wire.begins(in, Wire.KEY_QUESTION)
                || !sources.take(from.getAddress(), nowNanos)) {
            return null;
        }
        var answer = new byte[Wire.KEY_ANSWER_LENGTH];
        answer[0] = (byte) Wire.KEY_ANSWER;
        answer[1] = Wire.VERSION;
        System.arraycopy(in, Wire.KEY_NONCE, answer, Wire.KEY_NONCE, NONCE);
        System.arraycopy(own.bytes(), 0, answer, Wire.KEY_AT, NodeKey.LENGTH);
        return answer;
    }

    /// Takes an answer; false if nobody has asked.
    boolean answered(InetSocketAddress from, byte[] in, int length) {
        if (length != Wire.KEY_ANSWER_LENGTH || !Wire.begins(in, Wire.KEY_ANSWER)) {
            return false;
        }
        for (KeyQuestion each : open) {
            boolean right = Arrays.equals(in, Wire.KEY_NONCE, Wire.KEY_AT, each.nonce(), 0, NONCE);
            if (right && each.addresses().contains(from)) {
                each.answered(
                        NodeKey.of(Arrays.copyOfRange(in, Wire.KEY_AT, Wire.KEY_ANSWER_LENGTH)));
                open.remove(each);
                return true;
            }
        }
        return false;
    }

    /// Writes the question that is due, if one is.
    @Nullable InetSocketAddress poll(ByteBuffer into, long nowNanos) {
        // Asked for every datagram: without an iterator.
        for (int i = 0; i < open.size(); i++) {
            KeyQuestion each = open.get(i);
            InetSocketAddress to = each.poll(nowNanos);
            if (to != null) {
                var question = new byte[Wire.KEY_QUESTION_LENGTH];
                question[0] = (byte) Wire.KEY_QUESTION;
                question[1] = Wire.VERSION;
                System.arraycopy(each.nonce(), 0, question, Wire.KEY_NONCE, NONCE);
                into.put(question);
                return to;
            }
        }
        return null;
    }

    void handleTimeout(long nowNanos) {
        open.removeIf(each -> each.isOver(nowNanos));
    }

    long nanosUntilTimeout(long nowNanos) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < open.size(); i++) {
            least = Math.min(least, open.get(i).nanosUntilTimeout(nowNanos));
        }
        return least;
    }
}
