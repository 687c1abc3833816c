package natt.discovery.stun.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.discovery.stun.proto.BindingTransaction.Timing;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class BindingTransactionTests {
    private static final InetSocketAddress SERVER = new InetSocketAddress("192.0.2.1", 3478);
    private static final TransactionId ID = new TransactionId(1, 2);

    /// Ten seconds before the ticker wraps.
    private static final long START = Long.MAX_VALUE - Duration.ofSeconds(10).toNanos();

    /// The instants are those of the worked example in RFC 8489, section 6.2.1.
    @Test
    void silentServerSeesTheRfcScheduleAndThenNothing() {
        assertEquals(
                List.of(0L, 500L, 1500L, 3500L, 7500L, 15500L, 31500L, -39500L),
                schedule(Timing.RFC_8489));
    }

    @Test
    void roundEndsAfterThreeAndAHalfSeconds() {
        assertEquals(List.of(0L, 500L, 1500L, -3500L), schedule(Timing.ROUND));
    }

    @Test
    void refreshEndsAfterOneAndAHalfSeconds() {
        assertEquals(List.of(0L, 500L, -1500L), schedule(Timing.REFRESH));
    }

    @Test
    void lateTimeoutSendsOneCopyAndCountsFromThen() {
        var transaction = new BindingTransaction(SERVER, ID, Timing.RFC_8489, START);
        assertTrue(transaction.pollTransmit(ByteBuffer.allocate(20)));
        long late = START + Duration.ofSeconds(4).toNanos();
        assertTrue(transaction.handleTimeout(late));
        assertTrue(transaction.pollTransmit(ByteBuffer.allocate(20)));
        assertFalse(transaction.pollTransmit(ByteBuffer.allocate(20)));
        assertEquals(Duration.ofSeconds(1).toNanos(), transaction.nanosUntilTimeout(late));
    }

    @Test
    void belongsToOneServersAddressAndPort() {
        var transaction = new BindingTransaction(SERVER, ID, Timing.RFC_8489, START);
        var request = ByteBuffer.allocate(20);
        assertTrue(transaction.pollTransmit(request));
        request.flip();
        assertTrue(transaction.matches(SERVER, request));
        assertFalse(transaction.matches(new InetSocketAddress("192.0.2.1", 3479), request));
        assertFalse(transaction.matches(new InetSocketAddress("192.0.2.2", 3478), request));
        assertTrue(transaction.matches(new InetSocketAddress("192.0.2.1", 3478), request));
    }

    /// Returns when copies are sent, in milliseconds, and negated when the transaction ends.
    private static List<Long> schedule(Timing timing) {
        var transaction = new BindingTransaction(SERVER, ID, timing, START);
        var instants = new ArrayList<Long>();
        long now = START;
        while (true) {
            if (transaction.pollTransmit(ByteBuffer.allocate(20))) {
                instants.add((now - START) / 1_000_000);
            }
            long wait = transaction.nanosUntilTimeout(now);
            assertTrue(transaction.handleTimeout(now + wait - 1));
            assertFalse(transaction.pollTransmit(ByteBuffer.allocate(20)));
            now += wait;
            if (!transaction.handleTimeout(now)) {
                instants.add((START - now) / 1_000_000);
                return instants;
            }
        }
    }
}
