package natt.tests.sim;

import static natt.tests.sim.LossScenarios.MEGA;
import static natt.tests.sim.LossScenarios.slowLine;
import static natt.tests.sim.SessionWorld.seconds;

import natt.core.session.Session;
import natt.testkit.SimNetwork;
import natt.tests.sim.SessionWorld.Caller;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Many streams of one session, and how they end.
final class StreamScenarios {
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final int OTHERS = 15;
    private static final int KILO = 1000;

    private StreamScenarios() {}

    /// One stream whose reader has stopped.
    ///
    /// @param held bytes that it makes a side hold, the more of the two
    /// @param others seconds that the other streams take
    record Stalled(long held, double others) {}

    /// @param stalls whether the stream is there at all, to compare
    static Stalled stalledReader(boolean stalls) {
        var result = new Stalled[1];
        SimNetwork.run(
                60,
                network -> {
                    var world = new SessionWorld(network);
                    Caller caller = world.caller(slowLine());
                    caller.connect();
                    if (stalls) {
                        caller.sendToNobody(64 * MEGA);
                    }
                    network.runFor(Duration.ofSeconds(10));
                    long held = Math.max(held(caller.session()), held(caller.atHome()));
                    List<Exchange> others = new ArrayList<>();
                    for (int i = 0; i < OTHERS; i++) {
                        others.add(caller.exchange(MEGA / 2, MEGA / 2));
                    }
                    double seconds =
                            seconds(
                                    network.runUntil(
                                            () -> others.stream().allMatch(Exchange::complete),
                                            LIMIT));
                    result[0] = new Stalled(held, seconds);
                });
        return result[0];
    }

    private static long held(Session session) {
        return session.streams().counters().get("bytesHeld");
    }

    /// How many of some streams ended in order at both ends with every byte, one direction long
    /// before the other: half of the hosts end theirs last, half as soon as they can.
    static int orderlyEnds(int runs) {
        var orderly = new int[1];
        SimNetwork.run(
                61,
                network -> {
                    var world = new SessionWorld(network);
                    var mixed = slowLine().withLoss(0.05).withReorder(0.05, Duration.ofMillis(10));
                    Caller caller = world.caller(mixed);
                    caller.connect();
                    for (int i = 0; i < runs; i++) {
                        Exchange here =
                                caller.exchange(
                                        (1 + i % 7) * 20L * KILO,
                                        (1 + i % 5) * 20L * KILO,
                                        i % 2 == 0);
                        network.runUntil(here::closed, LIMIT);
                        Exchange there = world.home.exchanges().getLast();
                        network.runUntil(there::closed, LIMIT);
                        orderly[0]++;
                    }
                });
        return orderly[0];
    }
}
