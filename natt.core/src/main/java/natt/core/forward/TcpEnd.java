package natt.core.forward;

import natt.core.io.Driver;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/// A TCP connection, or one to a Unix domain socket, non-blocking, on the driver's selector.
public final class TcpEnd implements LocalEnd, Driver.Ready {
    private final SocketChannel channel;
    private final SelectionKey key;
    private final Runnable onReady;
    private final ByteBuffer already;

    /// @param channel connected
    /// @param onReady called on the driver's thread when reading or writing may go on
    public TcpEnd(Driver driver, SocketChannel channel, Runnable onReady) throws IOException {
        this(driver, channel, ByteBuffer.allocate(0), onReady);
    }

    /// @param channel connected
    /// @param already what has been read from it
    /// @param onReady called on the driver's thread when reading or writing may go on
    public TcpEnd(Driver driver, SocketChannel channel, ByteBuffer already, Runnable onReady)
            throws IOException {
        this.already = already;
        this.channel = channel;
        this.onReady = onReady;
        if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        key = driver.register(channel, SelectionKey.OP_READ, this);
    }

    @Override
    public void ready(SelectionKey ready, long nowNanos) {
        onReady.run();
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        if (already.hasRemaining()) {
            int length = already.remaining();
            into.put(already);
            return length;
        }
        return channel.read(into);
    }

    @Override
    public void write(ByteBuffer data) throws IOException {
        channel.write(data);
    }

    @Override
    public void finish() throws IOException {
        channel.shutdownOutput();
    }

    @Override
    public boolean flushed() {
        return true;
    }

    @Override
    public void interest(boolean reading, boolean writing) {
        if (key.isValid()) {
            int wanted =
                    (reading ? SelectionKey.OP_READ : 0) | (writing ? SelectionKey.OP_WRITE : 0);
            if (key.interestOps() != wanted) {
                key.interestOps(wanted);
            }
        }
    }

    @Override
    public void close() {
        Driver.closeQuietly(channel);
    }

    @Override
    public void abort() {
        abort(channel);
    }

    /// Breaks a connection off.
    public static void abort(SocketChannel channel) {
        try {
            // A zero linger sends RST, which the other program can tell from an orderly end.
            if (channel.supportedOptions().contains(StandardSocketOptions.SO_LINGER)) {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
        } catch (IOException alreadyClosed) {
            // Closing is all that is left to do.
        }
        Driver.closeQuietly(channel);
    }
}
