package natt.tun.natpunch;

import natt.core.spi.Engine;
import natt.tests.fuzz.Input;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// NATpunch's client, and its server, with anything from anywhere.
public final class BareTunnelFuzzer {
    private static final int MOST_STEPS = 200;
    private static final long SECOND = 1_000_000_000;
    private static final InetSocketAddress SERVER = address("198.51.100.1");
    private static final InetSocketAddress[] SOURCES = {
        SERVER, address("198.51.100.2"), address("0.0.0.1"), address("2001:db8::1")
    };

    private final Input input;
    private final HandshakeServer server = new HandshakeServer();
    private final BareTunnel tunnel;
    private InetSocketAddress latest = SERVER;
    private long now;

    private BareTunnelFuzzer(byte[] bytes) {
        input = new Input(bytes);
        now = input.moment();
        tunnel = new BareTunnel(SERVER, this::received, now);
    }

    private static InetSocketAddress address(String host) {
        return new InetSocketAddress(InetAddress.ofLiteral(host), 9);
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        var fuzzer = new BareTunnelFuzzer(bytes);
        for (int step = 0; step < MOST_STEPS && !fuzzer.input.isEmpty(); step++) {
            fuzzer.step();
        }
    }

    private void received(ByteBuffer packet, long nowNanos) {
        if (packet.remaining() < 2 || !latest.equals(tunnel.peer()) || nowNanos != now) {
            throw new AssertionError("a packet of " + latest);
        }
    }

    private void step() {
        switch (input.choice(5)) {
            case 0 -> now += input.octet() * SECOND / 32;
            case 1 -> give(tunnel, input.octet() % 16);
            case 2 -> give(server.first(), input.choice(3));
            case 3 -> give(server.second(), input.choice(3));
            default -> tunnel.send(ByteBuffer.wrap(input.bytes(input.octet())), now);
        }
        int sent = 0;
        var out = ByteBuffer.allocate(2048);
        for (InetSocketAddress to; (to = tunnel.pollTransmit(out.clear(), now)) != null; sent++) {
            if (!to.equals(tunnel.peer() == null ? SERVER : tunnel.peer()) || sent > 2) {
                throw new AssertionError("to " + to);
            }
        }
        if (tunnel.nanosUntilTimeout(now) <= 0) {
            throw new AssertionError("does not wait");
        }
    }

    private void give(Engine engine, int length) {
        latest = SOURCES[input.choice(SOURCES.length)];
        if (tunnel.peer() != null && input.flag()) {
            latest = tunnel.peer();
        }
        byte[] datagram = input.bytes(length);
        boolean taken = engine.handleDatagram(latest, ByteBuffer.wrap(datagram), now);
        if (engine == tunnel) {
            return;
        }
        var out = ByteBuffer.allocate(64);
        InetSocketAddress to = engine.pollTransmit(out, now);
        if (to != null && (!to.equals(latest) || !taken || out.position() != 8)) {
            throw new AssertionError("%d bytes to %s".formatted(out.position(), to));
        }
    }
}
