package natt.tests.bench;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.stream.IntStream;

/// One bulk transfer from the service to here, of which the receiver notes what had come when.
/// Times are of [System#nanoTime], which all processes of a machine share.
final class Flow implements AutoCloseable {
    private static final int CHUNK = 1 << 16;

    private final Socket socket;
    private final Thread receiver = new Thread(this::receive, "receiver");
    private long begunNanos;
    private long[] nanos = new long[1 << 12];
    private long[] bytes = new long[1 << 12];
    private int count;
    private boolean over;

    private Flow(Socket socket) {
        this.socket = socket;
    }

    /// Begins one that the service ends by itself after a time.
    static Flow begin(InetSocketAddress at, double seconds) throws IOException {
        var flow = new Flow(Meter.begin(at, "stamped " + (long) (seconds * 1e3)));
        flow.receiver.setDaemon(true);
        flow.receiver.start();
        return flow;
    }

    private void receive() {
        byte[] chunk = new byte[CHUNK];
        try {
            socket.setSoTimeout(0);
            var in = new DataInputStream(socket.getInputStream());
            note(in.readLong(), 0);
            long all = Long.BYTES;
            for (int length; (length = in.read(chunk)) >= 0; ) {
                all += length;
                note(System.nanoTime(), all);
            }
        } catch (IOException _) {
            // Closed from this side, or the tunnel broke: what has come is what counts.
        }
        synchronized (this) {
            over = true;
            notifyAll();
        }
    }

    private synchronized void note(long at, long all) {
        if (count == 0) {
            begunNanos = at;
        }
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, count * 2);
            bytes = Arrays.copyOf(bytes, count * 2);
        }
        nanos[count] = at;
        bytes[count++] = all;
        notifyAll();
    }

    /// When the service wrote the first byte.
    synchronized long begunNanos() throws IOException, InterruptedException {
        while (count == 0) {
            if (over) {
                throw new IOException("ended before its first byte");
            }
            wait();
        }
        return begunNanos;
    }

    /// The seconds from the first byte's writing until so many had come; infinite if they have not
    /// within a time.
    synchronized double secondsUntil(long goal, double limit)
            throws IOException, InterruptedException {
        long from = begunNanos();
        while (bytes[count - 1] < goal) {
            long left = (long) (limit * 1e3) - (System.nanoTime() - from) / 1_000_000;
            if (over || left <= 0) {
                return Double.POSITIVE_INFINITY;
            }
            wait(left);
        }
        int at = Arrays.binarySearch(bytes, 0, count, goal);
        return (nanos[at < 0 ? -at - 1 : at] - from) / 1e9;
    }

    /// How many bytes came within a time.
    synchronized long bytes(long fromNanos, long toNanos) {
        return bytesUntil(toNanos) - bytesUntil(fromNanos);
    }

    double megabitsPerSecond(long fromNanos, long toNanos) {
        return bytes(fromNanos, toNanos) * 8e3 / (toNanos - fromNanos);
    }

    /// What came in each second after the first byte was written, in Mbit/s.
    double[] eachSecond(int seconds) throws IOException, InterruptedException {
        long from = begunNanos();
        return IntStream.range(0, seconds)
                .mapToDouble(
                        each ->
                                megabitsPerSecond(
                                        from + each * 1_000_000_000L,
                                        from + (each + 1) * 1_000_000_000L))
                .toArray();
    }

    private long bytesUntil(long time) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (nanos[middle] - time <= 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == 0 ? 0 : bytes[low - 1];
    }

    /// Waits until a time after the first byte was written.
    void awaitSecond(double second) throws IOException, InterruptedException {
        long left = begunNanos() + (long) (second * 1e9) - System.nanoTime();
        Thread.sleep(Math.max(0, left / 1_000_000 + 1));
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
