package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

class DatagramStreamTests {
    private final DatagramStream stream = new DatagramStream();
    private final List<byte[]> received = new ArrayList<>();

    private boolean receive(ByteBuffer bytes) {
        return stream.received(
                bytes,
                (datagram, _) -> {
                    var copy = new byte[datagram.remaining()];
                    datagram.get(copy);
                    received.add(copy);
                },
                0);
    }

    private static ByteBuffer frames(int... lengths) {
        ByteBuffer out = ByteBuffer.allocate(16 << 10);
        for (int length : lengths) {
            out.putShort((short) length);
            for (int i = 0; i < length; i++) {
                out.put((byte) (length + i));
            }
        }
        return out.flip();
    }

    private void assertReceived(int... lengths) {
        assertEquals(lengths.length, received.size());
        for (int i = 0; i < lengths.length; i++) {
            var all = new byte[2 + lengths[i]];
            frames(lengths[i]).get(all);
            var data = new byte[lengths[i]];
            System.arraycopy(all, 2, data, 0, data.length);
            assertArrayEquals(data, received.get(i));
        }
    }

    @Test
    void framesComeApartWhereverTheStreamIsCut() {
        int[] lengths = {1, 300, 2, 2048, 1};
        int total = frames(lengths).limit();
        for (int cut = 0; cut <= total; cut++) {
            received.clear();
            assertTrue(receive(frames(lengths).limit(cut)));
            assertTrue(receive(frames(lengths).position(cut)));
            assertReceived(lengths);
        }
    }

    @Test
    void framesComeApartByteByByte() {
        int[] lengths = {1, 300, 2, 2048, 1};
        ByteBuffer all = frames(lengths);
        while (all.hasRemaining()) {
            assertTrue(receive(ByteBuffer.wrap(new byte[] {all.get()})));
        }
        assertReceived(lengths);
    }

    @Test
    void aLengthThatNoDatagramHasEndsTheStream() {
        for (int length : new int[] {0, 2049, 0xffff}) {
            ByteBuffer bytes = ByteBuffer.allocate(4).putShort(0, (short) length);
            assertFalse(receive(bytes));
            var other = new DatagramStream();
            assertTrue(other.received(bytes.duplicate().position(0).limit(1), (_, _) -> {}, 0));
            assertFalse(other.received(bytes.duplicate().limit(4).position(1), (_, _) -> {}, 0));
        }
        assertEquals(0, received.size());
    }

    @Test
    void whatWaitsIsBoundedByNumberAndBytesAndTheNewestIsDropped() {
        for (int i = 0; i < 256; i++) {
            assertTrue(stream.offer(ByteBuffer.allocate(1)));
        }
        assertFalse(stream.offer(ByteBuffer.allocate(1)));
        stream.clear();
        // 255 * 2050 + 1538 = 512 KiB
        for (int i = 0; i < 255; i++) {
            assertTrue(stream.offer(ByteBuffer.allocate(2048)));
        }
        assertFalse(stream.offer(ByteBuffer.allocate(1537)));
        assertTrue(stream.offer(ByteBuffer.allocate(1536)));
        assertFalse(stream.offer(ByteBuffer.allocate(1)));
    }

    @Test
    void whatIsNoDatagramIsDropped() {
        assertFalse(stream.offer(ByteBuffer.allocate(0)));
        assertFalse(stream.offer(ByteBuffer.allocate(2049)));
        assertTrue(stream.offer(ByteBuffer.allocate(2048)));
    }
}
