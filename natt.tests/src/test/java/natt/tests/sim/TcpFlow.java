package natt.tests.sim;

import natt.core.spi.Engine;
import natt.testkit.SimHost;
import natt.testkit.SimNetwork;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.TreeMap;

/// A TCP connection that sends for ever, as far as it matters to those beside it: what is in
/// flight, when, and what it makes of losses. Every packet is acknowledged, with its number.
final class TcpFlow {
    private static final int PORT = 5001;
    private static final int PACKET = 1472;
    private static final long NEVER = Engine.NEVER;

    /// Decides how much may be in flight, in packets, and how fast it leaves.
    interface Law {
        double window();

        /// Nanoseconds between packets; 0 if only the window says when.
        default long pace() {
            return 0;
        }

        void acknowledged(long rttNanos, double packetsPerNano, int inFlight, long nowNanos);

        void lost(int inFlight, long nowNanos);
    }

    private final SimNetwork network;
    private final InetSocketAddress to;
    private final Law law;
    private final TreeMap<Integer, long[]> flying = new TreeMap<>();
    private int next;
    private int recovery = -1;
    private long delivered;
    private long deliveredAt;
    private long paceFrom;
    private long received;

    TcpFlow(SimNetwork network, SimHost host, SimHost far, Law law) {
        this.network = network;
        this.law = law;
        var receiver = far.bind(PORT, new Receiver());
        to = receiver.local();
        host.bind(PORT, new Sender());
        paceFrom = network.nanoTime();
        deliveredAt = paceFrom;
    }

    /// How many bytes have arrived.
    long received() {
        return received;
    }

    private final class Receiver implements Engine {
        private final ArrayDeque<Integer> acks = new ArrayDeque<>();
        private @Nullable InetSocketAddress sender;

        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            sender = from;
            int number = datagram.getInt();
            received += PACKET;
            acks.add(number);
            return true;
        }

