package natt.core.node;

import natt.core.CloseReason;
import natt.core.HostAndPort;
import natt.core.ResetCode;
import natt.core.Text;
import natt.core.forward.Splice;
import natt.core.forward.StreamPump;
import natt.core.forward.TargetDialer;
import natt.core.forward.TcpEnd;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.spi.Engine;
import natt.core.spi.PlainTransport;
import natt.core.spi.PlainTransport.Stream;
import natt.core.status.Refusals;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// The wire of the original natts: a port of its own, IPv4, no session, one service.
final class PlainWire {
    private static final System.Logger LOG = System.getLogger("natt");

    /// The largest UDP payload of the original's wire; its peers take up to 1,500 bytes.
    static final int DATAGRAM = 1400;

    private final Driver driver;
    private final HostAndPort target;
    private final Port port;
    private final PlainTransport.Endpoint endpoint;
    private final StreamPump<Stream> pump;
    private final TargetDialer dialer;
    private final Optional<Reachability> reachability;
    private final Refusals refusals;

    /// @param reachability asks from this port; empty if nobody is asked
    PlainWire(
            Driver driver,
            Port port,
            ServerConfig.Plain config,
            Optional<Reachability> reachability,
            Refusals refusals,
            RandomGenerator random,
            long nowNanos) {
        this.driver = driver;
        this.port = port;
        this.reachability = reachability;
        this.refusals = refusals;
        target = config.target();
        endpoint =
                config.transport()
                        .open(new PlainTransport.Context(true, DATAGRAM, nowNanos, random));
        pump = new StreamPump<>(endpoint, this::accepted);
        dialer = new TargetDialer(driver, target);
        var engines = new ArrayList<Engine>();
        reachability.ifPresent(asking -> engines.add(asking.engine()));
        engines.add(endpoint);
        port.attach(List.copyOf(engines), this::afterInput);
    }

    InetSocketAddress local() {
        return port.local();
    }

    /// The streams that are connected to the target.
    Collection<Splice> splices() {
        return pump.splices();
    }

    PlainTransport.Endpoint endpoint() {
        return endpoint;
    }

    Optional<Reachability> reachability() {
        return reachability;
    }

    private long afterInput(long nowNanos) {
        reachability.ifPresent(Reachability::poll);
        return pump.afterInput(nowNanos);
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
                                target,
                                Text.escape(why));
                        refusals.note(
                                "the target cannot be reached",
                                stream.peer().getAddress(),
                                driver.nanoTime());
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

    /// Ends every stream, telling the peers, and closes the port.
    void close() {
        LOG.log(Level.DEBUG, "transport: {0}", endpoint.counters());
        reachability.ifPresent(
                asking -> LOG.log(Level.DEBUG, "discovery: {0}", asking.engine().counters()));
        endpoint.shutdown(ResetCode.SHUTTING_DOWN, driver.nanoTime());
        port.close();
    }
}
