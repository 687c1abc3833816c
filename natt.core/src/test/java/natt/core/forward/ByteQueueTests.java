package natt.core.forward;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

@Timeout(30)
class ByteQueueTests {

    @Test
    void bytesComeOutInOrderThroughEveryGrowthAndWrap() {
        var random = new SplittableRandom(3);
        var queue = new ByteQueue(100_000);
        var in = new ByteArrayOutputStream();
        var out = new ByteArrayOutputStream();
        for (int i = 0; i < 2_000; i++) {
            var data = new byte[random.nextInt(30_000)];
            random.nextBytes(data);
            var offered = ByteBuffer.wrap(data);
            queue.offer(offered);
            in.write(data, 0, offered.position());
            var into = ByteBuffer.allocate(random.nextInt(1, 30_000));
            queue.poll(into);
            out.write(into.array(), 0, into.position());
        }
        queue.finish();
        var rest = ByteBuffer.allocate(100_000);
        queue.poll(rest);
        out.write(rest.array(), 0, rest.position());
        assertEquals(-1, queue.poll(rest.clear()));
        assertArrayEquals(in.toByteArray(), out.toByteArray());
    }

    @Test
    void neverTakesMoreThanItsBound() {
        var queue = new ByteQueue(10);
        var data = ByteBuffer.allocate(25);
        queue.offer(data);
        assertEquals(15, data.remaining());
        queue.offer(data);
        assertEquals(15, data.remaining());
    }

    @Test
    void aWaitingWriterGoesOnWhenThereIsRoomAndGivesUpWhenBroken() throws Exception {
        var queue = new ByteQueue(10);
        var results = new java.util.concurrent.LinkedBlockingQueue<Boolean>();
        Thread writer =
                Thread.startVirtualThread(
                        () -> {
                            try {
                                results.add(queue.put(ByteBuffer.allocate(15)));
                                results.add(queue.put(ByteBuffer.allocate(15)));
                            } catch (InterruptedException impossible) {
                                results.add(false);
                            }
                        });
        int taken = 0;
        while (taken < 15) {
            taken += queue.take(ByteBuffer.allocate(4));
        }
        assertTrue(results.take());
        queue.breakOff();
        assertFalse(results.take());
        writer.join();
        assertEquals(-1, queue.take(ByteBuffer.allocate(4)));
    }
}
