package natt.tests.sim;

import static natt.tests.sim.LossScenarios.MEGA;
import static natt.tests.sim.SessionWorld.near;

import natt.core.session.Session;
import natt.core.session.SessionEvent;
import natt.testkit.SimLink.Shape;
import natt.testkit.SimNetwork;
import natt.tests.sim.SessionWorld.Caller;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Sessions that last for a day.
final class LongScenarios {
    private static final Duration DAY = Duration.ofHours(24);
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int ECHO_LENGTH = 100;

    private LongScenarios() {}

    /// A session in a quiet house.
    ///
    /// @param up datagrams that the caller sent in a quarter of a minute, on average
    /// @param down those of the host, without those to STUN servers
    /// @param megabytes of IP packets, both ways
    /// @param news events of the session after its beginning
    record Quiet(double up, double down, double megabytes, int news) {}

    /// A day with nothing to carry but an echo at the end.
    static Quiet idleDay() {
        var result = new Quiet[1];
        SimNetwork.run(
                80,
                network -> {
                    var world = new SessionWorld(network);
                    Caller caller = world.caller(near());
                    caller.connect();
                    Echoes echoes = caller.echoes();
                    caller.echoSeconds(echoes, ECHO_LENGTH, LIMIT);
                    network.runFor(Duration.ofMinutes(1));
                    long up = passed(caller, true);
                    long down = passed(caller, false);
                    long bytes = bytes(caller.session());
                    network.runFor(DAY);
                    double quarters = DAY.toSeconds() / 15.0;
                    long packets = passed(caller, true) - up + passed(caller, false) - down;
                    long all = bytes(caller.session()) - bytes + packets * 60;
                    result[0] =
                            new Quiet(
                                    (passed(caller, true) - up) / quarters,
                                    (passed(caller, false) - down) / quarters,
                                    all / (double) MEGA,
                                    caller.node.news().size() - 1);
                    caller.echoSeconds(echoes, ECHO_LENGTH, LIMIT);
                });
        return result[0];
    }

    private static long passed(Caller caller, boolean up) {
        return up ? caller.node.port().sent() : caller.node.port().received();
    }

    private static long bytes(Session session) {
        return session.counters().get("bytesSent") + session.counters().get("bytesReceived");
    }

    /// What a day of sessions came to.
    ///
    /// @param echoes that came back, every byte right
    /// @param slowest seconds that one took
    /// @param breaks how often a session was suspended or ended
    /// @param streams still there at the end, of all sessions, at the host
    /// @param held bytes that all sessions hold at the host at the end
    /// @param sessions at the host at the end
    record Day(long echoes, double slowest, long breaks, long streams, long held, int sessions) {}

    /// A day with one echo a minute.
    static Day busyDay() {
        return day(1, near(), Duration.ofMinutes(1), null);
    }

    /// A day of ten sessions on links that lose one datagram in a hundred, with an echo every half
    /// minute, while each caller's NAT forgets its mappings every ten minutes.
    static Day soak() {
        return day(10, near().withLoss(0.01), Duration.ofSeconds(30), Duration.ofMinutes(10));
    }

    private static Day day(
            int callers, Shape shape, Duration echoEvery, @Nullable Duration rebindEvery) {
        var result = new Day[1];
        SimNetwork.run(
                81,
                network -> {
                    var world = new SessionWorld(network);
                    List<Caller> all = new ArrayList<>();
                    List<Echoes> echoes = new ArrayList<>();
                    for (int i = 0; i < callers; i++) {
                        Caller caller = world.caller(shape);
                        caller.connect();
                        all.add(caller);
                        echoes.add(caller.echoes());
                        network.runFor(Duration.ofMillis(1700));
                    }
                    for (int i = 0; i < callers; i++) {
                        int which = i;
                        network.after(
                                echoEvery.multipliedBy(i).dividedBy(callers),
                                () -> repeat(network, echoEvery, () -> echo(all, echoes, which)));
                        if (rebindEvery != null) {
                            network.after(
                                    rebindEvery.multipliedBy(i).dividedBy(callers),
                                    () ->
                                            repeat(
                                                    network,
                                                    rebindEvery,
                                                    () -> all.get(which).net.nat().rebind()));
                        }
                    }
                    network.runFor(DAY);
                    result[0] = sum(world, all, echoes);
                });
        return result[0];
    }

    private static void repeat(SimNetwork network, Duration every, Runnable action) {
        action.run();
        network.after(every, () -> repeat(network, every, action));
    }

    /// One that has not come back in time is slow, and the next one waits for it.
    private static void echo(List<Caller> callers, List<Echoes> echoes, int which) {
        if (echoes.get(which).idle()) {
            echoes.get(which).send(ECHO_LENGTH, callers.get(which).node.now());
        }
    }

    private static Day sum(SessionWorld world, List<Caller> callers, List<Echoes> echoes) {
        long count = 0;
        double slowest = 0;
        long breaks = 0;
        for (int i = 0; i < callers.size(); i++) {
            count += echoes.get(i).count();
            slowest = Math.max(slowest, echoes.get(i).seconds(1));
            breaks += callers.get(i).node.news().stream().filter(LongScenarios::isBad).count();
        }
        long streams = 0;
        long held = 0;
        for (Session session : world.home.engine().sessions()) {
            streams += session.streams().openStreams();
            held += session.streams().counters().get("bytesHeld");
        }
        int sessions = world.home.engine().sessions().size();
        return new Day(count, slowest, breaks, streams, held, sessions);
    }

    private static boolean isBad(SessionNode.News news) {
        return news.event() instanceof SessionEvent.Suspended
                || news.event() instanceof SessionEvent.Closed;
    }
}
