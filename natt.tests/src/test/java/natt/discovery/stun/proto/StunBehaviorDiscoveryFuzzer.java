package natt.discovery.stun.proto;

import natt.core.NatBehavior;
import natt.core.Route;
import natt.core.spi.AddressDiscovery.BehaviorContext;
import natt.core.spi.AddressDiscovery.LocalSocket;
import natt.core.spi.Engine;
import natt.tests.fuzz.Input;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Servers that answer anything from anywhere: it comes to an end, no deadline stays due, and what
/// it sends stays little.
public final class StunBehaviorDiscoveryFuzzer {
    private static final int LONGEST_SECONDS = 60;
    private static final int MOST_SECONDS = 3600;

    /// Of everything but the lifetime: 3 servers with 4 copies, twice, and what follows.
    private static final int MOST_WITHOUT_LIFETIME = 150;

    private static final InetSocketAddress[] SERVERS = {
        new InetSocketAddress("192.0.2.1", 3478),
        new InetSocketAddress("192.0.2.1", 3479),
        new InetSocketAddress("192.0.2.2", 3478)
    };

    private final Input input;
    private final StunBehaviorDiscovery engine;
    private final boolean lifetime;
    private final long start;
    private long now;
    private int sent;

    private StunBehaviorDiscoveryFuzzer(byte[] bytes) {
        input = new Input(bytes);
        now = input.moment();
        start = now;
        lifetime = input.flag();
        var servers = List.of(SERVERS).subList(0, 1 + input.choice(SERVERS.length));
        var sockets = new ArrayList<LocalSocket>();
        int count = 1 + input.choice(9);
        for (int i = 0; i < count; i++) {
            sockets.add(new LocalSocket(i, new InetSocketAddress("10.0.0.1", 40_000 + i)));
        }
        var longest = Duration.ofSeconds(lifetime ? LONGEST_SECONDS : 0);
        engine =
                new StunBehaviorDiscovery(
                        new BehaviorContext(servers, sockets, longest, now, input.random()));
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        new StunBehaviorDiscoveryFuzzer(bytes).run();
    }

    private void run() {
        NatBehavior found = null;
        while (found == null) {
            drain();
            found = engine.pollBehavior();
            long left = engine.nanosUntilTimeout(now);
            if (found == null) {
                if (left <= 0 || left == Engine.NEVER) {
                    throw new AssertionError("left alone for " + left);
                }
                now += left;
                engine.handleTimeout(now);
            }
            if ((now - start) / 1_000_000_000L > MOST_SECONDS) {
                throw new AssertionError("no end");
            }
        }
        if (!lifetime && sent > MOST_WITHOUT_LIFETIME) {
            throw new AssertionError(sent + " datagrams");
        }
        if (engine.pollBehavior() != null || engine.nanosUntilTimeout(now) != Engine.NEVER) {
            throw new AssertionError("it does not end");
        }
    }

    private void drain() {
        while (true) {
            var out = ByteBuffer.allocate(100);
            InetSocketAddress to = engine.pollTransmit(out, now);
            if (to == null) {
                return;
            }
            sent++;
            if (out.position() > 28) {
                throw new AssertionError("a request of " + out.position());
            }
            answer(to, out.array());
        }
    }

    /// As a server may, with and without OTHER-ADDRESS, or as a NAT that hairpins.
    private void answer(InetSocketAddress to, byte[] request) {
        int what = input.octet();
        if (what == 0) {
            return;
        }
        var answer = ByteBuffer.allocate(100);
        int type = what % 16 == 15 ? 0x0111 : what % 16 == 14 ? 0x0001 : 0x0101;
        answer.putShort((short) type).putShort((short) 0).put(request, 4, 16);
        address(answer, 0x0001, "203.0.113.1", 41_000 + input.octet());
        if ((what & 16) != 0) {
            address(answer, 0x802c, "192.0.2." + input.choice(4), 3476 + input.choice(4));
        }
        if ((what & 32) != 0) {
            address(answer, 0x802b, "192.0.2.1", 3478);
        }
        answer.putShort(2, (short) (answer.position() - StunMessage.HEADER_LENGTH));
        engine.handleDatagram((what & 64) != 0 ? elsewhere(to) : to, answer.flip(), now);
    }

    private static void address(ByteBuffer into, int type, String host, int port) {
        into.putShort((short) type).putShort((short) 8).putShort((short) 1).putShort((short) port);
        into.put(new InetSocketAddress(host, port).getAddress().getAddress());
    }

    private InetSocketAddress elsewhere(InetSocketAddress to) {
        var remote = new InetSocketAddress("192.0.2." + input.choice(3), 3478 + input.choice(2));
        int socket = Route.socket(to);
        return socket == 0 ? remote : Route.through(socket, remote);
    }
}
