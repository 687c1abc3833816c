package natt.core.node;

import natt.core.forward.LocalEnd;
import natt.core.forward.TcpEnd;
import natt.core.io.Driver;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/// A connection that a program has asked for by a [NodeSocket], which it is told about first. Lives
/// on the driver's thread.
final class ControlCall implements LocalCall {
    private static final System.Logger LOG = System.getLogger("natt");

    private final SocketChannel channel;
    private final ByteBuffer already;

    /// @param already what followed the request
    ControlCall(SocketChannel channel, ByteBuffer already) {
        this.channel = channel;
        this.already = already;
    }

    /// Says a few words, for which the socket has room.
    static void say(SocketChannel channel, String words) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(words.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            if (channel.write(bytes) == 0) {
                throw new IOException("the program does not read");
            }
        }
    }

    static void hangUp(SocketChannel channel) {
        Driver.closeQuietly(channel);
    }

    @Override
    public LocalEnd open(Driver driver, Runnable onReady) throws IOException {
        return new Held(new TcpEnd(driver, channel, already, onReady));
    }

    @Override
    public String origin() {
        return "control socket";
    }

    @Override
    public void refuse() {
        // What follows says why.
    }

    @Override
    public void connected() {
        try {
            say(channel, "ok\n");
        } catch (IOException gone) {
            LOG.log(Level.DEBUG, "a program that asked has gone: {0}", gone.toString());
            hangUp(channel);
        }
    }

    @Override
    public void over(boolean connected, String why) {
        try {
            if (!connected) {
                say(channel, "error " + why + "\n");
            }
        } catch (IOException gone) {
            LOG.log(Level.DEBUG, "a program that asked has gone: {0}", gone.toString());
        } finally {
            hangUp(channel);
        }
    }

    /// Stays open until the program has been told.
    private record Held(LocalEnd inner) implements LocalEnd {
        @Override
        public int read(ByteBuffer into) throws IOException {
            return inner.read(into);
        }

        @Override
        public void write(ByteBuffer data) throws IOException {
            inner.write(data);
        }

        @Override
        public void finish() throws IOException {
            inner.finish();
        }

        @Override
        public boolean flushed() throws IOException {
            return inner.flushed();
        }

        @Override
        public void interest(boolean reading, boolean writing) {
            inner.interest(reading, writing);
        }

        @Override
        public void close() {
            // ControlCall.over does.
        }

        @Override
        public void abort() {
            // ControlCall.over does.
        }
    }
}
