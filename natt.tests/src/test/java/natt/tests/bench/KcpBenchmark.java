package natt.tests.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/// What KCP costs: a steady stream between two engines in memory, in virtual time, on a path of
/// 10 ms there and back without a limit of its rate.
///
/// One operation is a message of [#MESSAGE] bytes, a segment in all engines but `session`, and
/// delivered in order to the reader: sending and receiving side, acknowledgements and
/// retransmissions included.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-XX:+UseSerialGC", "-Xms256m", "-Xmx256m"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class KcpBenchmark {
    static final int MESSAGE = 1376;
    static final int WINDOW = 1024;

    private static final int MESSAGES = 768;
    private static final long DELAY_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long MOST_IDLE_NANOS = TimeUnit.SECONDS.toNanos(200);
    private static final long SETTLED_NANOS = TimeUnit.SECONDS.toNanos(50);
    private static final int VERIFIED_BYTES = 4_000_000;

    /// Later than what a handshake takes.
    private static final long SETTING_UP_NANOS = TimeUnit.SECONDS.toNanos(2);

    /// In percent, each way.
    @Param({"0", "1"})
    double loss;

    /// KCP in a session, sealed and opened; the same without the session; the whole transport of
    /// the original's wire; its KCP alone; and the other library's.
    @Param({"session", "streams", "kcp-go", "kcp", "jkcp"})
    String engine;

    private Side sender;
    private Side receiver;
    private Wire there;
    private Wire back;
    private long now = SETTING_UP_NANOS;
    private long movedAt = now;
    private long written;
    private long received;
    private boolean verifying;
    private final ByteBuffer out = ByteBuffer.allocate(MESSAGE).limit(0);
    private final ByteBuffer in = ByteBuffer.allocate(MESSAGE);

    public KcpBenchmark() {}

    /// Connects the engines, checks each byte of a first part, and then lets some time pass, so
    /// that natt does what it does in the long run: it sends parity at the beginning, and later
    /// after losses only.
    @Setup(Level.Trial)
    public void connect() {
        there = new Wire(DELAY_NANOS, loss / 100, 1);
        back = new Wire(DELAY_NANOS, loss / 100, 2);
        Side[] pair = pair();
        sender = pair[0];
        receiver = pair[1];
        verifying = true;
        deliver(VERIFIED_BYTES);
        while (written > received || now < SETTLED_NANOS) {
            turn(false);
        }
        verifying = false;
    }

    private Side[] pair() {
        return switch (engine) {
            case "session" -> SessionSide.pair();
            case "streams" ->
                    new Side[] {MultiplexerSide.dialing(now, 7), MultiplexerSide.accepting(now, 8)};
            case "kcp-go" -> new Side[] {NattSide.dialing(now, 3), NattSide.accepting(now, 4)};
            case "kcp" -> new Side[] {new ConversationSide(5, now), new ConversationSide(6, now)};
            case "jkcp" -> new Side[] {new JkcpSide(), new JkcpSide()};
            default -> throw new IllegalArgumentException(engine);
        };
    }

    /// A steady stream, of which each invocation goes on where the last one stopped.
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public long steadyStream() {
        return deliver(MESSAGES * MESSAGE);
    }

    private long deliver(int bytes) {
        for (long target = received + bytes; received < target; ) {
            turn(true);
        }
        return received;
    }

    /// Lets time pass to the next thing that happens, and everything happen that is due then.
    private void turn(boolean writing) {
        long wait = Math.min(sender.nanosUntilTimeout(now), receiver.nanosUntilTimeout(now));
        wait = Math.min(wait, there.nanosUntilArrival(now));
        wait = Math.min(wait, back.nanosUntilArrival(now));
        now += Math.clamp(wait, 0, MOST_IDLE_NANOS);
        if (now - movedAt > 2 * MOST_IDLE_NANOS) {
            throw new AssertionError("nothing moves: " + sender + ", " + receiver);
        }
        handle(there, receiver);
        handle(back, sender);
        if (writing) {
            write();
        }
        read();
        sender.transmit(there, now);
        receiver.transmit(back, now);
    }

    private void handle(Wire wire, Side side) {
        for (ByteBuffer datagram; (datagram = wire.poll(now)) != null; ) {
            side.handleDatagram(datagram, now);
        }
        side.handleTimeout(now);
    }

    private void write() {
        do {
            if (!out.hasRemaining()) {
                out.clear();
                for (int i = 0; verifying && i < MESSAGE; i++) {
                    out.put(i, content(written + i));
                }
            }
            int before = out.remaining();
            sender.write(out, now);
            written += before - out.remaining();
        } while (!out.hasRemaining());
    }

    private void read() {
        for (int length; (length = receiver.read(in.clear(), now)) > 0; ) {
            for (int i = 0; verifying && i < length; i++) {
                if (in.get(i) != content(received + i)) {
                    throw new AssertionError("byte %d is wrong".formatted(received + i));
                }
            }
            received += length;
            movedAt = now;
        }
    }

    /// How many datagrams were sent for each message delivered, there and back.
    @TearDown(Level.Trial)
    public void tellDatagrams() {
        double messages = (double) received / MESSAGE;
        System.out.printf(
                "%ndatagrams per message: %.3f there, %.3f back (%s)%n",
                there.sent() / messages, back.sent() / messages, sender);
    }

    private static byte content(long at) {
        return (byte) (at * 0x9e3779b97f4a7c15L >>> 56);
    }
}
