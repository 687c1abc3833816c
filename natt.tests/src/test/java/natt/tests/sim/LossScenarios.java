package natt.tests.sim;

import static natt.tests.sim.SessionWorld.near;

import natt.core.session.Session;
import natt.testkit.SimLink.Shape;
import natt.testkit.SimNetwork;

import java.time.Duration;

/// What loss, disorder and damage cost.
final class LossScenarios {
    static final int MEGA = 1_000_000;

    private static final long RATE = 100_000_000;
    private static final int QUEUE_BYTES = 625_000;
    private static final long SLOW_RATE = 20_000_000;
    private static final int SLOW_QUEUE_BYTES = 125_000;
    private static final int ECHO_LENGTH = 100;
    private static final Duration LIMIT = Duration.ofMinutes(10);

    private LossScenarios() {}

    /// A link of 100 Mbit/s with a queue of 50 ms.
    static Shape line() {
        return near().withRate(RATE, QUEUE_BYTES);
    }

    /// A link of 20 Mbit/s with a queue of 50 ms: cheaper to simulate.
    static Shape slowLine() {
        return near().withRate(SLOW_RATE, SLOW_QUEUE_BYTES);
    }

    /// The seconds that bytes take on a link, and the end back.
    static double transferSeconds(Shape shape, long bytes) {
        var seconds = new double[1];
        SimNetwork.run(
                21,
                network -> {
                    var caller = new SessionWorld(network).caller(shape);
                    caller.connect();
                    seconds[0] = caller.exchangeSeconds(bytes, 0, LIMIT);
                });
        return seconds[0];
    }

    /// The round trips that 99 of 100 echoes take at most.
    static double echoRoundTrips(double loss, int echoes) {
        var roundTrips = new double[1];
        SimNetwork.run(
                22,
                network -> {
                    var caller = new SessionWorld(network).caller(line().withLoss(loss));
                    caller.connect();
                    Echoes all = caller.echoes();
                    for (int i = 0; i < echoes; i++) {
                        caller.echoSeconds(all, ECHO_LENGTH, LIMIT);
                        network.runFor(Duration.ofMillis(100));
                    }
                    roundTrips[0] =
                            all.seconds(0.99) / SessionWorld.seconds(SessionWorld.ROUND_TRIP);
                });
        return roundTrips[0];
    }

    /// The part of callers with whom a session is up at both ends in time.
    static double upInTime(double loss, Duration limit, int callers) {
        int up = 0;
        for (int seed = 0; seed < callers; seed++) {
            var network = new SimNetwork(1_000_000 + seed);
            var world = new SessionWorld(network);
            var caller = world.caller(near().withLoss(loss));
            Session session = caller.call();
            network.runFor(limit);
            up += session.state() == Session.State.UP && !world.home.accepted().isEmpty() ? 1 : 0;
        }
        return up / (double) callers;
    }

    /// What came of datagrams of which bits were flipped.
    ///
    /// @param flipped datagrams that a link changed
    /// @param counted datagrams that the engines found to be wrong
    record Damage(long bytes, long flipped, long counted, double seconds) {}

    static Damage damage(long bytes) {
        var damage = new Damage[1];
        SimNetwork.run(
                23,
                network -> {
                    var world = new SessionWorld(network);
                    var caller = world.caller(line().withCorrupt(0.01));
                    caller.connect();
                    double seconds = caller.exchangeSeconds(bytes, bytes / 4, LIMIT);
                    network.runFor(Duration.ofSeconds(2));
                    long flipped = caller.net.up().corrupted() + caller.net.down().corrupted();
                    long counted = rejected(world.home) + rejected(caller.node);
                    damage[0] = new Damage(bytes + bytes / 4, flipped, counted, seconds);
                });
        return damage[0];
    }

    /// Datagrams that a node has dropped because something about them was wrong.
    private static long rejected(SessionNode node) {
        var counters = node.engine().counters();
        long sum = node.port().unclaimed();
        for (String name :
                new String[] {
                    "malformed", "unknownIndex", "forged", "replayed", "initsForged", "unknownKind"
                }) {
            sum += counters.get(name);
        }
        return sum;
    }
}
