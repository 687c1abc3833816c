package natt.tests.sim;

import natt.testkit.SimLink.Shape;
import natt.tests.sim.SpeedWorld.Flow;
import natt.tests.sim.SpeedWorld.Path;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// How fast sessions are on paths of some rates, and what they leave to others. Each measures one
/// stream that never ends, from its first byte, on a session that is up.
final class SpeedScenarios {
    static final Duration SECOND = Duration.ofSeconds(1);
    private static final int MEGA = 1_000_000;
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private SpeedScenarios() {}

    /// A time within a transfer.
    ///
    /// @param megabits a second, of the stream's bytes in order
    /// @param wire bytes sent for each of them, with all headers
    record Part(double megabits, double wire) {}

    /// What a transfer was like.
    ///
    /// @param firstMegabyte seconds until it had arrived
    /// @param queueMillis the 95th percentile of the bottleneck's queue in the steady part
    /// @param acks bytes of the way back for each that arrived
    record Transfer(
            double firstMegabyte, Part early, Part steady, double queueMillis, double acks) {}

    /// Sends over a path that stays as it is.
    ///
    /// @param early how long the early part is, in seconds from the beginning
    /// @param from the second in which the steady part begins
    /// @param to the second in which it ends, not before the early part
    static Transfer transfer(long seed, Path path, int early, int from, int to) {
        var world = new SpeedWorld(seed, path);
        Flow flow = world.flow();
        var meter = new Meter(world, flow);
        flow.send(Long.MAX_VALUE);
        double first =
                world.network.runUntil(() -> flow.to.received() >= MEGA, LIMIT).toNanos() / 1e9;
        var marks = new ArrayList<Mark>();
        for (int second : new int[] {Math.min(early, from), Math.max(early, from), to}) {
            world.forgetQueue();
            marks.add(meter.at(second));
            if (second == from) {
                world.watchQueue();
            }
        }
        Mark start = meter.begun();
        Mark earlyEnd = marks.get(early <= from ? 0 : 1);
        Mark steadyBegin = marks.get(early <= from ? 1 : 0);
        return new Transfer(
                first,
                earlyEnd.since(start),
                marks.getLast().since(steadyBegin),
                world.queueMillis(0.95),
                world.wireBytes(world.farHost) / (double) flow.to.received());
    }

    /// What has been counted at an instant.
    private record Mark(double second, long received, long sent) {
        Part since(Mark before) {
            long bytes = received - before.received;
            return new Part(
                    bytes * 8e-6 / (second - before.second), (sent - before.sent) / (double) bytes);
        }
    }

    private static final class Meter {
        private final SpeedWorld world;
        private final Flow flow;
        private final Duration begun;
        private final long sentBefore;

        Meter(SpeedWorld world, Flow flow) {
            this.world = world;
            this.flow = flow;
            begun = world.network.elapsed();
            sentBefore = flow.wireBytes();
        }

        Mark begun() {
            return new Mark(0, 0, 0);
        }

        Mark at(int second) {
            Duration left = begun.plusSeconds(second).minus(world.network.elapsed());
            if (left.isPositive()) {
                world.network.runFor(left);
            }
            return new Mark(second, flow.to.received(), flow.wireBytes() - sentBefore);
        }
    }

    /// A path on which losses come in bursts.
    static Path bursty(int roundTripMillis) {
        int length = 8;
        return Path.of(100, roundTripMillis, 0)
                .before(Shape.clean().withDelay(Duration.ZERO).withBursts(0.02 / length, length));
    }

    /// A path on which a tenth of the datagrams is overtaken.
    static Path mixedUp(int roundTripMillis) {
        return Path.of(100, roundTripMillis, 0)
                .before(
                        Shape.clean()
                                .withDelay(Duration.ZERO)
                                .withReorder(0.1, Duration.ofMillis(5)));
    }

    /// A path that becomes slow for some seconds.
    ///
    /// @param slow megabits a second while it is slow, after three seconds
    /// @param again megabits a second when it is fast again, after three seconds
    /// @param queueMillis the 95th percentile of the queue when it is slow, after three seconds
    record Change(double slow, double again, double queueMillis) {}

    static Change change(long seed, int roundTripMillis) {
        Path fast = Path.of(100, roundTripMillis, 0);
        var world = new SpeedWorld(seed, fast);
        Flow flow = world.flow();
        var meter = new Meter(world, flow);
        flow.send(Long.MAX_VALUE);
        meter.at(3);
        world.use(fast.rate(10));
        Mark slow = meter.at(6);
        world.watchQueue();
        Part whileSlow = meter.at(9).since(slow);
        double queue = world.queueMillis(0.95);
        world.use(fast);
        Mark again = meter.at(12);
        return new Change(whileSlow.megabits(), meter.at(14).since(again).megabits(), queue);
    }

    /// Megabits a second when both processes stand still now and then, for 10 to 50 ms.
    static double onBusyMachines(long seed, int roundTripMillis) {
        var world = new SpeedWorld(seed, Path.of(100, roundTripMillis, 0));
        Flow flow = world.flow();
        for (SpeedNode node : new SpeedNode[] {flow.near, flow.to}) {
            node.standNowAndThen(
                    Duration.ofMillis(500), Duration.ofMillis(10), Duration.ofMillis(50));
        }
        var meter = new Meter(world, flow);
        flow.send(Long.MAX_VALUE);
        Mark from = meter.at(2);
        return meter.at(7).since(from).megabits();
    }

    /// What flows get that share a bottleneck, in megabits a second: those of natt, then the
    /// other.
    ///
    /// @param law how the other behaves
    /// @param otherFirst whether it has been there for three seconds
    static List<Double> shares(
            Path path, int flows, TcpFlow.Law law, boolean otherFirst, int seconds) {
        var world = new SpeedWorld(1, path);
        var natt = new ArrayList<Flow>();
        for (int i = 1; i <= flows; i++) {
            natt.add(world.flowToAnother(i));
        }
        Optional<TcpFlow> early = otherFirst ? Optional.of(world.tcp(law)) : Optional.empty();
        for (Flow flow : natt) {
            world.network.runFor(SECOND.multipliedBy(3));
            flow.send(Long.MAX_VALUE);
        }
        world.network.runFor(SECOND.multipliedBy(3));
        TcpFlow tcp = early.orElseGet(() -> world.tcp(law));
        world.network.runFor(SECOND.multipliedBy(seconds / 2));
        var before = received(natt, tcp);
        world.network.runFor(SECOND.multipliedBy(seconds - seconds / 2));
        var after = received(natt, tcp);
        var shares = new ArrayList<Double>();
        for (int i = 0; i < after.size(); i++) {
            shares.add((after.get(i) - before.get(i)) * 8e-6 / (seconds - seconds / 2));
        }
        return shares;
    }

    private static List<Long> received(List<Flow> flows, TcpFlow tcp) {
        var all = new ArrayList<Long>();
        flows.forEach(flow -> all.add(flow.to.received()));
        all.add(tcp.received());
        return all;
    }
}
