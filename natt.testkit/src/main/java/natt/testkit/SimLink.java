package natt.testkit;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/// One direction of a link: takes datagrams, says when and how they arrive. It has no clock and
/// its chance comes from a generator, so equal calls have equal results.
public final class SimLink {
    /// The IPv4 and UDP headers, which count for the rate, the queue and the MTU.
    public static final int HEADERS_LENGTH = 28;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final RandomGenerator random;
    private final Map<SimFate, Long> counts = new EnumMap<>(SimFate.class);
    private Shape shape;
    private boolean down;
    private boolean inBurst;
    private boolean used;
    private long idleFromNanos;
    private long lastArrivalNanos;
    private long duplicated;
    private long corrupted;
    private long reordered;

    public SimLink(Shape shape, RandomGenerator random) {
        this.shape = shape;
        this.random = random;
    }

    /// What a link does to datagrams.
    ///
    /// @param delay from the end of sending to arrival
    /// @param jitter the most that chance adds to the delay; it keeps the order
    /// @param loss probability that a datagram is lost on its own
    /// @param burstStart probability that a datagram is the first of a burst of losses
    /// @param burstLength mean number of datagrams in a burst, at least 1; geometric
    /// @param reorder probability that a datagram is held back, while others overtake it
    /// @param reorderBy for how long
    /// @param duplicate probability that a datagram arrives twice
    /// @param corrupt probability that one bit is flipped, past the checksum
    /// @param bitsPerSecond of IP packets; 0 for an infinitely fast link
    /// @param queueBytes of IP packets that may wait, including the one being sent
    /// @param mtu the longest IP packet in bytes
    public record Shape(
            Duration delay,
            Duration jitter,
            double loss,
            double burstStart,
            double burstLength,
            double reorder,
            Duration reorderBy,
            double duplicate,
            double corrupt,
            long bitsPerSecond,
            int queueBytes,
            int mtu) {

        public Shape {
            for (double p : new double[] {loss, burstStart, reorder, duplicate, corrupt}) {
                if (!(p >= 0 && p <= 1)) {
                    throw new IllegalArgumentException("no probability: " + p);
                }
            }
            if (!(burstLength >= 1) || bitsPerSecond < 0) {
                throw new IllegalArgumentException("burst length or rate out of range");
            }
            if (delay.isNegative() || jitter.isNegative() || reorderBy.isNegative()) {
                throw new IllegalArgumentException("negative time");
            }
        }

        /// A millisecond of delay, Ethernet's MTU and no fault.
        public static Shape clean() {
            Duration none = Duration.ZERO;
            Duration delay = Duration.ofMillis(1);
            return new Shape(delay, none, 0, 0, 1, 0, none, 0, 0, 0, Integer.MAX_VALUE, 1500);
        }

        public Shape withDelay(Duration newDelay) {
            return withTimes(newDelay, jitter);
        }

        public Shape withJitter(Duration newJitter) {
            return withTimes(delay, newJitter);
        }

        public Shape withLoss(double probability) {
            return withLosses(probability, burstStart, burstLength);
        }

        public Shape withBursts(double start, double meanLength) {
            return withLosses(loss, start, meanLength);
        }

        public Shape withReorder(double probability, Duration by) {
            return withFaults(probability, by, duplicate, corrupt);
        }

        public Shape withDuplicate(double probability) {
            return withFaults(reorder, reorderBy, probability, corrupt);
        }

        public Shape withCorrupt(double probability) {
            return withFaults(reorder, reorderBy, duplicate, probability);
        }

        public Shape withRate(long newBitsPerSecond, int newQueueBytes) {
            return withSizes(newBitsPerSecond, newQueueBytes, mtu);
        }

        public Shape withMtu(int newMtu) {
            return withSizes(bitsPerSecond, queueBytes, newMtu);
        }

        private Shape withTimes(Duration d, Duration j) {
            return new Shape(
                    d,
                    j,
                    loss,
                    burstStart,
                    burstLength,
                    reorder,
                    reorderBy,
                    duplicate,
                    corrupt,
                    bitsPerSecond,
                    queueBytes,
                    mtu);
        }

        private Shape withLosses(double single, double start, double length) {
            return new Shape(
                    delay,
                    jitter,
                    single,
                    start,
                    length,
                    reorder,
                    reorderBy,
                    duplicate,
                    corrupt,
                    bitsPerSecond,
                    queueBytes,
                    mtu);
        }

        private Shape withFaults(double r, Duration by, double twice, double flipped) {
            return new Shape(
                    delay,
                    jitter,
                    loss,
                    burstStart,
                    burstLength,
                    r,
                    by,
                    twice,
                    flipped,
                    bitsPerSecond,
                    queueBytes,
                    mtu);
        }

        private Shape withSizes(long rate, int queue, int packet) {
            return new Shape(
                    delay,
                    jitter,
                    loss,
                    burstStart,
                    burstLength,
                    reorder,
                    reorderBy,
                    duplicate,
                    corrupt,
                    rate,
                    queue,
                    packet);
        }
    }

