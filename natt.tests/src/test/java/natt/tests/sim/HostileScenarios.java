package natt.tests.sim;

import static natt.tests.sim.LossScenarios.MEGA;
import static natt.tests.sim.LossScenarios.slowLine;
import static natt.tests.sim.SessionWorld.seconds;

import natt.testkit.SimFate;
import natt.testkit.SimNetwork;
import natt.testkit.SimTrace;
import natt.tests.sim.SessionWorld.Caller;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// Datagrams from strangers.
final class HostileScenarios {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final int PER_SECOND = 10_000;
    private static final Duration FLOOD = Duration.ofSeconds(10);

    /// Lengths of messages, and some others.
    private static final int[] LENGTHS = {0, 1, 15, 32, 48, 64, 108, 192, 193, 500, 1200, 1472};

    private HostileScenarios() {}

    /// @param answered datagrams that went to a stranger's address
    /// @param seconds that a transfer took
    /// @param newSession seconds until another caller's session was up
    /// @param sent datagrams of the strangers
    record Flood(long sent, long answered, double seconds, double newSession) {}

    /// Transfers beside a flood of datagrams that are real ones of a moment ago, whole or with a
    /// wrong bit, look like such, or like nothing.
    static Flood flood(boolean flooded) {
        var result = new Flood[1];
        SimNetwork.run(
                70,
                network -> {
                    var world = new SessionWorld(network);
                    var caught = new ArrayList<byte[]>();
                    var answers = new long[1];
                    boolean[] catching = {true};
                    network.trace()
                            .watch(
                                    (entry, payload) -> {
                                        if (entry.fate() == SimFate.SENT
                                                && entry.place().startsWith("laptop")
                                                && catching[0]) {
                                            caught.add(copy(payload));
                                        }
                                        if (entry.fate() == SimFate.SENT
                                                && entry.place().equals("pc")
                                                && isStranger(entry)) {
                                            answers[0]++;
                                        }
                                    });
                    Caller caller = world.caller(slowLine());
                    caller.connect();
                    caller.echoSeconds(caller.echoes(), 100, LIMIT);
                    network.runFor(Duration.ofSeconds(5));
                    catching[0] = false;
                    var begun = network.elapsed();
                    Exchange exchange = caller.exchange(8 * MEGA, 8 * MEGA);
                    long datagrams = PER_SECOND * FLOOD.toSeconds();
                    RandomGenerator random = network.random("flood");
                    for (int i = 0; flooded && i < datagrams; i++) {
                        network.after(
                                FLOOD.multipliedBy(i).dividedBy(datagrams),
                                () -> inject(world, caught, random));
                    }
                    Caller second = world.caller(slowLine());
                    network.runFor(Duration.ofSeconds(1));
                    var asked = network.elapsed();
                    second.connect();
                    double up = seconds(network.elapsed().minus(asked));
                    network.runUntil(exchange::complete, LIMIT);
                    double whole = seconds(network.elapsed().minus(begun));
                    result[0] = new Flood(flooded ? datagrams : 0, answers[0], whole, up);
                });
        return result[0];
    }

    private static boolean isStranger(SimTrace.Entry entry) {
        return entry.to().getAddress().getHostAddress().startsWith("192.0.2.");
    }

    private static byte[] copy(ByteBuffer payload) {
        var bytes = new byte[payload.remaining()];
        payload.get(bytes);
        return bytes;
    }

    private static void inject(SessionWorld world, List<byte[]> caught, RandomGenerator random) {
        byte[] payload;
        int what = random.nextInt(4);
        if (what == 0 && !caught.isEmpty()) {
            // Sent again as it was.
            payload = caught.get(random.nextInt(caught.size()));
        } else if (what == 1 && !caught.isEmpty()) {
            // With the right receiver and a wrong bit.
            payload = caught.get(random.nextInt(caught.size())).clone();
            payload[7 + random.nextInt(payload.length - 7)] ^= (byte) (1 << random.nextInt(8));
        } else {
            payload = new byte[LENGTHS[random.nextInt(LENGTHS.length)]];
            random.nextBytes(payload);
            if (what == 2 && payload.length > 2) {
                payload[0] = (byte) (0x90 + random.nextInt(4));
                payload[1] = (byte) random.nextInt(2);
                payload[2] = 0;
            }
        }
        world.network.internet().inject(stranger(random), world.address(), payload);
    }

    private static InetSocketAddress stranger(RandomGenerator random) {
        InetAddress address = InetAddress.ofLiteral("192.0.2." + (1 + random.nextInt(250)));
        return new InetSocketAddress(address, 1024 + random.nextInt(60_000));
    }
}
