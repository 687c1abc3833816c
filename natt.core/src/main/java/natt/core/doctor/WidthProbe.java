package natt.core.doctor;

import natt.core.io.Port;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.AddressDiscovery.Width;
import natt.core.spi.AddressDiscovery.WidthContext;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/// Finds how large datagrams may be, of the servers at hand the widest path.
final class WidthProbe {
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /// UDP payloads: from packets of 576 bytes to those of 1500.
    private static final List<Integer> SIZES = List.of(548, 1000, 1232, 1352, 1412, 1452, 1472);

    /// Who says nothing is not waited for.
    private static final int MOST_SERVERS = 3;

    private final Bench bench;
    private final AddressDiscovery discovery;
    private final RandomGenerator random;

    WidthProbe(Bench bench, AddressDiscovery discovery, RandomGenerator random) {
        this.bench = bench;
        this.discovery = discovery;
        this.random = random;
    }

    WidthFacts ask(List<InetSocketAddress> servers) throws InterruptedException {
        List<InetSocketAddress> asked =
                servers.stream()
                        .filter(each -> each.getAddress() instanceof Inet4Address)
                        .limit(MOST_SERVERS)
                        .toList();
        int local = local();
        if (asked.isEmpty()) {
            return new WidthFacts(local, 0, 0);
        }
        Optional<Integer> found =
                bench.run("0.0.0.0", PATIENCE, (port, now) -> trial(port, asked, now));
        return new WidthFacts(local, found.orElse(0), Collections.max(SIZES));
    }

    private Bench.Trial<Integer> trial(Port port, List<InetSocketAddress> servers, long nowNanos)
            throws IOException {
        port.keepWhole();
        List<Width> engines =
                servers.stream()
                        .map(each -> new WidthContext(each, SIZES, nowNanos, random))
                        .flatMap(each -> discovery.openWidth(each).stream())
                        .toList();
        return new Bench.Trial<>() {
            @Override
            public List<Engine> engines() {
                return List.copyOf(engines);
            }

            @Override
            public @Nullable Integer poll(long now) {
                return engines.stream().allMatch(Width::isDone) ? giveUp() : null;
            }

            @Override
            public Integer giveUp() {
                return engines.stream().mapToInt(Width::largest).max().orElse(0);
            }
        };
    }

    /// The smallest MTU of an interface that is up and leads further, in bytes; 0 if unknown.
    private static int local() {
        try (Stream<NetworkInterface> all = NetworkInterface.networkInterfaces()) {
            return all.mapToInt(WidthProbe::mtu).filter(each -> each > 0).min().orElse(0);
        } catch (SocketException unknown) {
            return 0;
        }
    }

    private static int mtu(NetworkInterface each) {
        try {
            boolean leads = each.isUp() && !each.isLoopback() && each.inetAddresses().count() > 0;
            return leads ? each.getMTU() : 0;
        } catch (SocketException gone) {
            return 0;
        }
    }
}