    /// A datagram at the far end.
    public record Arrival(byte[] payload, long atNanos) {}

    /// What became of a datagram.
    ///
    /// @param arrivals none, one, or two when it was duplicated
    public record Transit(SimFate fate, List<Arrival> arrivals) {}

    public Shape shape() {
        return shape;
    }

    /// Changes the link for datagrams sent from now on.
    public void shape(Shape newShape) {
        shape = newShape;
    }

    /// Takes the link down or up. What is on its way arrives.
    public void outage(boolean nowDown) {
        down = nowDown;
    }

    public boolean isDown() {
        return down;
    }

    /// Sends a datagram. Time must not go backwards from call to call.
    public Transit transmit(byte[] payload, long nowNanos) {
        int length = HEADERS_LENGTH + payload.length;
        if (!used) {
            used = true;
            idleFromNanos = nowNanos;
            lastArrivalNanos = nowNanos;
        }
        SimFate fate = fate(length, nowNanos);
        counts.merge(fate, 1L, Long::sum);
        if (fate != SimFate.PASSED) {
            return new Transit(fate, List.of());
        }
        byte[] arriving = happens(shape.corrupt) ? corrupt(payload) : payload.clone();
        long at = arrivalNanos();
        if (happens(shape.duplicate)) {
            duplicated++;
            var second = new Arrival(arriving.clone(), at);
            return new Transit(fate, List.of(new Arrival(arriving, at), second));
        }
        return new Transit(fate, List.of(new Arrival(arriving, at)));
    }

    /// How many datagrams met this fate.
    public long count(SimFate fate) {
        return counts.getOrDefault(fate, 0L);
    }

    /// How long a datagram that comes now would wait before it is sent, in nanoseconds.
    public long waitNanos(long nowNanos) {
        return used ? Math.max(0, idleFromNanos - nowNanos) : 0;
    }

    public long duplicated() {
        return duplicated;
    }

    public long corrupted() {
        return corrupted;
    }

    public long reordered() {
        return reordered;
    }

    private SimFate fate(int length, long nowNanos) {
        if (down) {
            return SimFate.OUTAGE;
        }
        if (length > shape.mtu) {
            return SimFate.TOO_LARGE;
        }
        if (!enqueue(length, nowNanos)) {
            return SimFate.QUEUE_FULL;
        }
        return lost() ? SimFate.LOST : SimFate.PASSED;
    }

    /// Takes room in the queue and time on the link; a datagram lost later has used both.
    private boolean enqueue(int length, long nowNanos) {
        if (idleFromNanos - nowNanos < 0) {
            idleFromNanos = nowNanos;
        }
        if (shape.bitsPerSecond == 0) {
            return true;
        }
        double bytesPerNano = shape.bitsPerSecond / (double) Byte.SIZE / NANOS_PER_SECOND;
        if ((idleFromNanos - nowNanos) * bytesPerNano + length > shape.queueBytes) {
            return false;
        }
        idleFromNanos += Math.round(length / bytesPerNano);
        return true;
    }

    private boolean lost() {
        if (inBurst) {
            inBurst = !happens(1 / shape.burstLength);
        }
        if (!inBurst) {
            inBurst = happens(shape.burstStart);
        }
        return inBurst || happens(shape.loss);
    }

    private long arrivalNanos() {
        long jitter = shape.jitter.toNanos();
        long extra = jitter == 0 ? 0 : random.nextLong(jitter + 1);
        long at = idleFromNanos + shape.delay.toNanos() + extra;
        if (happens(shape.reorder)) {
            reordered++;
            return at + shape.reorderBy.toNanos();
        }
        if (at - lastArrivalNanos < 0) {
            at = lastArrivalNanos;
        }
        lastArrivalNanos = at;
        return at;
    }

    private byte[] corrupt(byte[] payload) {
        byte[] copy = payload.clone();
        if (copy.length > 0) {
            int bit = random.nextInt(Byte.SIZE * copy.length);
            copy[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            corrupted++;
        }
        return copy;
    }

    private boolean happens(double probability) {
        return probability > 0 && random.nextDouble() < probability;
    }
}
