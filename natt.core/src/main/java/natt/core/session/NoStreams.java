package natt.core.session;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.spi.Engine;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// The streams of a session that carries none.
class NoStreams implements Transport.Multiplexer {
    /// Of sessions that carry messages: one for all.
    static final NoStreams ALL = new NoStreams();

    private static final Transport.Estimate NOTHING = new Transport.Estimate(Duration.ZERO, 0, 0);

    NoStreams() {}

    @Override
    public Transport.Stream dial(String service, long nowNanos) {
        return Refused.STREAM;
    }

    @Override
    public Transport.@Nullable Stream accept() {
        return null;
    }

    @Override
    public Transport.@Nullable Stream pollReady() {
        return null;
    }

    @Override
    public void handleDatagram(ByteBuffer datagram, long nowNanos) {}

    @Override
    public boolean pollDatagram(ByteBuffer into, int limit, long nowNanos) {
        return false;
    }

    @Override
    public void handleTimeout(long nowNanos) {}

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return Engine.NEVER;
    }

    @Override
    public void useDatagrams(int length, long nowNanos) {}

    @Override
    public void pause(long nowNanos) {}

    @Override
    public void resume(long nowNanos) {}

    @Override
    public void pathChanged(long nowNanos) {}

    @Override
    public void roundTripMeasured(long nanos, long nowNanos) {}

    @Override
    public boolean hasOutstanding() {
        return false;
    }

    @Override
    public int openStreams() {
        return 0;
    }

    @Override
    public void close(CloseReason reason, long nowNanos) {}

    @Override
    public Transport.Estimate estimate() {
        return NOTHING;
    }

    @Override
    public Map<String, Long> counters() {
        return Map.of();
    }

    /// What whoever dials all the same gets.
    private static final class Refused implements Transport.Stream {
        static final Refused STREAM = new Refused();

        @Override
        public String service() {
            return "";
        }

        @Override
        public int write(ByteBuffer data, long nowNanos) {
            return 0;
        }

        @Override
        public int read(ByteBuffer into, long nowNanos) {
            return -1;
        }

        @Override
        public void finish(long nowNanos) {}

        @Override
        public void reset(ResetCode code, long nowNanos) {}

        @Override
        public boolean delivered() {
            return true;
        }

        @Override
        public Optional<CloseReason> closed() {
            return Optional.of(new CloseReason.Local());
        }

        @Override
        public boolean answered() {
            return false;
        }

        @Override
        public Duration roundTripTime() {
            return Duration.ZERO;
        }
    }
}
