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

    /// @throws IOException if the address cannot be bound
    public TcpListener(Driver driver, InetSocketAddress bind, Consumer<SocketChannel> onConnection)
            throws IOException {
        this.driver = driver;
        this.onConnection = onConnection;
        channel = ServerSocketChannel.open();
        try {
            channel.bind(bind);
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
                onConnection.accept(accepted);
            }
        } catch (IOException failed) {
            // Without descriptors the connection stays in the backlog: trying at once would spin.
            LOG.log(
                    Level.WARNING,
                    "cannot accept on {0}: {1}; trying again in a second",
                    HostAndPort.format(
                            (InetSocketAddress) channel.socket().getLocalSocketAddress()),
                    failed.getMessage());
            key.interestOps(0);
            driver.schedule(AFTER_FAILURE, this::resume);
        }
    }

    private void resume() {
        if (key.isValid()) {
            key.interestOps(SelectionKey.OP_ACCEPT);
        }
    }

    public void close() {
        Driver.closeQuietly(channel);
    }
}
