package natt.core.node;

import natt.core.HostAndPort;
import natt.core.forward.LocalEnd;
import natt.core.forward.StdioEnd;
import natt.core.forward.TcpEnd;
import natt.core.io.Driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;

/// A local connection while there is no stream for it yet.
sealed interface LocalCall {
    /// Opens it, now that there is a stream.
    ///
    /// @param onReady called on the driver's thread when reading or writing may go on
    LocalEnd open(Driver driver, Runnable onReady) throws IOException;

    /// Where it comes from, in words.
    String origin();

    /// Ends it, since there will be no stream.
    void refuse();

    /// Standard input and output.
    record Stdio(InputStream in, OutputStream out) implements LocalCall {
        @Override
        public LocalEnd open(Driver driver, Runnable onReady) {
            return new StdioEnd(driver, in, out, onReady).start();
        }

        @Override
        public String origin() {
            return "standard input";
        }

        @Override
        public void refuse() {
            Driver.closeQuietly(out);
        }
    }

    /// A connection that a listener has accepted.
    record Tcp(SocketChannel channel) implements LocalCall {
        @Override
        public LocalEnd open(Driver driver, Runnable onReady) throws IOException {
            return new TcpEnd(driver, channel, onReady);
        }

        @Override
        public String origin() {
            try {
                return channel.getRemoteAddress() instanceof InetSocketAddress remote
                        ? "TCP " + HostAndPort.format(remote)
                        : "TCP";
            } catch (IOException closed) {
                return "TCP";
            }
        }

        @Override
        public void refuse() {
            TcpEnd.abort(channel);
        }
    }
}
