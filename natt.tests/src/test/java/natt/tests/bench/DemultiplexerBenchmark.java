package natt.tests.bench;

import natt.core.io.BarePort;
import natt.core.noise.Aead;
import natt.core.spi.AddressDiscovery.Context;
import natt.core.spi.AddressDiscovery.LocalSocket;
import natt.core.spi.AddressDiscovery.ResponderContext;
import natt.discovery.stun.StunDiscovery;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/// What it costs to find out whose a datagram is: a port with the engines of a broker, address
/// discovery, answers to others' and sessions, is offered one without a socket.
///
/// Datagrams that can be offered again and again, for which nothing is deciphered.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-XX:+UseSerialGC", "-Xms256m", "-Xmx256m"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class DemultiplexerBenchmark {
    /// Slower than what one source may ask.
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final int LENGTH = 1232;
    private static final int COOKIE = 0x2112A442;

    /// `request` is a Binding request, which is answered; `response` one that was not asked for;
    /// `session` a DATA of a session that has arrived before; `stranger` one of no session;
    /// `unknown` nobody's.
    @Param({"request", "response", "session", "stranger", "unknown"})
    String datagram;

    private final InetSocketAddress from = new InetSocketAddress("192.0.2.2", 7000);
    private BarePort port;
    private ByteBuffer offered;
    private long now;

    public DemultiplexerBenchmark() {}

    @Setup(Level.Trial)
    public void open() throws IOException {
        var pair = new SessionPair(natt.core.session.Mode.IP, Aead.Algorithm.AES_256_GCM);
        now = pair.now();
        offered = ByteBuffer.allocateDirect(2048);
        switch (datagram) {
            case "request" -> stun(0x0001);
            case "response" -> stun(0x0101);
            case "session" -> session(pair);
            case "stranger" -> offered.put((byte) 0x93).position(LENGTH);
            case "unknown" -> offered.put((byte) 0x45).position(LENGTH);
            default -> throw new IllegalArgumentException(datagram);
        }
        offered.flip();
        var random = new Random(1);
        var stun = new StunDiscovery();
        var here = new LocalSocket(0, new InetSocketAddress("192.0.2.1", 7000));
        port =
                new BarePort(
                        List.of(
                                stun.open(new Context(Duration.ofSeconds(25), now, random)),
                                stun.openResponder(new ResponderContext(List.of(here), random))
                                        .orElseThrow(),
                                pair.far.engine));
        offer();
        if (datagram.equals("request") != (port.sent() == 1)) {
            throw new AssertionError("only a request is answered");
        }
    }

    private void stun(int type) {
        offered.putShort((short) type).putShort((short) 0).putInt(COOKIE);
        offered.putLong(1).putInt(2);
    }

    private void session(SessionPair pair) {
        pair.near.session().send(ByteBuffer.allocate(LENGTH - 32), now);
        pair.near.engine.pollTransmit(offered, now);
        pair.far.engine.handleDatagram(from, offered.duplicate().flip(), now);
    }

    @TearDown(Level.Trial)
    public void close() {
        port.close();
    }

    /// With the turn of the port that follows.
    @Benchmark
    public long offer() {
        now += PAUSE_NANOS;
        port.offer(from, offered.position(0), now);
        return port.serve(now);
    }
}
