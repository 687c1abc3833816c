package natt.discovery.stun.proto;

import java.nio.ByteBuffer;
import java.util.random.RandomGenerator;

/// The 96 bits that tie a response to its request: all that a forger who does not see the
/// request has to guess (RFC 8489, section 5).
record TransactionId(int head, long tail) {

    static TransactionId random(RandomGenerator random) {
        return new TransactionId(random.nextInt(), random.nextLong());
    }

    static TransactionId read(ByteBuffer in, int index) {
        return new TransactionId(in.getInt(index), in.getLong(index + Integer.BYTES));
    }

    void write(ByteBuffer into) {
        into.putInt(head).putLong(tail);
    }
}
