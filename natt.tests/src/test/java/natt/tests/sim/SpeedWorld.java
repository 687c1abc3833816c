package natt.tests.sim;

import natt.core.session.Session;
import natt.testkit.SimFate;
import natt.testkit.SimHost;
import natt.testkit.SimLink.Shape;
import natt.testkit.SimNetwork;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Senders on one bottleneck, as in the laboratory of the benchmarks: what is lost by chance is
/// lost before it, in front of it is a queue that drops what does not fit, and the way back is
/// the same. Bytes on the wire count with the headers of UDP, IPv4 and Ethernet.
final class SpeedWorld {
    static final int HEADERS = 14 + 28;
    static final Duration QUEUE = Duration.ofMillis(50);
    private static final Duration SAMPLE = Duration.ofMillis(2);

    /// A path.
    ///
    /// @param megabits a second, of IP packets
    /// @param queue what may wait at this rate
    /// @param before what happens before the bottleneck
    record Path(long megabits, Duration roundTrip, Duration queue, Shape before) {
        static Path of(long megabits, int roundTripMillis, double loss) {
            return new Path(
                    megabits,
                    Duration.ofMillis(roundTripMillis),
                    QUEUE,
                    Shape.clean().withDelay(Duration.ZERO).withLoss(loss));
        }

        Path before(Shape shape) {
            return new Path(megabits, roundTrip, queue, shape);
        }

        Path queue(Duration time) {
            return new Path(megabits, roundTrip, time, before);
        }

        Path rate(long rate) {
            return new Path(rate, roundTrip, queue, before);
        }

        private Shape bottleneck() {
            int bytes = (int) (megabits * 125 * queue.toMillis());
            return Shape.clean()
                    .withDelay(roundTrip.dividedBy(2))
                    .withRate(megabits * 1_000_000, bytes);
        }
    }

    final SimNetwork network;
    final SimHost farHost;
    final SpeedNode far;
    private final Map<String, long[]> sent = new HashMap<>();
    private final List<SimHost> hosts = new ArrayList<>();
    private final List<Long> waits = new ArrayList<>();
    private Path path;

    SpeedWorld(long seed, Path path) {
        network = new SimNetwork(seed);
        this.path = path;
        farHost = network.internet().addHost("far", "198.51.100.1");
        far = new SpeedNode(network, farHost);
        network.trace()
                .watch(
                        (entry, payload) -> {
                            if (entry.fate() == SimFate.SENT) {
                                sent.computeIfAbsent(entry.place(), name -> new long[1])[0] +=
                                        entry.length() + HEADERS;
                            }
                        });
        use(path);
    }

    /// Changes the path for what is sent from now on.
    void use(Path newPath) {
        path = newPath;
        farHost.down().shape(path.bottleneck());
        farHost.up().shape(path.before());
        hosts.forEach(this::shape);
    }

    private void shape(SimHost host) {
        host.up().shape(path.before());
        host.down().shape(path.bottleneck());
    }

    SimHost addHost() {
        int number = hosts.size() + 2;
        var host = network.internet().addHost("near" + number, "198.51.100." + number);
        hosts.add(host);
        shape(host);
        return host;
    }

    /// A flow of the one process to a process of its own at the far end's host.
    Flow flow() {
        return new Flow(new SpeedNode(network, addHost()), far);
    }

    /// Another process at the far end.
    Flow flowToAnother(int number) {
        return new Flow(
                new SpeedNode(network, addHost()),
                new SpeedNode(network, farHost, 30_000 + number));
    }

    /// A TCP connection that begins to send.
    TcpFlow tcp(TcpFlow.Law law) {
        return new TcpFlow(network, addHost(), farHost, law);
    }

    /// A sender and who takes what it sends.
    final class Flow {
        final SpeedNode near;
        final SpeedNode to;
        final Session session;

        private Flow(SpeedNode near, SpeedNode to) {
            this.near = near;
            this.to = to;
            session = near.connect(to);
        }

        void send(long bytes) {
            near.send(session, bytes);
        }

        long wireBytes() {
            return SpeedWorld.this.wireBytes(near.host());
        }
    }

    /// What a host has sent.
    long wireBytes(SimHost host) {
        return sent.getOrDefault(host.name(), new long[1])[0];
    }

    /// Notes from now on how long the bottleneck's queue is.
    void watchQueue() {
        network.after(
                SAMPLE,
                () -> {
                    waits.add(farHost.down().waitNanos(network.nanoTime()));
                    watchQueue();
                });
    }

    void forgetQueue() {
        waits.clear();
    }

    /// The median and the 95th percentile of the queue, in milliseconds.
    double queueMillis(double part) {
        long[] sorted = waits.stream().mapToLong(Long::longValue).toArray();
        Arrays.sort(sorted);
        return sorted.length == 0 ? 0 : sorted[(int) (part * (sorted.length - 1))] / 1e6;
    }

    long dropped() {
        return farHost.down().count(SimFate.QUEUE_FULL);
    }
}
