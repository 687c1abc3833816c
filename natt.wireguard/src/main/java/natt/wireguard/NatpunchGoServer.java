package natt.wireguard;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.Text;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.spi.Engine;
import natt.core.time.Ticker;
import natt.wireguard.natpunch.NatpunchServer;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;

/// A [NatpunchServer] on a UDP port of its own, for clients of natpunch-go.
public final class NatpunchGoServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    private final Driver driver;
    private final InetSocketAddress local;
    private final String key;

    private NatpunchGoServer(Driver driver, InetSocketAddress local, String key) {
        this.driver = driver;
        this.local = local;
        this.key = key;
    }

    /// Starts serving.
    ///
    /// @param bind IPv4, since nothing else has room in an answer
    /// @throws IOException with one line for the user, if the address cannot be bound
    public static NatpunchGoServer start(Identity identity, InetSocketAddress bind)
            throws IOException {
        var driver = new Driver(Ticker.system(), "natt-natpunch-go");
        Port port;
        try {
            port = driver.openPort(bind);
        } catch (IOException failed) {
            driver.discard();
            throw new IOException(
                    "cannot listen on UDP %s: %s"
                            .formatted(
                                    HostAndPort.format(bind),
                                    Text.escape(String.valueOf(failed.getMessage()))),
                    failed);
        }
        var engine = new NatpunchServer(identity, new SecureRandom(), driver.nanoTime());
        port.attach(List.of(engine), now -> Engine.NEVER);
        driver.failure().thenAccept(why -> LOG.log(Level.ERROR, "natpunch-go's wire: {0}", why));
        driver.start();
        byte[] bytes = identity.publicKey().bytes();
        return new NatpunchGoServer(
                driver, port.local(), Base64.getEncoder().encodeToString(bytes));
    }

    /// The address that is bound.
    public InetSocketAddress local() {
        return local;
    }

    /// The server's key as clients of natpunch-go write it.
    public String key() {
        return key;
    }

    @Override
    public void close() {
        driver.close();
    }
}
