package natt.testkit;

import natt.core.spi.Engine;
import natt.core.time.Ticker;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/// Hosts, NATs and links in virtual time, which jumps from one event or engine deadline to the
/// next. Equal seeds and equal calls give equal traces.
///
/// What a test does to an engine between or during calls (in a port's application, in a
/// condition, in [#after]) takes effect at the same virtual instant: every port is drained
/// before time moves.
public final class SimNetwork {
    private static final int MOST_AT_ONCE = 1_000_000;
    private static final int TAIL = 40;
    private static final int MAX_UDP_PAYLOAD = 65_507;

    /// A deadline that no test lives to see.
    private static final long FOREVER = Engine.NEVER / 2;

    private final long seed;
    private final FakeTicker ticker = new FakeTicker();
    private final long startNanos = ticker.nanoTime();
    private final ByteBuffer buffer = ByteBuffer.allocate(MAX_UDP_PAYLOAD);
    private final SimTrace trace = new SimTrace();
    private final SimRealm internet = new SimRealm(this, "internet", null);
    private final List<SimPort> ports = new ArrayList<>();
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long scheduled;
    private int stepsAtOnce;

    public SimNetwork(long seed) {
        this.seed = seed;
    }

    /// What happens at an instant, in nanoseconds since the start; in order of number where
    /// instants are equal.
    private record Event(long atNanos, long number, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(atNanos, other.atNanos);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    /// Runs a scenario; if it fails in any way, says with which seed, and what happened last.
    public static void run(long seed, Consumer<SimNetwork> scenario) {
        var network = new SimNetwork(seed);
        try {
            scenario.accept(network);
        } catch (AssertionError | RuntimeException failure) {
            throw new AssertionError(network.report(String.valueOf(failure.getMessage())), failure);
        }
    }

    public long seed() {
        return seed;
    }

    /// The realm outside all NATs.
    public SimRealm internet() {
        return internet;
    }

    public SimTrace trace() {
        return trace;
    }

    public Ticker ticker() {
        return ticker;
    }

    public long nanoTime() {
        return ticker.nanoTime();
    }

    /// The virtual time since the start.
    public Duration elapsed() {
        return Duration.ofNanos(elapsedNanos());
    }

    /// A generator of its own for each purpose, so that one more use of chance in one place
    /// changes nothing elsewhere. Equal seeds and purposes give equal numbers.
    public RandomGenerator random(String purpose) {
        long mixed = seed;
        for (int i = 0; i < purpose.length(); i++) {
            mixed = mixed * 0x100_0000_01b3L ^ purpose.charAt(i);
        }
        return new SplittableRandom(mixed);
    }

    /// Runs an action when this much virtual time has passed.
    public void after(Duration delay, Runnable action) {
        later(delay.toNanos(), action);
    }

    /// Lets this much virtual time pass.
    public void runFor(Duration time) {
        long until = elapsedNanos() + time.toNanos();
        boolean moving = true;
        while (moving) {
            moving = step(until);
        }
    }

    /// Lets virtual time pass until the condition holds; it is asked after every event.
    ///
    /// @return how long that took
    /// @throws AssertionError with the seed and the last datagrams, if that takes longer than
    ///     the limit
    public Duration runUntil(BooleanSupplier condition, Duration limit) {
        long from = elapsedNanos();
        while (!condition.getAsBoolean()) {
            if (!step(from + limit.toNanos())) {
                throw failure("the condition did not hold within " + limit);
            }
        }
        return Duration.ofNanos(elapsedNanos() - from);
    }

    /// Does what comes next, unless it is later than the limit.
    private boolean step(long limitNanos) {
        List.copyOf(ports).forEach(SimPort::drain);
        Event event = events.peek();
        long at = event == null ? Long.MAX_VALUE : event.atNanos;
        SimPort due = null;
        for (SimPort port : ports) {
            long wait = port.nanosUntilTimeout();
            long deadline = elapsedNanos() + Math.clamp(wait, 0, FOREVER);
            if (wait < FOREVER && (deadline < at || deadline == at && due == null)) {
                at = deadline;
                due = port;
            }
        }
        if (at > limitNanos) {
            advanceTo(limitNanos);
            return false;
        }
        advanceTo(at);
        if (due != null) {
            due.handleTimeout();
        } else {
            events.remove().action.run();
        }
        return true;
    }

    private void advanceTo(long atNanos) {
        stepsAtOnce = atNanos > elapsedNanos() ? 0 : stepsAtOnce + 1;
        if (stepsAtOnce > MOST_AT_ONCE) {
            throw failure("time has stopped");
        }
        ticker.advanceTo(startNanos + atNanos);
    }

    private long elapsedNanos() {
        return ticker.nanoTime() - startNanos;
    }

    /// Room for one datagram, shared by all ports, as nothing in it outlives a call.
    ByteBuffer buffer() {
        return buffer;
    }

    void add(SimPort port) {
        ports.add(port);
    }

    void remove(SimPort port) {
        ports.remove(port);
    }

    void later(long delayNanos, Runnable action) {
        events.add(new Event(elapsedNanos() + delayNanos, scheduled++, action));
    }

    /// Sends a datagram over a link to what is at its end.
    void carry(SimLink link, String name, SimDatagram datagram, Consumer<SimDatagram> end) {
        SimLink.Transit transit = link.transmit(datagram.payload(), nanoTime());
        if (transit.fate() != SimFate.PASSED) {
            note(transit.fate(), name, datagram);
        }
        for (SimLink.Arrival arrival : transit.arrivals()) {
            var arriving = new SimDatagram(datagram.from(), datagram.to(), arrival.payload());
            later(arrival.atNanos() - nanoTime(), () -> end.accept(arriving));
        }
    }

    void note(SimFate fate, String place, SimDatagram datagram) {
        byte[] payload = datagram.payload();
        var entry =
                new SimTrace.Entry(
                        elapsed(), fate, place, datagram.from(), datagram.to(), payload.length);
        trace.add(entry, payload);
    }

    AssertionError failure(String message) {
        return new AssertionError(report(message));
    }

    private String report(String message) {
        if (message.startsWith("seed ")) {
            return message;
        }
        return "seed %d, %s after the start: %s%s"
                .formatted(seed, elapsed(), message, trace.tail(TAIL));
    }
}
