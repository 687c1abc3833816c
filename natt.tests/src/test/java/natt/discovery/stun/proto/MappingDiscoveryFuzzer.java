package natt.discovery.stun.proto;

import natt.core.spi.AddressDiscovery.Finding;
import natt.core.spi.Engine;
import natt.tests.fuzz.Input;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Servers that answer anything at any time. An address is found only if a majority of the servers
/// has named it, no deadline stays due, and requests keep to their pace.
public final class MappingDiscoveryFuzzer {
    private static final int SERVERS = 5;
    private static final int MOST_STEPS = 400;

    /// A round has at most 7 copies for each server and begins at most once for each input.
    private static final int MOST_REQUESTS = 7 * SERVERS;

    private final Input input;
    private final MappingDiscovery engine;
    private final List<InetSocketAddress> addresses = new ArrayList<>();
    private final Map<InetSocketAddress, byte[]> requests = new HashMap<>();
    private final Map<InetSocketAddress, Set<Integer>> namedBy = new HashMap<>();
    private int electorate;
    private long now;

    private MappingDiscoveryFuzzer(byte[] bytes) {
        input = new Input(bytes);
        now = input.moment();
        engine = new MappingDiscovery(Duration.ofSeconds(2 + input.choice(64)), input.random());
        for (int i = 0; i < SERVERS; i++) {
            String host = i == SERVERS - 1 ? "2001:db8::1" : "192.0.2." + (1 + i);
            addresses.add(new InetSocketAddress(host, 3478));
        }
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        new MappingDiscoveryFuzzer(bytes).run();
    }

    private void run() {
        for (int step = 0; step < MOST_STEPS && !input.isEmpty(); step++) {
            switch (input.choice(8)) {
                case 0 -> useServers();
                case 1 -> engine.refresh(now);
                case 2 -> answer(addresses.get(input.choice(SERVERS)));
                case 3 -> hostile();
                case 4 -> now += input.octet() * 10_000_000L;
                case 5 -> now += input.pair() * 10_000_000L;
                default -> {
                    long left = engine.nanosUntilTimeout(now);
                    now += left == Engine.NEVER ? 0 : Math.max(0, left);
                }
            }
            settle();
        }
    }

    private void useServers() {
        int chosen = input.octet();
        var used = new ArrayList<InetSocketAddress>();
        for (int i = 0; i < SERVERS; i++) {
            if ((chosen >> i & 1) != 0) {
                used.add(addresses.get(i));
            }
        }
        int configured = chosen >> SERVERS;
        electorate = Math.max(configured, used.size());
        engine.useServers(used, configured, now);
    }

    /// Answers the last request to a server, as a server may: with an address, an error, or
    /// neither.
    private void answer(InetSocketAddress server) {
        byte[] request = requests.get(server);
        if (request == null) {
            return;
        }
        var answer = ByteBuffer.allocate(64);
        int said = input.choice(16);
        answer.putShort((short) (said == 15 ? 0x0111 : 0x0101)).putShort((short) 0);
        answer.put(request, 4, 16);
        if (said < 12) {
            int port = 40_000 + said % 3;
            int last = 1 + said / 3;
            answer.putShort((short) 1).putShort((short) 8).put((byte) 0).put((byte) 1);
            answer.putShort((short) port).put(new byte[] {(byte) 203, 0, 113, (byte) last});
            namedBy.computeIfAbsent(
                            new InetSocketAddress("203.0.113." + last, port), _ -> new HashSet<>())
                    .add(addresses.indexOf(server));
        } else if (said == 15) {
            answer.putShort((short) 9).putShort((short) 4).putInt(0x0000_0400);
        }
        answer.putShort(2, (short) (answer.position() - StunMessage.HEADER_LENGTH));
        engine.handleDatagram(server, answer.flip(), now);
    }

    /// A datagram of the input's own bytes, with or without the transaction that it should have.
    private void hostile() {
        InetSocketAddress from = addresses.get(input.choice(SERVERS));
        byte[] request = requests.get(from);
        boolean guessed = input.flag();
        byte[] bytes = input.bytes(input.choice(128));
        if (guessed && request != null && bytes.length >= StunMessage.HEADER_LENGTH) {
            System.arraycopy(request, 4, bytes, 4, 16);
            rememberWhatIsNamed(bytes, from);
        }
        engine.handleDatagram(from, ByteBuffer.wrap(bytes), now);
    }

    private void rememberWhatIsNamed(byte[] bytes, InetSocketAddress from) {
        if (StunMessage.decode(ByteBuffer.wrap(bytes)) instanceof StunMessage.Decoded.Ok(var ok)) {
            ok.mappedAddress()
                    .ifPresent(
                            each ->
                                    namedBy.computeIfAbsent(each, _ -> new HashSet<>())
                                            .add(addresses.indexOf(from)));
        }
    }

    private void settle() {
        drain();
        if (engine.nanosUntilTimeout(now) <= 0) {
            engine.handleTimeout(now);
            drain();
            if (engine.nanosUntilTimeout(now) <= 0) {
                throw new AssertionError("a deadline stays due");
            }
        }
        if (engine.pollFinding() instanceof Finding.Mapped(var mapped)) {
            int named = namedBy.getOrDefault(mapped, Set.of()).size();
            if (named <= electorate / 2) {
                throw new AssertionError("%d of %d said it".formatted(named, electorate));
            }
        }
        for (int i = 0; engine.pollOutvoted() != null; i++) {
            if (i > SERVERS) {
                throw new AssertionError("more liars than servers");
            }
        }
        engine.counters();
    }

    private void drain() {
        var out = ByteBuffer.allocate(1200);
        for (int sent = 0; ; sent++) {
            InetSocketAddress to = engine.pollTransmit(out.clear(), now);
            if (to == null) {
                return;
            }
            if (sent == MOST_REQUESTS || out.position() != StunMessage.HEADER_LENGTH) {
                throw new AssertionError("request %d of %d bytes".formatted(sent, out.position()));
            }
            byte[] request = new byte[out.position()];
            out.flip().get(request);
            requests.put(to, request);
        }
    }
}
