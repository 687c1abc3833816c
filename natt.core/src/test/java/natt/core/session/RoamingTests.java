package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.util.Random;

/// Who is asked whether it is there, and how often.
class RoamingTests {
    private static final InetSocketAddress VICTIM = World.address("192.0.2.1:1000");

    private final Roaming roaming = new Roaming(new Random(1));
    private long now = Long.MAX_VALUE - 10 * World.SECOND;

    /// For five minutes the peer's datagrams come from an address that does not answer.
    private int challenges() {
        int sent = 0;
        for (long end = now + 300 * World.SECOND; now - end < 0; now += 250 * World.MILLI) {
            roaming.handleTimeout(now);
            roaming.heardFrom(VICTIM, now);
            while (roaming.poll(now) != null) {
                sent++;
            }
            assertTrue(roaming.nanosUntilTimeout(now) > 0);
        }
        return sent;
    }

    @Test
    void addressesThatNeverAnswerAreAskedFiftyTimesAndNotMore() {
        assertEquals(50, challenges());
        assertFalse(roaming.heardFrom(VICTIM, now));
        // The path works again, which says nothing about other addresses.
        roaming.forget();
        assertEquals(0, challenges());
    }

    @Test
    void handshakeOrAnswerAllowsFiftyMore() {
        assertEquals(50, challenges());
        roaming.forgive();
        assertTrue(roaming.heardFrom(VICTIM, now));
        long token = roaming.poll(now).token();
        assertEquals(VICTIM, roaming.answered(token));
        now += World.SECOND;
        assertEquals(50, challenges());
    }
}
