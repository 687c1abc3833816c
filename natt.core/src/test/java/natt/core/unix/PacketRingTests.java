package natt.core.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
        for (int i = 1; i < 256; i++) {
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
            assertTrue(ring.hasRoom());
            assertEquals(i <= 128, ring.isHalfEmpty());
            put(i, 1);
        }
        assertFalse(ring.hasRoom());
        ring.pop();
        assertTrue(ring.hasRoom());
        assertFalse(ring.isHalfEmpty());
    }

    @Test
    void packetsThatAreManyInOneLieInSeveralUnitsAndShortOnesBetweenThem() {
        var large = new PacketRing(65_545);
        for (int round = 0; round < 100; round++) {
            int count = 0;
            for (; large.hasRoom(); count++) {
                int length = count % 3 == 0 ? 65_545 : 60;
                large.slot().set(ValueLayout.JAVA_BYTE, 0, (byte) count);
                large.slot().set(ValueLayout.JAVA_BYTE, length - 1, (byte) -count);
                large.put(length);
            }
            assertTrue(count >= 18, "only " + count);
            for (int i = 0; i < count; i++) {
                ByteBuffer packet = large.peek();
                int length = i % 3 == 0 ? 65_545 : 60;
                assertEquals(length, packet == null ? 0 : packet.remaining());
                assertEquals(i, packet == null ? 0 : packet.get(0));
                assertEquals(-i, packet == null ? 0 : packet.get(length - 1));
                large.pop();
            }
            assertTrue(large.isEmpty());
        }
    }

    @Test
    void aShortPacketNeedsRoomForALongOneSinceItsLengthIsNotKnownBefore() {
        var large = new PacketRing(65_545);
        for (int i = 0; i < 256 - 32; i++) {
            assertTrue(large.hasRoom());
            large.put(1);
        }
        // The last 32 reach to the end and beyond.
        assertTrue(large.hasRoom());
        large.put(1);
        assertTrue(large.hasRoom());
    }

    @Test
    void aPacketThatDoesNotFitIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new PacketRing(262_145));
    }
}
