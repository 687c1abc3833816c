package natt.core.node;

import natt.core.NatBehavior;
import natt.core.Route;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.session.Candidate;
import natt.core.session.Candidate.Type;
import natt.core.session.LocalCandidates;
import natt.core.session.Session;
import natt.core.session.SessionEvent;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.AddressDiscovery.BehaviorContext;
import natt.core.spi.AddressDiscovery.BehaviorDiscovery;
import natt.core.spi.AddressDiscovery.LocalSocket;
import natt.core.spi.AddressDiscovery.Sample;
import natt.core.spi.AddressDiscovery.SampleContext;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/// Tells peers that a relay leads to where this node may be reached as well, so that both search
/// for a direct path; finds that out from the brokers. An engine of the port, before that of the
/// sessions, for its questions.
final class Offers implements Engine, Brokers.Listener {
    private static final System.Logger LOG = System.getLogger("natt");

    /// Through five fresh sockets a NAT shows how it chooses ports.
    private static final int SOCKETS = 5;

    /// A broker can make this node register anew all the time, and a path can come and go; servers
    /// are asked so often in that time, enough for a node that changes its network.
    private static final int MOST_SAMPLES = 3;

    private static final Duration SAMPLES_TIME = Duration.ofSeconds(30);

    private final Driver driver;
    private final Port port;
    private final AddressDiscovery discovery;
    private final Brokers brokers;
    private final Supplier<List<Candidate>> others;
    private final RandomGenerator random;
    private final PathSearch search;
    private final boolean waits;
    private final boolean tunnels;
    private final Set<Session> sessions = new LinkedHashSet<>();
    private final List<InetSocketAddress> servers = new ArrayList<>();
    private final List<InetSocketAddress> seen = new ArrayList<>();
    private final List<Integer> sockets = new ArrayList<>();
    private NatBehavior behavior = NatBehavior.UNKNOWN;
    private @Nullable Sample sample;
    private int samples;
    private long samplesSince;
    private @Nullable BrokerLink toSample;
    private @Nullable BehaviorDiscovery asking;
    private List<Engine> engines = new ArrayList<>();
    private boolean known;
    private LocalCandidates last = new LocalCandidates(NatBehavior.UNKNOWN, List.of());

    /// @param others what else is known of where this node is
    /// @param waits whether this node waits for callers, so that it learns all in advance
    /// @param tunnels whether paths may lead through tunnels of this machine
    Offers(
            Driver driver,
            Port port,
            AddressDiscovery discovery,
            Brokers brokers,
            Supplier<List<Candidate>> others,
            boolean waits,
            boolean tunnels,
            RandomGenerator random) {
        this.driver = driver;
        this.port = port;
        this.discovery = discovery;
        this.brokers = brokers;
        this.others = others;
        this.waits = waits;
        this.tunnels = tunnels;
        this.random = random;
        search =
                new PathSearch(
                        new PathSearch.Ground() {
                            @Override
                            public List<Integer> addSockets(int count) {
                                // Whoever shares the port could not use what they find.
                                return port.isShared() ? List.of() : port.addSockets(count);
                            }

                            @Override
                            public void closeSocket(int socket) {
                                port.closeSocket(socket);
                            }
                        },
                        discovery,
                        random);
        arrange();
        brokers.listen(this);
    }

    // ---- what happens

    /// Something has happened to a session with a peer.
    void happened(Session session, SessionEvent event) {
        if (event instanceof SessionEvent.Established) {
            // Not in the switch: it would hold up the first bytes.
            route(session);
            return;
        }
        switch (event) {
            case SessionEvent.OfSearch needs -> {
                if (needs instanceof SessionEvent.SearchTells(var what)) {
                    LOG.log(Level.DEBUG, "search for a direct path: {0}", what);
                }
                search.handle(session, needs, driver.nanoTime());
            }
            case SessionEvent.Resumed _ -> route(session);
            case SessionEvent.Moved(var from, var to) -> {
                if (Route.isDirect(from) && !Route.isDirect(to)) {
                    // The NAT may have another mapping now, of which nobody tells.
                    brokers.links().stream()
                            .filter(link -> link.answer().isPresent())
                            .findFirst()
                            .ifPresent(this::sampleSoon);
                }
            }
            case SessionEvent.Closed _ -> sessions.remove(session);
            default -> {}
        }
    }

    private void route(Session session) {
        brokers.route(session.peer()).ifPresent(route -> relayed(session, route));
    }

    @Override
    public void relayed(Session session, InetSocketAddress route) {
        if (session.state() == Session.State.UP) {
            long now = driver.nanoTime();
            session.useRelay(route, now);
            sessions.add(session);
            session.offer(candidates(), now);
            if (isRelayed()) {
                askBehavior();
            }
        }
    }

    private boolean isRelayed() {
        return sessions.stream()
                .flatMap(each -> each.path().stream())
                .anyMatch(path -> !Route.isDirect(path));
    }

    @Override
    public void granted(Session session, InetSocketAddress address) {
        session.attested(address.getAddress(), driver.nanoTime());
    }

