package natt.transport.kcp;

import natt.core.spi.Transport;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/// A known sequence of bytes on its way from one stream to another, checked byte by byte.
final class Bulk {
    private final Transport.Stream from;
    private final long total;
    private final SplittableRandom source;
    private final SplittableRandom expected;
    private final ByteBuffer out = ByteBuffer.allocate(8192).limit(0);
    private final ByteBuffer in = ByteBuffer.allocate(8192);
    private Transport.Stream to;
    private long written;
    long received;
    boolean ended;

    Bulk(Transport.Stream from, Transport.Stream to, long total, long seed) {
        this.from = from;
        this.to = to;
        this.total = total;
        source = new SplittableRandom(seed);
        expected = new SplittableRandom(seed);
    }

    /// Writes what is taken and reads what has come.
    void pump(long now) {
        write(now);
        read(now);
    }

    void write(long now) {
        while (written < total || out.hasRemaining()) {
            if (!out.hasRemaining()) {
                out.clear();
                while (out.hasRemaining() && written < total) {
                    out.put((byte) source.nextInt());
                    written++;
                }
                out.flip();
            }
            if (from.write(out, now) == 0) {
                return;
            }
        }
    }

    boolean written() {
        return written == total && !out.hasRemaining();
    }

    void read(long now) {
        int n;
        while ((n = to.read(in.clear(), now)) > 0) {
            for (int i = 0; i < n; i++) {
                byte want = (byte) expected.nextInt();
                if (in.get(i) != want) {
                    throw new AssertionError("byte %d is wrong".formatted(received + i));
                }
            }
            received += n;
        }
        ended |= n < 0;
    }

    boolean done() {
        return received == total;
    }
}
