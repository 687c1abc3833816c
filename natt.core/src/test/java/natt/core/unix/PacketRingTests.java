package natt.core.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

class PacketRingTests {
    private final PacketRing ring = new PacketRing(1_500);

    private void put(int first, int length) {
        ring.slot().set(ValueLayout.JAVA_BYTE, 0, (byte) first);
        ring.put(length);
    }

    private ByteBuffer peek() {
        ByteBuffer packet = ring.peek();
        if (packet == null) {
            throw new AssertionError("the ring is empty");
        }
        return packet;
    }

    @Test
    void packetsLeaveInTheOrderInWhichTheyCame() {
        put(1, 20);
        put(2, 1_500);
        assertEquals(20, peek().remaining());
        assertEquals(1, peek().get());
        ring.pop();
        assertEquals(1_500, peek().remaining());
        assertEquals(2, peek().get());
        ring.pop();
        assertNull(ring.peek());
        assertTrue(ring.isEmpty());
    }

    @Test
    void aLentPacketMayBeMovedAndCutWithoutHarmToTheNextInItsSlot() {
        put(1, 20);
        ByteBuffer first = peek();
        first.position(7).limit(9);
        ring.pop();
        for (int i = 1; i < ring.capacity(); i++) {
            put(2, 30);
            ring.pop();
        }
        put(3, 1_000);
        assertSame(first, peek());
        assertEquals(0, peek().position());
        assertEquals(1_000, peek().remaining());
    }

    @Test
    void roomIsWhatIsNotTaken() {
        for (int i = 0; i < 256; i++) {
            assertEquals(256 - i, ring.room());
            put(i, 1);
        }
        assertEquals(0, ring.room());
        ring.pop();
        assertEquals(1, ring.room());
    }

    @Test
    void longPacketsHaveFewerSlots() {
        assertEquals(256, new PacketRing(576).capacity());
        assertEquals(256, ring.capacity());
        assertEquals(32, new PacketRing(9_001).capacity());
        assertEquals(16, new PacketRing(65_536).capacity());
    }
}
