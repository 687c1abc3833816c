package natt.tests.sim;

import static natt.tests.sim.LossScenarios.MEGA;
import static natt.tests.sim.LossScenarios.slowLine;
import static natt.tests.sim.SessionWorld.seconds;

import natt.core.session.Session;
import natt.tests.sim.AddressScenarios.Traffic;
import natt.tests.sim.SessionWorld.Caller;

import java.time.Duration;

/// What happens when processes end without a word, or stand still.
final class DeathScenarios {
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final Duration NIGHT = Duration.ofHours(8);
    private static final int ECHO_LENGTH = 100;
    private static final int WORLDS = 10;

    private DeathScenarios() {}

    /// The host's process is killed and started again with the same key after a second. The time
    /// from the start until the caller's streams have ended.
    static double hostRestarts(Traffic traffic) {
        return AddressScenarios.worst(
                WORLDS,
                world -> {
                    Caller caller = established(world);
                    Pump pump = begin(caller, traffic);
                    world.network.runFor(AddressScenarios.phase(world, 2));
                    world.home.kill();
                    world.network.runFor(Duration.ofSeconds(1));
                    world.startHome();
                    return seconds(
                            world.network.runUntil(
                                    () -> pump.stream().closed().isPresent(), LIMIT));
                });
    }

    /// The host's process is killed for good. The time until the caller has noticed.
    static double hostStaysDead(Traffic traffic) {
        return AddressScenarios.worst(
                WORLDS,
                world -> {
                    Caller caller = established(world);
                    begin(caller, traffic);
                    world.network.runFor(AddressScenarios.phase(world, 2));
                    world.home.kill();
                    return seconds(
                            world.network.runUntil(
                                    () -> caller.session().state() != Session.State.UP, LIMIT));
                });
    }

    /// The caller's process is killed. The time until the host has closed its session.
    ///
    /// @param age of the session then
    static double callerDies(Duration age, Traffic traffic) {
        return AddressScenarios.worst(
                2,
                world -> {
                    Caller caller = established(world);
                    Echoes echoes = caller.echoes();
                    caller.echoSeconds(echoes, ECHO_LENGTH, LIMIT);
                    world.network.runFor(age);
                    begin(caller, traffic);
                    world.network.runFor(AddressScenarios.phase(world, 2));
                    Session hosts = caller.atHome();
                    caller.node.kill();
                    return seconds(
                            world.network.runUntil(
                                    () ->
                                            hosts.closed().isPresent()
                                                    && hosts.streams().openStreams() == 0,
                                    Duration.ofHours(13)));
                });
    }

    /// The caller stands still for eight hours in the middle of a transfer and wakes without a
    /// network, which comes back later. The time from then on until bytes arrive.
    ///
    /// @param counted whether its ticker counts the hours, see [SessionNode#wake]
    static double callerSleeps(Traffic traffic, boolean counted, Duration networkLater) {
        return AddressScenarios.worst(
                5,
                world -> {
                    Caller caller = established(world);
                    Echoes echoes = caller.echoes();
                    caller.echoSeconds(echoes, ECHO_LENGTH, LIMIT);
                    world.network.runFor(Duration.ofMinutes(4));
                    Exchange exchange = transfer(caller, traffic);
                    world.network.runFor(AddressScenarios.phase(world, 2));
                    caller.unplug(true);
                    caller.node.sleep();
                    world.network.runFor(NIGHT);
                    caller.node.wake(counted);
                    world.network.runFor(networkLater);
                    caller.unplug(false);
                    long before = bytesAtReaders(world, exchange);
                    double seconds =
                            seconds(
                                    world.network.runUntil(
                                            () -> bytesAtReaders(world, exchange) > before, LIMIT));
                    world.network.runUntil(exchange::complete, LIMIT);
                    caller.echoSeconds(echoes, ECHO_LENGTH, LIMIT);
                    return seconds;
                });
    }

    private static long bytesAtReaders(SessionWorld world, Exchange exchange) {
        return exchange.received() + world.home.received();
    }

    /// The clocks of both jump again and again during a transfer and at rest. The seconds that the
    /// transfer takes, which all jumps must not stop; compare with none.
    static double clocksJump(int jumps) {
        return AddressScenarios.worst(
                3,
                world -> {
                    Caller caller = established(world);
                    Exchange exchange = caller.exchange(4 * MEGA, 4 * MEGA);
                    for (int i = 0; i < jumps; i++) {
                        world.network.runFor(Duration.ofMillis(137));
                        SessionNode node = i % 2 == 0 ? caller.node : world.home;
                        node.engine().clockJumped(node.now());
                    }
                    double seconds = 0.137 * jumps;
                    seconds += seconds(world.network.runUntil(exchange::complete, LIMIT));
                    world.network.runFor(Duration.ofMinutes(1));
                    world.home.engine().clockJumped(world.home.now());
                    world.network.runFor(Duration.ofMinutes(1));
                    caller.node.engine().clockJumped(caller.node.now());
                    caller.echoSeconds(caller.echoes(), ECHO_LENGTH, LIMIT);
                    if (caller.session().closed().isPresent()
                            || world.home.engine().sessions().size() != 1) {
                        throw new AssertionError("a jump of the clock has ended a session");
                    }
                    return seconds;
                });
    }

    private static Caller established(SessionWorld world) {
        Caller caller = world.caller(slowLine());
        caller.connect();
        return caller;
    }

    /// Begins what is going on when somebody dies; at rest, too, a stream is open.
    private static Pump begin(Caller caller, Traffic traffic) {
        if (traffic == Traffic.NONE) {
            Echoes echoes = caller.echoes();
            caller.echoSeconds(echoes, ECHO_LENGTH, LIMIT);
            return echoes;
        }
        return transfer(caller, traffic);
    }

    private static Exchange transfer(Caller caller, Traffic traffic) {
        boolean up = traffic == Traffic.UPLOAD;
        return caller.exchange(up ? 8 * MEGA : 0, up ? 0 : 8 * MEGA);
    }
}
