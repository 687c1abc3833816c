package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/// When a peer is asked whether it is there.
class LivenessTests {
    private static final long HEARD = Long.MAX_VALUE - 500 * World.MILLI;

    /// Behind the moment at which the ticker's values wrap.
    private static final long SENT = HEARD + 600 * World.MILLI;

    private static Liveness liveness(boolean initiator) {
        var liveness = new Liveness(initiator, Liveness.Pace.STREAMS, HEARD);
        liveness.sent(SENT);
        return liveness;
    }

    @Test
    void peerIsAskedASecondAfterTheLastDatagramAlsoWhenTimeWraps() {
        assertEquals(World.SECOND, liveness(true).nanosUntilAsk(true, 0, SENT));
        assertEquals(World.SECOND, liveness(false).nanosUntilAsk(true, 0, SENT));
    }

    @Test
    void peerIsAskedFifteenSecondsAfterItWasHeardAlsoWhenTimeWraps() {
        assertEquals(14_400 * World.MILLI, liveness(true).nanosUntilAsk(false, 0, SENT));
        assertEquals(19_400 * World.MILLI, liveness(false).nanosUntilAsk(false, 0, SENT));
    }
}
