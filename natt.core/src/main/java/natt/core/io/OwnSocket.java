package natt.core.io;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// The socket that a port has from its beginning to its end.
interface OwnSocket {
    /// Takes what a socket receives.
    interface Receiver {
        /// @param from for an additional socket, the route through it
        /// @param datagram between position and limit; the socket's again after the call
        void received(InetSocketAddress from, ByteBuffer datagram, long nowNanos);
    }

    /// Opens the socket of a port that is being made.
    interface Opener {
        OwnSocket open(Receiver receiver) throws IOException;
    }

    /// See [Port#local()].
    InetSocketAddress local();

    /// Whether it is on the port of another program.
    boolean isShared();

    /// See [Port#keepWhole].
    void keepWhole() throws IOException;

    boolean isOpen();

    /// False when the socket takes no more for now: the datagram is as it was, and the driver turns
    /// when there is room.
    ///
    /// @param remote a transport address
    boolean send(ByteBuffer datagram, InetSocketAddress remote);

    /// Sends datagrams that lie one behind the other, and advances the buffer by what has been
    /// sent. False when the socket takes no more for now.
    ///
    /// @param length of each datagram, but for the last, which may be shorter
    /// @param remote a transport address
    default boolean send(ByteBuffer run, int length, InetSocketAddress remote) {
        int end = run.limit();
        do {
            int next = Math.min(end, run.position() + length);
            run.limit(next);
            boolean sent = send(run, remote);
            run.limit(end);
            if (!sent) {
                return false;
            }
            run.position(next);
        } while (run.hasRemaining());
        return true;
    }

    void close();
}
