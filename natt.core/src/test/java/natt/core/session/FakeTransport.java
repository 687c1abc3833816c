package natt.core.session;

import natt.core.CloseReason;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Datagrams in place of streams: sends what it is given, once, and keeps what arrives.
final class FakeTransport implements Transport {
    final List<Mux> opened = new ArrayList<>();

    @Override
    public String id() {
        return "fake";
    }

    @Override
    public int capability() {
        return 1;
    }

    @Override
    public Mux open(Context context) {
        var mux = new Mux(context);
        opened.add(mux);
        return mux;
    }

    static final class Mux implements Multiplexer {
        final Context context;
        final ArrayDeque<byte[]> toSend = new ArrayDeque<>();
        final List<byte[]> received = new ArrayList<>();
        Optional<CloseReason> closed = Optional.empty();
        boolean paused;
        boolean outstanding;
        int datagramLength;
        int resumed;
        int pathChanges;
        long roundTrip;

        private Mux(Context context) {
            this.context = context;
            datagramLength = context.firstDatagram();
        }

        void send(byte[] datagram) {
            toSend.add(datagram);
        }

        @Override
        public @Nullable Stream accept() {
            return null;
        }

        @Override
        public @Nullable Stream pollReady() {
            return null;
        }

        @Override
        public Stream dial(String service, long nowNanos) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void handleDatagram(ByteBuffer datagram, long nowNanos) {
            var copy = new byte[datagram.remaining()];
            datagram.get(copy);
            received.add(copy);
        }

        @Override
        public boolean pollDatagram(ByteBuffer into, int limit, long nowNanos) {
            byte[] next = paused ? null : toSend.poll();
            if (next != null) {
                into.put(next);
            }
            return next != null;
        }

        @Override
        public void handleTimeout(long nowNanos) {}

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return paused || toSend.isEmpty() ? Long.MAX_VALUE : 0;
        }

        @Override
        public void useDatagrams(int length, long nowNanos) {
            datagramLength = length;
        }

        @Override
        public void pause(long nowNanos) {
            paused = true;
        }

        @Override
        public void resume(long nowNanos) {
            resumed += paused ? 1 : 0;
            paused = false;
        }

        @Override
        public void pathChanged(long nowNanos) {
            pathChanges++;
        }

        @Override
        public void roundTripMeasured(long nanos, long nowNanos) {
            roundTrip = nanos;
        }

        @Override
        public boolean hasOutstanding() {
            return outstanding;
        }

        @Override
        public int openStreams() {
            return 0;
        }

        @Override
        public void close(CloseReason reason, long nowNanos) {
            closed = Optional.of(reason);
        }

        @Override
        public Estimate estimate() {
            return new Estimate(Duration.ofNanos(roundTrip), 0, 0);
        }

        @Override
        public Map<String, Long> counters() {
            return Map.of();
        }
    }
}
