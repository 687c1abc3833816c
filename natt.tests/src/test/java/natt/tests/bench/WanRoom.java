package natt.tests.bench;

import natt.tests.Programs;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;

/// What is measured over a [WanLink]: tunnels and plain TCP between the two hosts of a pair, seen
/// from the near one. Servers and packet tunnels are started when first asked for and kept;
/// clients, and so their sessions, are fresh each time.
final class WanRoom implements AutoCloseable {
    static final String NATT = "natt";
    static final String KCPTUN = "kcptun fast3";
    static final String WIREGUARD = "wireguard-go";
    static final String NATT_TUN = "natt tun";
    static final String CUBIC = "TCP cubic";
    static final String BBR = "TCP bbr";

    private static final Duration ECHO_LIMIT = Duration.ofSeconds(2);
    private static final Duration REST = Duration.ofSeconds(1);
    private static final int STARTERS = 4;
    private static final int QUIET_MILLIS = 300;
    private static final int QUIET_BYTES = 6_000;
    private static final int QUIET_TRIES = 40;

    /// A way to the service.
    ///
    /// @param before what is done before a connection is made
    /// @param pids of the two ends, the client's first; none for plain TCP
    record Session(InetSocketAddress entrance, Runnable before, Runnable end, long... pids)
            implements AutoCloseable {
        /// Begins a transfer on a stream of its own.
        Flow bulk(double seconds) throws IOException {
            before.run();
            return Flow.begin(entrance, seconds);
        }

        @Override
        public void close() {
            end.run();
        }
    }

    private final VethPair pair;
    private final WanLink link;
    private final Subjects subjects;
    private final Optional<PacketTunnels> tunnels;
    private final int servicePort;
    private final Map<String, Subjects.Server> servers = new HashMap<>();
    private final Map<String, PacketTunnels.Tunnel> started = new HashMap<>();

    private WanRoom(VethPair pair, WanLink link, Subjects subjects, Optional<PacketTunnels> tunnels)
            throws IOException, InterruptedException {
        this.pair = pair;
        this.link = link;
        this.subjects = subjects;
        this.tunnels = tunnels;
        servicePort = subjects.startService("0.0.0.0").getPort();
    }

    /// The room of the link.
    static WanRoom overLink(VethPair pair, WanLink link) throws IOException, InterruptedException {
        var addresses = List.of(WanLink.NEAR_ADDRESS, WanLink.FAR_ADDRESS);
        return new WanRoom(
                pair,
                link,
                new Subjects(WanLink.FAR_ADDRESS, pair.far()),
                Optional.of(new PacketTunnels(pair, addresses, OptionalInt.empty())));
    }

    /// A room between the same hosts, of their direct link.
    WanRoom direct() throws IOException, InterruptedException {
        return new WanRoom(
                pair, link, new Subjects(VethPair.FAR_ADDRESS, pair.far()), Optional.empty());
    }

    /// Why a subject cannot be measured.
    static Optional<String> lacking(String subject) {
        List<String> programs =
                switch (subject) {
                    case KCPTUN -> List.of("kcptun-client", "kcptun-server");
                    case WIREGUARD -> List.of("wireguard-go", "wg");
                    default -> List.of();
                };
        return programs.stream()
                .filter(each -> Programs.find(each).isEmpty())
                .findFirst()
                .map(each -> "no program " + each);
    }

    WanLink link() {
        return link;
    }

    long farPid() {
        return subjects.servicePid();
    }

    /// A new session, which has carried a few bytes and nothing for a second.
    Session open(String subject) throws IOException, InterruptedException {
        awaitQuiet();
        Session session = start(subject);
        try {
            Meter.echo(session.entrance(), 5, ECHO_LIMIT);
            Thread.sleep(REST);
            return session;
        } catch (IOException | InterruptedException failed) {
            session.close();
            throw failed;
        }
    }

    /// Several sessions to one server, all of which have carried a few bytes.
    List<Session> open(String subject, int count) throws IOException, InterruptedException {
        var sessions = new ArrayList<Session>();
        try (var starters = Executors.newFixedThreadPool(STARTERS)) {
            // The first starts the server.
            sessions.add(start(subject));
            var starting =
                    starters.invokeAll(
                            Collections.nCopies(
                                    count - 1, (Callable<Session>) () -> start(subject)));
            for (var each : starting) {
                sessions.add(each.get());
            }
            for (Session each : sessions) {
                Meter.echo(each.entrance(), 5, ECHO_LIMIT);
            }
            Thread.sleep(REST);
            return sessions;
        } catch (ExecutionException failed) {
            sessions.forEach(Session::close);
            throw new IOException(failed);
        } catch (IOException | InterruptedException | AssertionError failed) {
            sessions.forEach(Session::close);
            throw failed;
        }
    }

    private Session start(String subject) throws IOException, InterruptedException {
        return switch (subject) {
            case CUBIC, BBR -> {
                String control = subject.substring("TCP ".length());
                // A connection keeps the one that it began with.
                Runnable choose = () -> link.congestionControl(WanLink.NEAR_ADDRESS, control);
                yield new Session(at(WanLink.FAR_ADDRESS), choose, () -> {});
            }
            case WIREGUARD, NATT_TUN -> inside(subject);
            default -> client(subject);
        };
    }

    private Session client(String subject) throws IOException, InterruptedException {
        Subjects.Server server = servers.get(subject);
        if (server == null) {
            server =
                    subject.equals(NATT)
                            ? subjects.startSessions()
                            : subjects.kcptun(subject, Subjects.FAST);
            servers.put(subject, server);
        }
        Subjects.Subject client = subjects.startClient(server);
        return new Session(client.entrance(), () -> {}, () -> end(client), client.pids());
    }

    /// kcptun's server goes on sending to a client that has gone: first all has to have arrived.
    private void end(Subjects.Subject client) {
        try {
            if (tunnels.isPresent()) {
                awaitQuiet();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        subjects.endClient(client);
    }

    /// TCP with the kernel's default congestion control of today's Linux, through a packet tunnel.
    private Session inside(String subject) throws IOException, InterruptedException {
        PacketTunnels.Tunnel tunnel = started.get(subject);
        if (tunnel == null) {
            String name = subject.equals(NATT_TUN) ? "natt" : subject;
            List<PacketTunnels.Tunnel> up = tunnels.orElseThrow().start(List.of(name));
            if (up.isEmpty()) {
                throw new IOException(String.join("; ", tunnels.orElseThrow().missing()));
            }
            tunnel = up.getFirst();
            started.put(subject, tunnel);
        }
        link.congestionControl(tunnel.nearAddress(), "bbr");
        return new Session(at(tunnel.farAddress()), () -> {}, () -> {}, tunnel.pids());
    }

    private InetSocketAddress at(String address) {
        return new InetSocketAddress(address, servicePort);
    }

    /// Waits until the far host sends nothing to speak of, whoever it was that did.
    void awaitQuiet() throws InterruptedException {
        for (int i = 0; i < QUIET_TRIES; i++) {
            double before = WanTrace.sentBytes(farPid());
            Thread.sleep(QUIET_MILLIS);
            if (WanTrace.sentBytes(farPid()) - before < QUIET_BYTES) {
                return;
            }
        }
    }

    @Override
    public void close() {
        tunnels.ifPresent(PacketTunnels::close);
        subjects.close();
    }
}
