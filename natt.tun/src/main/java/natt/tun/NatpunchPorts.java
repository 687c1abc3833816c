package natt.tun;

import natt.core.HostAndPort;
import natt.core.Text;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.spi.Engine;
import natt.core.time.Ticker;
import natt.tun.natpunch.HandshakeServer;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.util.List;

/// A [HandshakeServer] on two UDP ports of its own, for clients of NATpunch.
public final class NatpunchPorts implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    private final Driver driver;
    private final List<InetSocketAddress> local;

    private NatpunchPorts(Driver driver, List<InetSocketAddress> local) {
        this.driver = driver;
        this.local = local;
    }

    /// Starts serving.
    ///
    /// @param first IPv4, as is the second, since nothing else has room in an answer
    /// @throws IOException with one line for the user, if an address cannot be bound
    public static NatpunchPorts start(InetSocketAddress first, InetSocketAddress second)
            throws IOException {
        var driver = new Driver(Ticker.system(), "natt-natpunch");
        try {
            var server = new HandshakeServer();
            var local =
                    List.of(
                            open(driver, first, server.first()),
                            open(driver, second, server.second()));
            driver.failure().thenAccept(why -> LOG.log(Level.ERROR, "NATpunch's wire: {0}", why));
            driver.start();
            return new NatpunchPorts(driver, local);
        } catch (IOException | RuntimeException failed) {
            // Closes what is open already.
            driver.start().close();
            throw failed;
        }
    }

    private static InetSocketAddress open(Driver driver, InetSocketAddress bind, Engine engine)
            throws IOException {
        Port port;
        try {
            port = driver.openPort(bind);
        } catch (IOException failed) {
            throw new IOException(
                    "cannot listen on UDP %s: %s"
                            .formatted(
                                    HostAndPort.format(bind),
                                    Text.escape(String.valueOf(failed.getMessage()))),
                    failed);
        }
        port.attach(List.of(engine), now -> Engine.NEVER);
        return port.local();
    }

    /// The addresses that are bound.
    public List<InetSocketAddress> local() {
        return local;
    }

    @Override
    public void close() {
        driver.close();
    }
}
