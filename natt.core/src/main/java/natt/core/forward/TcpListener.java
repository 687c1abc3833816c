package natt.core.forward;

import natt.core.HostAndPort;
import natt.core.io.Driver;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.function.Consumer;

/// Accepts local TCP connections, on the driver's thread.
public final class TcpListener implements Driver.Ready {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(1);

    private final Driver driver;
    private final ServerSocketChannel channel;
    private final SelectionKey key;
    private final Consumer<SocketChannel> onConnection;

    /// A descriptor in reserve, see [#refuseWaiting].
    private SocketChannel spare;

    private boolean refusing;

    /// @throws IOException if the address cannot be bound
    public TcpListener(Driver driver, InetSocketAddress bind, Consumer<SocketChannel> onConnection)
            throws IOException {
        this.driver = driver;
        this.onConnection = onConnection;
        channel = ServerSocketChannel.open();
        try {
            channel.bind(bind);
            spare = SocketChannel.open();
            key = driver.register(channel, SelectionKey.OP_ACCEPT, this);
        } catch (IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    public InetSocketAddress local() throws IOException {
        return (InetSocketAddress) channel.getLocalAddress();
    }

    @Override
    public void ready(SelectionKey ready, long nowNanos) {
        try {
            for (SocketChannel accepted; (accepted = channel.accept()) != null; ) {
                refusing = false;
                onConnection.accept(accepted);
            }
        } catch (IOException failed) {
            if (!refusing) {
                refusing = true;
                LOG.log(
                        Level.WARNING,
                        "cannot accept on {0}: {1}; connections are refused until it can",
                        HostAndPort.format(
                                (InetSocketAddress) channel.socket().getLocalSocketAddress()),
                        failed.getMessage());
            }
            if (!refuseWaiting()) {
                // Without descriptors they stay in the backlog: trying at once would spin.
                key.interestOps(0);
                driver.schedule(AFTER_FAILURE, this::resume);
            }
        }
    }

    /// Gives the spare descriptor up, takes and drops what waits, and takes it back: whoever is
    /// refused can do something else, whoever waits in the backlog cannot.
    ///
    /// @return whether that worked
    private boolean refuseWaiting() {
        Driver.closeQuietly(spare);
        boolean any = false;
        try {
            for (SocketChannel waiting; (waiting = channel.accept()) != null; ) {
                TcpEnd.abort(waiting);
                any = true;
            }
            spare = SocketChannel.open();
            return any;
        } catch (IOException taken) {
            return false;
        }
    }

    private void resume() {
        if (key.isValid()) {
            key.interestOps(SelectionKey.OP_ACCEPT);
        }
    }

    public void close() {
        Driver.closeQuietly(channel);
        Driver.closeQuietly(spare);
    }
}
