package natt.core.doctor;

import natt.core.NatBehavior;
import natt.core.Route;
import natt.core.io.Port;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.AddressDiscovery.BehaviorContext;
import natt.core.spi.AddressDiscovery.BehaviorDiscovery;
import natt.core.spi.AddressDiscovery.LocalSocket;
import natt.core.spi.AddressDiscovery.Observation;
import natt.core.spi.AddressDiscovery.Sample;
import natt.core.spi.AddressDiscovery.SampleContext;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Finds out how the NATs behave, and whether UDP passes at all.
final class NatProbe {
    /// Longer than the tests take, but for that of the lifetime.
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private static final Duration SAMPLING = Duration.ofSeconds(2);

    /// So many sockets show everything.
    private static final int SOCKETS = 8;

    private static final int DNS_PORT = 53;

    private final Bench bench;
    private final AddressDiscovery discovery;
    private final RandomGenerator random;

    NatProbe(Bench bench, AddressDiscovery discovery, RandomGenerator random) {
        this.bench = bench;
        this.discovery = discovery;
        this.random = random;
    }

    /// @param answered how many of the servers
    record Found(NatBehavior behavior, Optional<InetAddress> external, int answered) {
        private static final Found NOTHING = new Found(NatBehavior.UNKNOWN, Optional.empty(), 0);
    }

    /// Asks servers of one family.
    ///
    /// @param longestLifetime zero to leave the mapping lifetime out
    Found ask(List<InetSocketAddress> servers, boolean four, Duration longestLifetime)
            throws InterruptedException {
        if (servers.isEmpty()) {
            return Found.NOTHING;
        }
        Duration patience = PATIENCE.plus(longestLifetime.multipliedBy(4));
        Optional<Found> found =
                bench.run(
                        four ? "0.0.0.0" : "::",
                        patience,
                        (port, now) -> behavior(port, servers, four, longestLifetime, now));
        return found.orElse(Found.NOTHING);
    }

    private Bench.Trial<Found> behavior(
            Port port,
            List<InetSocketAddress> servers,
            boolean four,
            Duration longestLifetime,
            long nowNanos)
            throws IOException {
        var sockets = new ArrayList<LocalSocket>();
        sockets.add(new LocalSocket(0, port.local()));
        var any = new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 0);
        for (int i = 1; four && i < SOCKETS; i++) {
            int number = port.addSocket(any);
            port.local(number).ifPresent(at -> sockets.add(new LocalSocket(number, at)));
        }
        var context = new BehaviorContext(servers, sockets, longestLifetime, nowNanos, random);
        BehaviorDiscovery engine =
                discovery
                        .openBehavior(context)
                        .orElseThrow(
                                () -> new IllegalStateException("the discovery finds no behavior"));
        return new Bench.Trial<>() {
            @Override
            public List<Engine> engines() {
                return List.of(engine);
            }

            @Override
            public @Nullable Found poll(long now) {
                NatBehavior behavior = engine.pollBehavior();
                return behavior == null ? null : found(behavior, engine.observations(), servers);
            }

            @Override
            public Found giveUp() {
                return found(NatBehavior.UNKNOWN, engine.observations(), servers);
            }
        };
    }

    private static Found found(
            NatBehavior behavior, List<Observation> seen, List<InetSocketAddress> servers) {
        long answered =
                seen.stream()
                        .map(each -> Route.remote(each.server()))
                        .distinct()
                        .filter(servers::contains)
                        .count();
        Optional<InetAddress> external =
                seen.stream().map(each -> each.mapped().getAddress()).findFirst();
        return new Found(behavior, external, (int) answered);
    }

    /// Whether one of the servers answers on port 53, though none does on its own.
    boolean answersOnDnsPort(List<InetSocketAddress> servers) throws InterruptedException {
        List<InetSocketAddress> there =
                servers.stream()
                        .map(each -> new InetSocketAddress(each.getAddress(), DNS_PORT))
                        .distinct()
                        .toList();
        Optional<Boolean> answered = bench.run("0.0.0.0", SAMPLING, (_, now) -> sample(there, now));
        return answered.orElse(false);
    }

    private Bench.Trial<Boolean> sample(List<InetSocketAddress> there, long nowNanos) {
        Sample stun =
                discovery
                        .openSample(new SampleContext(there, nowNanos, random))
                        .orElseThrow(() -> new IllegalStateException("the discovery samples not"));
        var dns = new DnsQuestion(there, random);
        return new Bench.Trial<>() {
            @Override
            public List<Engine> engines() {
                return List.of(dns, stun);
            }

            @Override
            public @Nullable Boolean poll(long now) {
                return giveUp() ? true : null;
            }

            @Override
            public Boolean giveUp() {
                return dns.isAnswered() || !stun.observations().isEmpty();
            }
        };
    }
}
