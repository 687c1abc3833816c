package natt.wireguard.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.Engine;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

class HandshakeRepeaterTests {
    private static final long MILLI = 1_000_000;

    /// Near where nanoseconds wrap.
    private static final long START = Long.MAX_VALUE - 500 * MILLI;

    private final HandshakeRepeater repeater = new HandshakeRepeater(true);
    private final ByteBuffer out = ByteBuffer.allocate(200);

    private static ByteBuffer message(int type, int length) {
        return ByteBuffer.allocate(length).put(0, (byte) type).put(length - 1, (byte) 7);
    }

    private boolean repeats(long millis) {
        return repeater.repeat(out.clear(), START + millis * MILLI);
    }

    @Test
    void anInitiationWithoutAnswerIsRepeatedThreeTimes() {
        assertTrue(repeater.sent(message(1, 148), START));
        List<Long> at = new ArrayList<>();
        for (long millis = 0; millis < 10_000; millis++) {
            if (repeats(millis)) {
                at.add(millis);
                assertEquals(message(1, 148), out.flip());
            }
        }
        assertEquals(List.of(250L, 750L, 1_750L), at);
        assertFalse(repeater.isHolding());
        assertEquals(Engine.NEVER, repeater.nanosUntilRepeat(START));
    }

    @Test
    void anAnswerEndsThat() {
        for (int type = 2; type <= 4; type++) {
            repeater.sent(message(1, 148), START);
            assertEquals(250 * MILLI, repeater.nanosUntilRepeat(START));
            assertTrue(repeater.received(message(type, 92)));
            assertFalse(repeats(5_000));
        }
    }

    @Test
    void ofTwoThatBeginOneGivesWay() {
        var other = new HandshakeRepeater(false);
        repeater.sent(message(1, 148), START);
        other.sent(message(1, 148), START);
        assertFalse(repeater.received(message(1, 148)));
        assertTrue(other.received(message(1, 148)));
        assertFalse(other.isHolding());
        assertTrue(repeats(250));
    }

    @Test
    void aResponseIsRepeatedThoughTheInitiationComesAgain() {
        repeater.sent(message(2, 92), START);
        assertTrue(repeater.received(message(1, 148)));
        assertTrue(repeats(250));
        assertEquals(message(2, 92), out.flip());
    }

    @Test
    void aResponseReplacesTheInitiation() {
        assertTrue(repeater.sent(message(1, 148), START));
        assertFalse(repeater.sent(message(2, 92), START + 100 * MILLI));
        assertFalse(repeats(349));
        assertTrue(repeats(350));
        assertEquals(message(2, 92), out.flip());
    }

    @Test
    void nothingElseIsRepeated() {
        for (ByteBuffer each :
                List.of(
                        ByteBuffer.allocate(0),
                        message(1, 147),
                        message(2, 148),
                        message(3, 64),
                        message(4, 148))) {
            assertFalse(repeater.sent(each, START));
            assertFalse(repeater.isHolding());
            assertFalse(repeats(5_000));
        }
        assertTrue(repeater.received(ByteBuffer.allocate(0)));
    }

    @Test
    void whatIsSentStaysAsItIs() {
        ByteBuffer framed = ByteBuffer.allocate(200).position(20);
        framed.put(message(1, 148)).flip().position(20);
        repeater.sent(framed, START);
        assertEquals(148, framed.remaining());
        assertTrue(repeats(250));
        assertEquals(message(1, 148), out.flip());
    }
}