    @Override
    public void registered(BrokerLink link) {
        servers.removeIf(each -> !isOf(each, brokers.links()));
        for (InetSocketAddress each : link.stunServers()) {
            if (!servers.contains(each)) {
                servers.add(each);
            }
        }
        search.useServers(servers);
        changed();
        sampleSoon(link);
    }

    private void sampleSoon(BrokerLink link) {
        boolean planned = toSample != null;
        toSample = link;
        long since = driver.nanoTime() - samplesSince;
        if (samples < MOST_SAMPLES || since >= SAMPLES_TIME.toNanos()) {
            openSample();
        } else if (!planned) {
            driver.schedule(SAMPLES_TIME.minusNanos(since), this::openSample);
        }
    }

    private void openSample() {
        BrokerLink link = toSample;
        toSample = null;
        if (link == null) {
            return;
        }
        long now = driver.nanoTime();
        if (samples == 0 || now - samplesSince >= SAMPLES_TIME.toNanos()) {
            samples = 0;
            samplesSince = now;
        }
        samples++;
        sample =
                discovery
                        .openSample(new SampleContext(link.stunServers(), now, random))
                        .orElse(null);
        arrange();
        // The network may be another than before.
        known = false;
        if (sample == null) {
            askIfNeeded();
        }
    }

    private static boolean isOf(InetSocketAddress server, List<BrokerLink> links) {
        return links.stream().anyMatch(link -> link.stunServers().contains(server));
    }

    private void askIfNeeded() {
        if (waits || isRelayed()) {
            askBehavior();
        }
    }

    /// After the sample: the mappings of both at once would make a NAT that counts look as if it
    /// took longer steps.
    private void askBehavior() {
        List<InetSocketAddress> ipv4 =
                servers.stream().filter(each -> each.getAddress() instanceof Inet4Address).toList();
        if (known || sample != null || asking != null || ipv4.isEmpty()) {
            return;
        }
        known = true;
        sockets.addAll(port.addSockets(SOCKETS));
        var fresh = new ArrayList<LocalSocket>();
        for (int socket : sockets) {
            port.local(socket).ifPresent(local -> fresh.add(new LocalSocket(socket, local)));
        }
        if (!fresh.isEmpty()) {
            asking =
                    discovery
                            .openBehavior(
                                    new BehaviorContext(
                                            ipv4, fresh, Duration.ZERO, driver.nanoTime(), random))
                            .orElse(null);
        }
        if (asking == null) {
            closeSockets();
        }
        arrange();
    }

    private void closeSockets() {
        sockets.forEach(port::closeSocket);
        sockets.clear();
    }

    /// Something is known that was not: whoever was told the rest is told that too.
    void changed() {
        LocalCandidates now = candidates();
        if (!now.equals(last)) {
            last = now;
            sessions.forEach(each -> each.offer(now, driver.nanoTime()));
        }
    }

    private LocalCandidates candidates() {
        var found = new LinkedHashSet<Candidate>();
        for (InetSocketAddress each : HostAddresses.candidates(port.local(), tunnels)) {
            found.add(new Candidate(Type.HOST, each));
        }
        found.addAll(others.get());
        for (BrokerLink link : brokers.links()) {
            link.answer()
                    .flatMap(answer -> answer.observed())
                    .ifPresent(each -> found.add(new Candidate(Type.SERVER_REFLEXIVE, each)));
        }
        for (InetSocketAddress each : seen) {
            found.add(new Candidate(Type.SERVER_REFLEXIVE, each));
        }
        return new LocalCandidates(behavior, List.copyOf(found));
    }

    /// How the NATs in front of this node behave, as far as is known.
    NatBehavior behavior() {
        return behavior;
    }

    private void serve() {
        if (sample != null && sample.isDone()) {
            seen.clear();
            sample.observations().stream().map(each -> each.mapped()).distinct().forEach(seen::add);
            sample = null;
            arrange();
            changed();
            askIfNeeded();
        }
        NatBehavior found = asking == null ? null : asking.pollBehavior();
        if (found != null) {
            asking = null;
            arrange();
            closeSockets();
            behavior = found;
            LOG.log(
                    Level.DEBUG,
                    "NAT: mapping {0}, filtering {1}, ports {2}",
                    found.mapping(),
                    found.filtering(),
                    found.ports());
            changed();
        }
    }

    // ---- Engine

    /// Those whose turn it is; made anew when that changes, not for every datagram.
    private void arrange() {
        engines = new ArrayList<>();
        engines.add(search);
        if (sample != null) {
            engines.add(sample);
        }
        if (asking != null) {
            engines.add(asking);
        }
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        int start = datagram.position();
        for (Engine each : engines) {
            datagram.position(start);
            if (each.handleDatagram(from, datagram, nowNanos)) {
                serve();
                return true;
            }
        }
        datagram.position(start);
        return false;
    }

    @Override
    public void handleTimeout(long nowNanos) {
        List.copyOf(engines).forEach(each -> each.handleTimeout(nowNanos));
        serve();
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        for (Engine each : engines) {
            InetSocketAddress to = each.pollTransmit(into, nowNanos);
            if (to != null) {
                return to;
            }
        }
        return null;
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        long least = NEVER;
        for (Engine each : engines) {
            least = Math.min(least, each.nanosUntilTimeout(nowNanos));
        }
        return least;
    }
}
