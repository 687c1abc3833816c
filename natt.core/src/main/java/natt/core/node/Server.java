package natt.core.node;

import natt.core.CloseReason;
import natt.core.DnsRecord;
import natt.core.HostAndPort;
import natt.core.ResetCode;
import natt.core.Text;
import natt.core.forward.Splice;
import natt.core.forward.StreamPump;
import natt.core.forward.TargetDialer;
import natt.core.forward.TcpEnd;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.publish.KcpGoRecords;
import natt.core.publish.Publication;
import natt.core.publish.SpecialPurpose;
import natt.core.publish.StunServers;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.AddressDiscovery.Finding;
import natt.core.spi.AddressDiscovery.Outvoted;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.Engine;
import natt.core.spi.PlainTransport;
import natt.core.spi.PlainTransport.Stream;
import natt.core.time.Ticker;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// Runs beside a service: learns the public address of its UDP port, publishes it, and connects
/// the streams that peers open to the service.
public final class Server implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    /// The largest UDP payload of the original's wire; its peers take up to 1,500 bytes.
    static final int KCP_GO_DATAGRAM = 1400;

    private static final Duration REFRESH = Duration.ofSeconds(15);

    private final ServerConfig config;
    private final Driver driver;
    private final Port port;
    private final PlainTransport.Endpoint endpoint;
    private final StreamPump<Stream> pump;
    private final TargetDialer dialer;
    private final Publication publication;
    private final AddressDiscovery.@Nullable Discovery discovery;
    private final @Nullable StunServers stunServers;
    private final CompletableFuture<@Nullable Void> published = new CompletableFuture<>();
    private @Nullable InetSocketAddress publicAddress;
    private final CompletableFuture<String> failure = new CompletableFuture<>();

    private Server(ServerConfig config) throws IOException {
        this.config = config;
        Ticker ticker = Ticker.system();
        RandomGenerator random = new SecureRandom();
        driver = new Driver(ticker, "natts");
        try {
            port = driver.openPort(config.listen());
        } catch (IOException failed) {
            driver.discard();
            throw new IOException(
                    "cannot listen on UDP %s: %s"
                            .formatted(HostAndPort.format(config.listen()), failed.getMessage()),
                    failed);
        }
        driver.failure().thenAccept(failure::complete);
        long now = ticker.nanoTime();
        endpoint =
                config.transport()
                        .open(new PlainTransport.Context(true, KCP_GO_DATAGRAM, now, random));
        pump = new StreamPump<>(endpoint, this::accepted);
        dialer = new TargetDialer(driver, config.target());
        publication = new Publication(config.publisher(), random, new PublicationNews());
        if (config.stunServers().isEmpty()) {
            discovery = null;
            stunServers = null;
            port.attach(List.of(endpoint), pump);
        } else {
            var asking =
                    config.discovery().open(new AddressDiscovery.Context(REFRESH, now, random));
            discovery = asking;
            stunServers =
                    new StunServers(
                            config.stunServers(),
                            servers ->
                                    driver.execute(
                                            () ->
                                                    asking.useServers(
                                                            servers,
                                                            config.stunServers().size(),
                                                            driver.nanoTime())));
            List<Engine> engines = List.of(asking, endpoint);
            port.attach(engines, this::afterInput);
        }
    }

    /// Opens the port and starts to serve.
    ///
    /// @throws IOException with one line for the user, if the port cannot be bound
    public static Server start(ServerConfig config) throws IOException {
        var server = new Server(config);
        server.driver.start();
        server.publication.start();
        LOG.log(
                Level.INFO,
                "listening on UDP {0}, serving {1} as {2}",
                HostAndPort.format(server.port.local()),
                config.target(),
                config.name());
        if (server.stunServers != null) {
            server.stunServers.start();
        } else {
            server.publication.want(
                    KcpGoRecords.of(config.name(), server.port.local(), config.ttl()));
        }
        server.driver.execute(server::probeTarget);
        return server;
    }

    /// The UDP address that is bound.
    public InetSocketAddress local() {
        return port.local();
    }

    /// Completes when an address has been published for the first time.
    public CompletableFuture<@Nullable Void> published() {
        return published;
    }

    /// Completes with one line for the user if the server cannot do its work at all.
    public CompletableFuture<String> failure() {
        return failure;
    }

    private void probeTarget() {
        dialer.dial(
                new TargetDialer.Outcome() {
                    @Override
                    public void connected(SocketChannel channel) {
                        Driver.closeQuietly(channel);
                    }

                    @Override
                    public void failed(String why) {
                        LOG.log(
                                Level.WARNING,
                                "the target {0} cannot be reached now: {1}",
                                config.target(),
                                Text.escape(why));
                    }
                });
    }

    private long afterInput(long nowNanos) {
        if (discovery != null) {
            for (Finding finding; (finding = discovery.pollFinding()) != null; ) {
                found(finding);
            }
            for (Outvoted liar; (liar = discovery.pollOutvoted()) != null; ) {
                LOG.log(
                        Level.WARNING,
                        "the STUN server {0} says {1}, which the majority contradicts",
                        HostAndPort.format(liar.server()),
                        HostAndPort.format(liar.said()));
            }
        }
        return pump.afterInput(nowNanos);
    }

    private void found(Finding finding) {
        switch (finding) {
            case Finding.Mapped(var address) -> mapped(address);
            case Finding.AddressDependentMapping(var seen) ->
                    LOG.log(
                            Level.WARNING,
                            "this NAT shows every STUN server another port ({0}): its mapping is"
                                    + " address-dependent, so no client can reach this port and"
                                    + " nothing new is published",
                            show(seen));
            case Finding.Disputed(var seen) ->
                    LOG.log(
                            Level.WARNING,
                            "the STUN servers contradict each other ({0}); nothing new is"
                                    + " published",
                            show(seen));
            case Finding.Unanswered(int asked, int answered) -> {
                LOG.log(
                        Level.WARNING,
                        "{0} of {1} STUN servers answer, too few for a majority; what was"
                                + " published stays, trying again",
                        answered,
                        asked);
                if (stunServers != null) {
                    stunServers.resolveAgain();
                }
            }
        }
    }

    private static String show(List<InetSocketAddress> addresses) {
        return String.join(", ", addresses.stream().map(HostAndPort::format).toList());
    }

    private void mapped(InetSocketAddress address) {
        if (SpecialPurpose.includes(address.getAddress()) && !config.publishPrivate()) {
            LOG.log(
                    Level.WARNING,
                    "the STUN servers see {0}, which is not a public address and is not published"
                            + " (--publish-private publishes it all the same)",
                    HostAndPort.format(address));
            return;
        }
        if (address.equals(publicAddress)) {
            return;
        }
        publicAddress = address;
        LOG.log(Level.INFO, "the public address is {0}", HostAndPort.format(address));
        publication.want(KcpGoRecords.of(config.name(), address, config.ttl()));
    }

    private final class PublicationNews implements Publication.Listener {
        @Override
        public void published(List<DnsRecord> records) {
            LOG.log(
                    Level.INFO,
                    "published {0}: A {1}, TXT {2}, TTL {3} s",
                    config.name(),
                    records.get(0).content(),
                    records.get(1).content(),
                    config.ttl().toSeconds());
            published.complete(null);
        }

        @Override
        public void failed(PublishException refused) {
            boolean fatal = refused.kind() == PublishException.Kind.REFUSED && !published.isDone();
            if (fatal) {
                failure.complete("cannot publish: " + refused.getMessage());
            } else {
                LOG.log(
                        Level.WARNING,
                        "publishing failed, trying again: {0}",
                        refused.getMessage());
            }
        }
    }

    private void accepted(Stream stream) {
        String peer = HostAndPort.format(stream.peer());
        LOG.log(Level.INFO, "{0} connects", peer);
        dialer.dial(
                new TargetDialer.Outcome() {
                    @Override
                    public void connected(SocketChannel channel) {
                        join(stream, peer, channel);
                    }

                    @Override
                    public void failed(String why) {
                        LOG.log(
                                Level.WARNING,
                                "{0} is refused: the target {1} cannot be reached: {2}",
                                peer,
                                config.target(),
                                Text.escape(why));
                        stream.reset(ResetCode.TARGET_UNREACHABLE, driver.nanoTime());
                    }
                });
    }

    private void join(Stream stream, String peer, SocketChannel channel) {
        var holder = new Splice[1];
        try {
            var local = new TcpEnd(driver, channel, () -> pump.wake(holder[0]));
            holder[0] =
                    new Splice(
                            driver, stream, local, false, reason -> ended(peer, holder[0], reason));
            pump.add(holder[0]);
        } catch (IOException failed) {
            Driver.closeQuietly(channel);
            stream.reset(ResetCode.TARGET_UNREACHABLE, driver.nanoTime());
        }
    }

    private static void ended(String peer, Splice splice, CloseReason reason) {
        LOG.log(
                Level.INFO,
                "{0} ends: {1}; {2} bytes in, {3} out, round trip {4} ms",
                peer,
                Text.escape(reason.describe()),
                splice.bytesIn(),
                splice.bytesOut(),
                splice.stream().roundTripTime().toMillis());
    }

    /// Ends every stream, telling the peers, and closes the port. The records stay: a name that
    /// vanishes from DNS is remembered as missing for up to half an hour (RFC 2308), a stale
    /// address costs a client a few seconds.
    @Override
    public void close() {
        publication.close();
        if (stunServers != null) {
            stunServers.close();
        }
        var told = new CountDownLatch(1);
        driver.execute(
                () -> {
                    LOG.log(Level.DEBUG, "transport: {0}", endpoint.counters());
                    if (discovery != null) {
                        LOG.log(Level.DEBUG, "discovery: {0}", discovery.counters());
                    }
                    endpoint.shutdown(ResetCode.SHUTTING_DOWN, driver.nanoTime());
                    port.close();
                    told.countDown();
                });
        try {
            boolean inTime = told.await(2, TimeUnit.SECONDS);
            LOG.log(Level.DEBUG, inTime ? "peers are told" : "peers could not be told in time");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        driver.close();
    }
}
