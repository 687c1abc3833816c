package natt.tests.sim;

import natt.core.CloseReason;
import natt.core.spi.Transport;

import java.nio.ByteBuffer;
import java.util.Optional;

/// Sends bytes, and an end; receives bytes and compares each with what the other side must have
/// sent.
final class Exchange implements Pump {
    static final String SERVICE = "exchange";

    private static final int MOST_AT_ONCE = 65_536;

    private final Transport.Stream stream;
    private final Content sending;
    private final Content expected;
    private final long toReceive;
    private final boolean finishesLast;
    private final ByteBuffer in = ByteBuffer.allocate(MOST_AT_ONCE);
    private long toSend;
    private boolean finished;
    private long received;
    private boolean ended;
    private long lastNanos;
    private long longestGapNanos;

    private Exchange(
            Transport.Stream stream,
            Content sending,
            long toSend,
            Content expected,
            long toReceive,
            boolean finishesLast,
            long nowNanos) {
        this.stream = stream;
        this.sending = sending;
        this.toSend = toSend;
        this.expected = expected;
        this.toReceive = toReceive;
        this.finishesLast = finishesLast;
        lastNanos = nowNanos;
    }

    /// The name of the service that does the other half.
    ///
    /// @param waits whether the host ends its direction only when it has everything: then the
    ///     end that the caller reads says that nothing was lost
    static String service(long seed, long up, long down, boolean waits) {
        return "%s %d %d %d %s".formatted(SERVICE, seed, up, down, waits);
    }

    static Exchange calling(Transport.Stream stream, long seed, long up, long down, long nowNanos) {
        return new Exchange(
                stream, new Content(seed), up, new Content(~seed), down, false, nowNanos);
    }

    static Exchange called(Transport.Stream stream, long nowNanos) {
        String[] words = stream.service().split(" ");
        long seed = Long.parseLong(words[1]);
        long up = Long.parseLong(words[2]);
        long down = Long.parseLong(words[3]);
        boolean waits = Boolean.parseBoolean(words[4]);
        return new Exchange(
                stream, new Content(~seed), down, new Content(seed), up, waits, nowNanos);
    }

    @Override
    public Transport.Stream stream() {
        return stream;
    }

    @Override
    public void serve(long nowNanos) {
        receive(nowNanos);
        send(nowNanos);
    }

    private void receive(long nowNanos) {
        while (!ended) {
            int n = stream.read(in.clear(), nowNanos);
            if (n == 0) {
                return;
            }
            if (n < 0) {
                ended = true;
                return;
            }
            longestGapNanos = Math.max(longestGapNanos, nowNanos - lastNanos);
            lastNanos = nowNanos;
            compare(in.flip());
        }
    }

    private void compare(ByteBuffer arrived) {
        while (arrived.hasRemaining()) {
            ByteBuffer right = expected.next(arrived.remaining());
            int n = right.remaining();
            if (!arrived.slice(arrived.position(), n).equals(right)) {
                throw new AssertionError("a wrong byte among those after " + received);
            }
            right.position(right.limit());
            arrived.position(arrived.position() + n);
            received += n;
        }
        if (received > toReceive) {
            throw new AssertionError("%d bytes instead of %d".formatted(received, toReceive));
        }
    }

    private void send(long nowNanos) {
        while (toSend > 0) {
            int n = stream.write(sending.next(toSend), nowNanos);
            if (n == 0) {
                return;
            }
            toSend -= n;
        }
        if (!finished && (!finishesLast || ended)) {
            finished = true;
            stream.finish(nowNanos);
        }
    }

    long received() {
        return received;
    }

    /// Whether all bytes have arrived, and then the end, and the peer has what was sent.
    boolean complete() {
        return ended && received == toReceive && finished && stream.delivered();
    }

    /// Whether the stream has ended in order on this side.
    boolean closed() {
        Optional<CloseReason> reason = stream.closed();
        return complete() && reason.equals(Optional.of(new CloseReason.Finished()));
    }

    /// The longest time for which nothing arrived.
    long longestGapNanos() {
        return longestGapNanos;
    }
}
