package natt.tun;

import natt.core.HostAndPort;
import natt.core.Text;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.spi.Engine;
import natt.core.status.Report;
import natt.core.time.Ticker;
import natt.tun.device.TunDevice;
import natt.tun.natpunch.BareTunnel;
import natt.tun.packet.FarEnd;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// A device whose packets go to one peer as NATpunch has them: bare, and nobody proves anything.
/// When the peer falls silent it begins again on another socket, for ever.
public final class NatpunchTunnel implements PacketCarrier {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final InetSocketAddress ANY =
            new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 0);
    private static final int NO_PORT = -1;
    private static final Duration AGAIN = Duration.ofSeconds(2);

    private final HostAndPort server;
    private final Driver driver;
    private final Tunnel tunnel;
    private final End end = new End();
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private @Nullable Port port;
    private @Nullable BareTunnel bare;
    private boolean announced;
    private boolean failing;
    private boolean closed;
    private int rounds;

    private NatpunchTunnel(HostAndPort server, Driver driver, Tunnel tunnel) {
        this.server = server;
        this.driver = driver;
        this.tunnel = tunnel;
        driver.failure().thenAccept(failure::complete);
        tunnel.failure().thenAccept(failure::complete);
    }

    /// The peer as the router sees it.
    private final class End implements FarEnd {
        @Override
        public boolean isUp() {
            return bare != null && bare.peer() != null;
        }

        @Override
        public int packetSize() {
            return BareTunnel.MOST_PACKET;
        }

        /// There is no probing; what is wider than the path is cut into fragments on its way.
        @Override
        public boolean packetSizeIsFinal() {
            return true;
        }

        @Override
        public boolean send(ByteBuffer packet, long nowNanos) {
            return bare != null && bare.send(packet, nowNanos);
        }
    }

    /// Starts asking the server for the only peer.
    ///
    /// @param device closed with this, and if this fails
    /// @throws IOException with one line for the user
    public static NatpunchTunnel start(TunnelConfig config, TunDevice device, HostAndPort server)
            throws IOException {
        var driver = new Driver(Ticker.system(), "natt-natpunch");
        Tunnel tunnel;
        try {
            tunnel = Tunnel.open(device, config.locals(), config.forward(), NO_PORT, driver);
        } catch (IOException | RuntimeException failed) {
            driver.discard();
            throw failed;
        }
        var all = new NatpunchTunnel(server, driver, tunnel);
        driver.execute(
                () -> {
                    for (TunnelPeer each : config.peers()) {
                        tunnel.allow(each.name(), all.end, each.allowedIps());
                    }
                    all.resolve();
                });
        driver.start();
        return all;
    }

    // ---- one try after the other

    /// Looks the server up, which may have another address by now.
    private void resolve() {
        Thread.ofVirtual()
                .name("natt-natpunch-server")
                .start(
                        () -> {
                            try {
                                InetSocketAddress found = lookUp(server);
                                driver.execute(() -> begin(found));
                            } catch (UnknownHostException failed) {
                                driver.execute(() -> waitAndResolve(failed));
                            }
                        });
    }

    private static InetSocketAddress lookUp(HostAndPort server) throws UnknownHostException {
        return Arrays.stream(InetAddress.getAllByName(server.host()))
                .filter(each -> each instanceof Inet4Address)
                .findFirst()
                .map(each -> new InetSocketAddress(each, server.port()))
                .orElseThrow(() -> new UnknownHostException("it has no IPv4 address"));
    }

    private void waitAndResolve(IOException failed) {
        if (!failing) {
            LOG.log(
                    Level.WARNING,
                    "{0}: {1}; natt goes on trying",
                    server,
                    Text.escape(String.valueOf(failed.getMessage())));
        }
        failing = true;
        driver.schedule(AGAIN, this::resolve);
    }

    private void begin(InetSocketAddress address) {
        if (closed) {
            return;
        }
        try {
            Port fresh = driver.openPort(ANY);
            var next =
                    new BareTunnel(
                            address,
                            (packet, now) -> tunnel.received(end, packet, now),
                            driver.nanoTime());
            tunnel.carriedFrom(fresh.local().getPort());
            fresh.attach(List.of(next), now -> watch(next, now));
            port = fresh;
            bare = next;
            announced = false;
            failing = false;
            rounds++;
        } catch (IOException failed) {
            waitAndResolve(failed);
        }
    }

    private long watch(BareTunnel current, long nowNanos) {
        if (current != bare) {
            return Engine.NEVER;
        }
        InetSocketAddress peer = current.peer();
        if (current.isUp() && !announced && peer != null) {
            announced = true;
            LOG.log(Level.INFO, "the peer answers from {0}", HostAndPort.format(peer));
        }
        if (current.hasEnded(nowNanos)) {
            LOG.log(
                    Level.INFO,
                    "{0}; the server is asked again",
                    announced ? "the peer is silent" : "the peer cannot be reached");
            bare = null;
            driver.execute(this::again);
        }
        return Engine.NEVER;
    }

    private void again() {
        closePort();
        resolve();
    }

    private void closePort() {
        if (port != null) {
            port.close();
            port = null;
        }
    }

    // ---- for the owner

    @Override
    public CompletableFuture<String> failure() {
        return failure;
    }

    @Override
    public String description() {
        return "the peer is asked for at " + server;
    }

    @Override
    public CompletableFuture<Report> report() {
        var report = new CompletableFuture<Report>();
        driver.failure().thenAccept(why -> report.completeExceptionally(new IOException(why)));
        driver.execute(
                () -> {
                    BareTunnel current = bare;
                    report.complete(
                            Report.builder()
                                    .text("server", server.toString())
                                    .flag("encrypted", false)
                                    .flag("up", current != null && current.isUp())
                                    .address(
                                            "peer",
                                            Optional.ofNullable(current).map(BareTunnel::peer))
                                    .count("rounds", rounds)
                                    .reports("tunnel", List.of(tunnel.report()))
                                    .build());
                });
        return report;
    }

    @Override
    public void close() {
        driver.execute(() -> closed = true);
        driver.close();
        tunnel.close();
    }
}
