package natt.tests.sim;

import static natt.testkit.SimNat.Dependence.ENDPOINT_INDEPENDENT;
import static natt.tests.sim.LossScenarios.MEGA;
import static natt.tests.sim.LossScenarios.line;
import static natt.tests.sim.LossScenarios.slowLine;
import static natt.tests.sim.SessionWorld.near;
import static natt.tests.sim.SessionWorld.seconds;

import natt.core.session.Session;
import natt.testkit.SimNat.Behavior;
import natt.testkit.SimNetwork;
import natt.tests.sim.SessionWorld.Caller;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToDoubleFunction;

/// What happens when addresses and paths change under a session. Each returns the seconds after
/// which the session works again; nothing may be lost.
final class AddressScenarios {
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final int ECHO_LENGTH = 100;

    private AddressScenarios() {}

    /// Who has something to send when the change comes.
    enum Traffic {
        UPLOAD,
        DOWNLOAD,
        NONE
    }

    /// Runs a scenario on worlds that differ in their seed; returns the largest of its results.
    static double worst(int worlds, ToDoubleFunction<SessionWorld> scenario) {
        double most = 0;
        for (int i = 0; i < worlds; i++) {
            var result = new AtomicReference<Double>();
            SimNetwork.run(
                    40 + i,
                    network -> result.set(scenario.applyAsDouble(new SessionWorld(network))));
            most = Math.max(most, result.get());
        }
        return most;
    }

    // ---- the path becomes narrow, or is so from the start

    /// The seconds from the call until a megabyte has gone each way.
    static double narrowFromTheStart(int mtu) {
        return worst(
                3,
                world -> {
                    Caller caller = world.caller(line().withMtu(mtu));
                    caller.call();
                    return caller.exchangeSeconds(MEGA, MEGA, LIMIT);
                });
    }

    /// The longest time for which nothing arrives at a reader when the path shrinks.
    static double shrinks(int mtu, Traffic traffic) {
        return worst(
                5,
                world -> {
                    Caller caller = world.caller(slowLine());
                    caller.connect();
                    boolean up = traffic == Traffic.UPLOAD;
                    Exchange exchange = caller.exchange(up ? 16 * MEGA : 0, up ? 0 : 16 * MEGA);
                    world.network.runFor(phase(world, 4));
                    caller.shape(slowLine().withMtu(mtu));
                    world.network.runUntil(exchange::complete, LIMIT);
                    return up ? world.home.longestGapSeconds() : gap(exchange);
                });
    }

    private static double gap(Exchange exchange) {
        return exchange.longestGapNanos() / 1e9;
    }

    // ---- addresses change

    /// The caller's NAT forgets its mappings. The time until the host has the new path.
    static double callerRebinds(Traffic traffic, int worlds) {
        return worst(
                worlds,
                world -> {
                    Caller caller = world.caller(near());
                    caller.connect();
                    Echoes echoes = caller.echoes();
                    caller.echoSeconds(echoes, ECHO_LENGTH, LIMIT);
                    world.network.runFor(phase(world, 60));
                    caller.net.nat().rebind();
                    Session hosts = caller.atHome();
                    var before = hosts.path();
                    if (traffic == Traffic.UPLOAD) {
                        return caller.echoSeconds(echoes, ECHO_LENGTH, LIMIT);
                    }
                    double found =
                            seconds(
                                    world.network.runUntil(
                                            () -> !hosts.path().equals(before), LIMIT));
                    caller.echoSeconds(echoes, ECHO_LENGTH, LIMIT);
                    return found;
                });
    }

    /// The caller's NAT forgets its mappings in the middle of transfers, one after the other. The
    /// longest time for which nothing arrives.
    static double callerRebindsUnderLoad(Traffic traffic) {
        return worst(
                5,
                world -> {
                    Caller caller = world.caller(slowLine());
                    caller.connect();
                    boolean up = traffic == Traffic.UPLOAD;
                    Exchange exchange = caller.exchange(up ? 16 * MEGA : 0, up ? 0 : 16 * MEGA);
                    world.network.runFor(phase(world, 3));
                    caller.net.nat().rebind();
                    world.network.runUntil(exchange::complete, LIMIT);
                    return up ? world.home.longestGapSeconds() : gap(exchange);
                });
    }

    /// The host gets another address while it sends, and the caller's NAT lets everybody in.
    static double hostMovesWhileItSends() {
        return worst(
                5,
                world -> {
                    var open = Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT);
                    Caller caller = world.caller(slowLine(), open);
                    caller.connect();
                    Exchange exchange = caller.exchange(0, 12 * MEGA);
                    world.network.runFor(phase(world, 2));
                    world.renumberHome("203.0.113.7");
                    world.network.runUntil(exchange::complete, LIMIT);
                    return gap(exchange);
                });
    }

    /// The host gets another address, and only DNS can say which, since the caller's NAT lets in
    /// only whom it knows.
    static double hostMovesBehindAFilter(Traffic traffic) {
        return worst(10, world -> moves(world, traffic, false));
    }

    /// Both get another address at once.
    static double bothMove(Traffic traffic) {
        return worst(10, world -> moves(world, traffic, true));
    }

    private static double moves(SessionWorld world, Traffic traffic, boolean both) {
        Caller caller = world.caller(slowLine());
        caller.connect();
        Echoes echoes = caller.echoes();
        caller.echoSeconds(echoes, ECHO_LENGTH, LIMIT);
        world.network.runFor(phase(world, 60));
        world.renumberHome("203.0.113.7");
        if (both) {
            caller.renumber("203.0.113.90");
        }
        if (traffic == Traffic.NONE) {
            Session session = caller.session();
            var before = session.path();
            double found =
                    seconds(world.network.runUntil(() -> !session.path().equals(before), LIMIT));
            caller.echoSeconds(echoes, ECHO_LENGTH, LIMIT);
            return found;
        }
        boolean up = traffic == Traffic.UPLOAD;
        Exchange exchange = caller.exchange(up ? 2 * MEGA : 0, up ? 0 : 2 * MEGA);
        return seconds(world.network.runUntil(exchange::complete, LIMIT));
    }

    /// A point in time that depends on the seed, so that worlds meet timers at all phases.
    static Duration phase(SessionWorld world, int mostSeconds) {
        int most = mostSeconds * 1000;
        return Duration.ofMillis(most / 2 + world.network.random("phase").nextInt(most / 2));
    }
}
