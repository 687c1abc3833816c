package natt.core.doctor;

import natt.core.HostAndPort;
import natt.core.NatBehavior;
import natt.core.doctor.DoctorConfig.Broker;
import natt.core.publish.SpecialPurpose;
import natt.core.spi.PortMapper;
import natt.core.time.Ticker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/// Looks at this machine's network and at the set-up of natts on it: all at once, for some seconds.
public final class Doctor {
    private static final Duration GATEWAY = Duration.ofSeconds(3);

    private final DoctorConfig config;
    private final RandomGenerator random = new SecureRandom();

    public Doctor(DoctorConfig config) {
        this.config = config;
    }

    /// Looks, which takes up to 8 seconds unless the mapping lifetime is wanted or nobody answers.
    ///
    /// @param now the wall clock's time
    /// @throws IOException if no socket can be opened at all
    public Diagnosis examine(Instant now) throws IOException, InterruptedException {
        try (var bench = new Bench(Ticker.system());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            return new Diagnosis(facts(bench, threads), now, config.peer());
        }
    }

    private Facts facts(Bench bench, ExecutorService threads) throws InterruptedException {
        var nat = new NatProbe(bench, config.discovery(), random);
        var records = new RecordProbe(bench, random);
        var services = new ServiceProbe(bench.driver());
        List<InetAddress> own = own();
        Future<List<InetSocketAddress>> servers = threads.submit(this::servers);
        Future<NatFacts> four = threads.submit(() -> four(nat, servers.get(), own));
        Future<SixFacts> six = threads.submit(() -> six(nat, servers.get(), own));
        Future<WidthFacts> width =
                threads.submit(
                        () -> new WidthProbe(bench, config.discovery(), random).ask(servers.get()));
        Future<GatewayFacts> gateway = threads.submit(this::gateway);
        var broker = new BrokerProbe(bench, random, config.brokerTlsPort());
        List<Future<BrokerFacts>> brokers =
                config.brokers().stream()
                        .map(each -> threads.submit(() -> broker.call(each)))
                        .toList();
        Optional<Future<DnsFacts>> dns =
                config.publication().map(each -> threads.submit(() -> records.own(each)));
        Optional<Future<RightsFacts>> rights =
                config.publication().map(each -> threads.submit(() -> RightsProbe.ask(each)));
        Future<ServiceFacts> behind =
                threads.submit(() -> services.dial(config.services(), config.servicesNeeded()));
        Optional<Future<PeerFacts>> target =
                config.target().map(each -> threads.submit(() -> records.call(each)));
        var called = new ArrayList<BrokerFacts>();
        for (Future<BrokerFacts> each : brokers) {
            called.add(get(each));
        }
        return new Facts(
                get(four),
                get(six),
                get(gateway),
                get(width),
                called,
                dns.isEmpty() ? Optional.empty() : Optional.of(get(dns.get())),
                rights.isEmpty() ? Optional.empty() : Optional.of(get(rights.get())),
                get(behind),
                target.isEmpty() ? Optional.empty() : Optional.of(get(target.get())));
    }

    private static <T> T get(Future<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException broken) {
            throw new IllegalStateException(String.valueOf(broken.getCause()), broken);
        }
    }

    /// The STUN servers, and the brokers with their second ports.
    private List<InetSocketAddress> servers() {
        var servers = new LinkedHashSet<InetSocketAddress>();
        for (HostAndPort each : config.stun()) {
            servers.addAll(addresses(each));
        }
        for (Broker each : config.brokers()) {
            for (InetSocketAddress at : addresses(each.place())) {
                servers.add(at);
                servers.add(new InetSocketAddress(at.getAddress(), at.getPort() + 1));
            }
        }
        return List.copyOf(servers);
    }

    /// One address of each family.
    static List<InetSocketAddress> addresses(HostAndPort place) {
        var found = new ArrayList<InetSocketAddress>();
        try {
            for (InetAddress each : InetAddress.getAllByName(place.host())) {
                boolean first =
                        found.stream()
                                .noneMatch(it -> it.getAddress().getClass() == each.getClass());
                if (first) {
                    found.add(new InetSocketAddress(each, place.port()));
                }
            }
        } catch (UnknownHostException unknown) {
            return List.of();
        }
        return found;
    }

    private NatFacts four(NatProbe probe, List<InetSocketAddress> servers, List<InetAddress> own)
            throws InterruptedException {
        List<InetSocketAddress> four = of(Inet4Address.class, servers);
        if (four.isEmpty()) {
            // A name that leads nowhere is silence, too.
            return config.stun().isEmpty() && config.brokers().isEmpty()
                    ? NatFacts.unasked()
                    : NatFacts.silent(config.stun().size() + config.brokers().size());
        }
        NatProbe.Found found = probe.ask(four, true, config.longestLifetime());
        boolean port53 = found.answered() == 0 && probe.answersOnDnsPort(four);
        return new NatFacts(
                four.size(),
                found.answered(),
                found.external(),
                found.external().filter(own::contains).isPresent(),
                found.behavior(),
                port53,
                config.longestLifetime());
    }

    private static List<InetSocketAddress> of(
            Class<? extends InetAddress> family, List<InetSocketAddress> servers) {
        return servers.stream().filter(each -> family.isInstance(each.getAddress())).toList();
    }

    private static SixFacts six(
            NatProbe probe, List<InetSocketAddress> servers, List<InetAddress> own)
            throws InterruptedException {
        List<InetAddress> global =
                own.stream()
                        .filter(Inet6Address.class::isInstance)
                        .filter(each -> !SpecialPurpose.includes(each))
                        .toList();
        List<InetSocketAddress> six = of(Inet6Address.class, servers);
        if (global.isEmpty() || six.isEmpty()) {
            return new SixFacts(global, six.size(), 0, NatBehavior.UNKNOWN);
        }
        NatProbe.Found found = probe.ask(six, false, Duration.ZERO);
        return new SixFacts(global, six.size(), found.answered(), found.behavior());
    }

    private GatewayFacts gateway() throws InterruptedException {
        if (config.portMapper().isEmpty()) {
            return GatewayFacts.unasked();
        }
        PortMapper mapper = config.portMapper().get();
        return new GatewayFacts(true, mapper.probe(GATEWAY));
    }

    /// This machine's addresses.
    private static List<InetAddress> own() {
        try (Stream<NetworkInterface> all = NetworkInterface.networkInterfaces()) {
            Collection<InetAddress> found =
                    all.flatMap(NetworkInterface::inetAddresses).map(Doctor::plain).toList();
            return List.copyOf(found);
        } catch (SocketException | UncheckedIOException unknown) {
            return List.of();
        }
    }

    /// Without the interface it was found at.
    private static InetAddress plain(InetAddress address) {
        try {
            return InetAddress.getByAddress(address.getAddress());
        } catch (UnknownHostException impossible) {
            throw new AssertionError("an address has a length", impossible);
        }
    }
}
