package natt.core.node;

import natt.core.HostAndPort;
import natt.core.forward.LocalEnd;
import natt.core.forward.StdioEnd;
import natt.core.forward.TcpEnd;
import natt.core.io.Driver;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;

/// A local connection while there is no stream for it yet.
interface LocalCall {
    /// Opens it, now that there is a stream.
    ///
    /// @param onReady called on the driver's thread when reading or writing may go on
    LocalEnd open(Driver driver, Runnable onReady) throws IOException;

    /// Where it comes from, in words.
    String origin();

    /// Ends it, since there will be no stream.
    void refuse();

    /// Opens the place for the standard error of a command: the log, unless there is a better one.
    default LocalEnd openError(Driver driver, Runnable onReady) {
        return new LoggedError();
    }

    /// The peer has connected its target.
    default void connected() {}

    /// Whether it ends when the target has finished and nothing more is said here.
    default boolean endsWithTarget() {
        return false;
    }

    /// The stream has ended.
    ///
    /// @param connected whether the target had been connected before
    /// @param why empty if it ended in order
    default void over(boolean connected, String why) {}

    /// The same stream, which others use too and nobody closes.
    static OutputStream lasting(OutputStream shared) {
        return new FilterOutputStream(shared) {
            @Override
            public void write(byte[] data, int offset, int length) throws IOException {
                out.write(data, offset, length);
            }

            @Override
            public void close() throws IOException {
                flush();
            }
        };
    }

    /// Standard input and output.
    ///
    /// @param error where a command's standard error goes
    record Stdio(InputStream in, OutputStream out, OutputStream error) implements LocalCall {
        @Override
        public LocalEnd open(Driver driver, Runnable onReady) {
            return new StdioEnd(driver, in, out, onReady).start();
        }

        @Override
        public boolean endsWithTarget() {
            return true;
        }

        @Override
        public LocalEnd openError(Driver driver, Runnable onReady) {
            return new StdioEnd(driver, InputStream.nullInputStream(), lasting(error), onReady)
                    .start();
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