        @Override
        public void handleTimeout(long nowNanos) {}

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            Integer number = acks.poll();
            if (number == null) {
                return null;
            }
            into.putInt(number).putLong(0).putLong(0);
            return sender;
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return NEVER;
        }
    }

    private final class Sender implements Engine {
        private long lastAck = network.nanoTime();
        private long longest = 1_000_000_000;

        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            int number = datagram.getInt();
            long[] sent = flying.remove(number);
            if (sent == null) {
                return true;
            }
            lastAck = nowNanos;
            delivered++;
            deliveredAt = nowNanos;
            long rtt = nowNanos - sent[0];
            longest = 2 * rtt + 200_000_000;
            double rate = (double) (delivered - sent[1]) / Math.max(1, nowNanos - sent[2]);
            law.acknowledged(rtt, rate, flying.size(), nowNanos);
            while (!flying.isEmpty() && flying.firstKey() <= number - 3) {
                int gone = flying.pollFirstEntry().getKey();
                lose(gone, nowNanos);
            }
            return true;
        }

        /// One reaction for all that were lost in a round trip.
        private void lose(int number, long nowNanos) {
            if (number > recovery) {
                recovery = next;
                law.lost(flying.size(), nowNanos);
            }
        }

        @Override
        public void handleTimeout(long nowNanos) {
            if (!flying.isEmpty() && nowNanos - lastAck >= longest) {
                flying.clear();
                lastAck = nowNanos;
                law.lost(1, nowNanos);
            }
        }

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            if (flying.size() >= (int) law.window() || nowNanos - paceFrom < 0) {
                return null;
            }
            if (flying.isEmpty()) {
                lastAck = nowNanos;
                deliveredAt = nowNanos;
            }
            flying.put(next, new long[] {nowNanos, delivered, deliveredAt});
            into.putInt(next++).position(PACKET);
            if (law.pace() > 0) {
                paceFrom = Math.max(paceFrom, nowNanos - 1_000_000) + law.pace();
            }
            return to;
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            long loss = flying.isEmpty() ? NEVER : lastAck + longest - nowNanos;
            if (law.pace() > 0 && flying.size() < (int) law.window() && paceFrom - nowNanos > 0) {
                return Math.min(loss, paceFrom - nowNanos);
            }
            return loss;
        }
    }

    /// CUBIC (RFC 9438) with slow start that ends when the delay grows (RFC 9406).
    static final class Cubic implements Law {
        private static final double C = 0.4;
        private static final double BETA = 0.7;

        private double window = 10;
        private double threshold = Double.MAX_VALUE;
        private double most;
        private double origin;
        private double reno;
        private long epochAt;
        private boolean epoch;
        private long leastRtt = Long.MAX_VALUE;

        @Override
        public double window() {
            return window;
        }

        @Override
        public void acknowledged(long rtt, double rate, int inFlight, long now) {
            leastRtt = Math.min(leastRtt, rtt);
            if (window < threshold) {
                window++;
                long rise = Math.clamp(leastRtt / 8, 4_000_000, 16_000_000);
                if (window > 16 && rtt > leastRtt + rise) {
                    threshold = window;
                }
                return;
            }
            if (!epoch) {
                epoch = true;
                epochAt = now;
                most = Math.max(most, window);
                origin = Math.cbrt((most - window) / C);
                reno = window;
            }
            double t = (now - epochAt + rtt) / 1e9 - origin;
            double target = Math.clamp(C * t * t * t + most, window, 1.5 * window);
            reno += 3 * (1 - BETA) / (1 + BETA) / window;
            window = Math.max(window + (target - window) / window, reno);
        }

        @Override
        public void lost(int inFlight, long now) {
            most = window < most ? window * (1 + BETA) / 2 : window;
            window = Math.max(2, window * BETA);
            threshold = window;
            epoch = false;
        }
    }

    /// BBR of version 1, as kernels have it.
    static final class Bbr implements Law {
        private static final double START = 2.885;
        private static final double[] CYCLE = {1.25, 0.75, 1, 1, 1, 1, 1, 1};
        private static final long PROBE_EVERY = 10_000_000_000L;
        private static final long PROBE_TIME = 200_000_000;

        private final double[] best = new double[10];
        private int slot;
        private double rate = 10 / 20e6;
        private long leastRtt = Long.MAX_VALUE;
        private long leastAt;
        private long roundAt;
        private double full;
        private int fullRounds;
        private boolean started;
        private boolean drained;
        private int cycle;
        private long cycleAt;
        private long probeUntil;
        private boolean probing;

        @Override
        public double window() {
            if (leastRtt == Long.MAX_VALUE) {
                return 10;
            }
            return probing ? 4 : Math.max(4, (started ? 2 : START) * rate * leastRtt + 3);
        }

        @Override
        public long pace() {
            return (long) (1 / (0.99 * gain() * rate));
        }

        private double gain() {
            if (!started) {
                return START;
            }
            return !drained ? 1 / START : probing ? 1 : CYCLE[cycle];
        }

        @Override
        public void acknowledged(long rtt, double sample, int inFlight, long now) {
            boolean expired = leastRtt != Long.MAX_VALUE && now - leastAt > PROBE_EVERY;
            if (rtt <= leastRtt || expired) {
                leastRtt = rtt;
                leastAt = now;
            }
            if (expired) {
                probing = true;
                probeUntil = 0;
            }
            if (probing) {
                if (probeUntil == 0 && inFlight <= 4) {
                    probeUntil = now + PROBE_TIME;
                } else if (probeUntil != 0 && now - probeUntil > 0) {
                    probing = false;
                    leastAt = now;
                }
            }
            boolean round = now - roundAt > rtt;
            if (round) {
                roundAt = now;
                slot = (slot + 1) % best.length;
                best[slot] = 0;
            }
            best[slot] = Math.max(best[slot], sample);
            rate = 0;
            for (double each : best) {
                rate = Math.max(rate, each);
            }
            if (!started && round) {
                if (rate > 1.25 * full) {
                    full = rate;
                    fullRounds = 0;
                } else if (++fullRounds >= 3) {
                    started = true;
                }
            }
            if (started && !drained && inFlight <= rate * leastRtt) {
                drained = true;
                cycle = 2;
                cycleAt = now;
            }
            if (drained && now - cycleAt > leastRtt) {
                cycle = (cycle + 1) % CYCLE.length;
                cycleAt = now;
            }
        }

        @Override
        public void lost(int inFlight, long now) {
            // The first version does not mind.
        }
    }
}
