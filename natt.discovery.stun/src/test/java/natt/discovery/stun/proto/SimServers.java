package natt.discovery.stun.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.AddressDiscovery.Finding;
import natt.core.spi.AddressDiscovery.Observation;
import natt.core.spi.AddressDiscovery.Outvoted;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;

/// A discovery with its servers in virtual time, which starts 20 seconds before the ticker
/// wraps. Round trips take 20 ms.
final class SimServers {
    static final InetSocketAddress S1 = new InetSocketAddress("192.0.2.1", 3478);
    static final InetSocketAddress S2 = new InetSocketAddress("192.0.2.2", 3478);
    static final InetSocketAddress S3 = new InetSocketAddress("192.0.2.3", 19302);

    private static final long ROUND_TRIP_NANOS = Duration.ofMillis(20).toNanos();

    record Sent(long millis, InetSocketAddress to, byte[] datagram) {}

    private record Arrival(long nanos, InetSocketAddress from, byte[] datagram) {}

    final MappingDiscovery discovery;
    final List<Sent> sent = new ArrayList<>();

    /// Findings and outvoted servers, each with the millisecond of its report.
    final List<String> news = new ArrayList<>();

    private final Map<InetSocketAddress, Function<byte[], byte[]>> servers = new HashMap<>();
    private final List<Arrival> arrivals = new ArrayList<>();
    private final long start = Long.MAX_VALUE - Duration.ofSeconds(20).toNanos();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1500);
    private long now = start;

    SimServers() {
        this(Duration.ofSeconds(15));
    }

    SimServers(Duration refreshInterval) {
        discovery = new MappingDiscovery(refreshInterval, new Random(3));
    }

    /// Makes the server say that it sees this address.
    void sees(InetSocketAddress server, String hostAndPort) {
        servers.put(server, request -> answer(request, hostAndPort));
    }

    /// Makes all three servers see this address.
    void allSee(String hostAndPort) {
        for (InetSocketAddress server : List.of(S1, S2, S3)) {
            sees(server, hostAndPort);
        }
    }

    void answersWith(InetSocketAddress server, Function<byte[], byte[]> answer) {
        servers.put(server, answer);
    }

    void silence(InetSocketAddress... silent) {
        servers.keySet().removeAll(Arrays.asList(silent));
    }

    static byte[] answer(byte[] request, String hostAndPort) {
        return MessageBuilder.to(request, MessageBuilder.SUCCESS)
                .xored(MessageBuilder.XOR_MAPPED_ADDRESS, address(hostAndPort))
                .bytes();
    }

    static InetSocketAddress address(String hostAndPort) {
        int colon = hostAndPort.lastIndexOf(':');
        return new InetSocketAddress(
                hostAndPort.substring(0, colon),
                Integer.parseInt(hostAndPort.substring(colon + 1)));
    }

    void use(InetSocketAddress... addresses) {
        useOf(0, addresses);
    }

    /// Uses servers that are some of those the user has named.
    void useOf(int configured, InetSocketAddress... addresses) {
        discovery.useServers(List.of(addresses), configured, now);
        drain();
    }

    void refresh() {
        discovery.refresh(now);
        drain();
    }

    /// Hands a datagram over at once.
    boolean deliver(InetSocketAddress from, byte[] datagram) {
        buffer.clear().put(datagram).flip();
        boolean taken = discovery.handleDatagram(from, buffer, now);
        drain();
        return taken;
    }

    /// Lets time pass without calling the engine, as in a suspended process.
    void sleepUntilMillis(long millis) {
        now = start + millis * 1_000_000;
        discovery.handleTimeout(now);
        drain();
    }

    void runUntilMillis(long millis) {
        long end = start + millis * 1_000_000;
        while (true) {
            long toTimeout = discovery.nanosUntilTimeout(now);
            Arrival next = null;
            for (Arrival arrival : arrivals) {
                next = next == null || arrival.nanos() - next.nanos() < 0 ? arrival : next;
            }
            long toArrival = next == null ? Long.MAX_VALUE : next.nanos() - now;
            long step = Math.min(toTimeout, toArrival);
            if (step > end - now) {
                now = end;
                return;
            }
            now += step;
            if (next != null && toArrival <= toTimeout) {
                arrivals.remove(next);
                deliver(next.from(), next.datagram());
            } else {
                discovery.handleTimeout(now);
                drain();
            }
        }
    }

    /// The milliseconds at which datagrams went to one server, or to all.
    List<Long> sentTo(@Nullable InetSocketAddress server) {
        return sent.stream()
                .filter(s -> server == null || s.to().equals(server))
                .map(Sent::millis)
                .toList();
    }

    /// The milliseconds at which all three servers were asked something new.
    List<Long> roundStarts() {
        var ids = new HashSet<TransactionId>();
        var starts = new TreeMap<Long, Integer>();
        for (Sent datagram : sent) {
            if (ids.add(TransactionId.read(ByteBuffer.wrap(datagram.datagram()), 8))) {
                starts.merge(datagram.millis(), 1, Integer::sum);
            }
        }
        starts.values().removeIf(fresh -> fresh < 3);
        return List.copyOf(starts.keySet());
    }

    long counter(String name) {
        return discovery.counters().get(name);
    }

    private void drain() {
        InetSocketAddress to;
        while ((to = discovery.pollTransmit(buffer.clear(), now)) != null) {
            byte[] datagram = new byte[buffer.flip().remaining()];
            buffer.get(datagram);
            assertEquals(20, datagram.length);
            sent.add(new Sent(millis(), to, datagram));
            Function<byte[], byte[]> server = servers.get(to);
            if (server != null) {
                arrivals.add(new Arrival(now + ROUND_TRIP_NANOS, to, server.apply(datagram)));
            }
        }
        assertTrue(discovery.nanosUntilTimeout(now) > 0, "a deadline is left behind");
        Finding finding;
        while ((finding = discovery.pollFinding()) != null) {
            news.add(millis() + " " + describe(finding));
        }
        Outvoted outvoted;
        while ((outvoted = discovery.pollOutvoted()) != null) {
            news.add(
                    "%d outvoted %s: %s"
                            .formatted(millis(), text(outvoted.server()), text(outvoted.said())));
        }
    }

    private long millis() {
        return (now - start) / 1_000_000;
    }

    private static String describe(Finding finding) {
        return switch (finding) {
            case Finding.Mapped(var address) -> "mapped " + text(address);
            case Finding.AddressDependentMapping(var seen) ->
                    "address-dependent "
                            + seen.stream().map(Observation::mapped).map(SimServers::text).toList();
            case Finding.Disputed(var seen) ->
                    "disputed " + seen.stream().map(SimServers::text).toList();
            case Finding.Unanswered(var asked, var answered) ->
                    "unanswered " + answered + "/" + asked;
        };
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }
}
