package natt.core.io;

import natt.core.Text;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;

/// A UDP socket on the loopback for one program of this machine, known by its port. Nothing waits
/// here: what does not go at once is lost.
public final class LoopbackSocket implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    /// How many datagrams it may take before others get a turn.
    private static final int DATAGRAMS_PER_TURN = 64;

    /// Takes what the program sends.
    public interface Receiver {
        /// @param datagram between position 0 and limit; the socket's again after the call
        void received(ByteBuffer datagram, long nowNanos);
    }

    private final DatagramChannel channel;
    private final InetSocketAddress local;
    private final ByteBuffer incoming;
    private final Receiver receiver;
    private InetSocketAddress program;
    private long strangers;
    private long lost;

    /// @param port the program's
    /// @throws IOException if there is no socket to be had
    public LoopbackSocket(Driver driver, int port, Receiver receiver) throws IOException {
        this.receiver = receiver;
        program = new InetSocketAddress(LOOPBACK, port);
        incoming = driver.receiveBuffer();
        channel = DatagramChannel.open(StandardProtocolFamily.INET);
        try {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, PortSocket.LARGE_BUFFERS);
            channel.setOption(StandardSocketOptions.SO_SNDBUF, PortSocket.LARGE_BUFFERS);
            channel.bind(new InetSocketAddress(LOOPBACK, 0));
            local = (InetSocketAddress) channel.getLocalAddress();
            driver.register(channel, SelectionKey.OP_READ, this::ready);
        } catch (IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    /// Where the program reaches it.
    public InetSocketAddress local() {
        return local;
    }

    /// From now on the program has another port.
    public void expect(int port) {
        if (port != program.getPort()) {
            program = new InetSocketAddress(LOOPBACK, port);
        }
    }

    /// How many datagrams came from others than the program; they were dropped.
    public long strangers() {
        return strangers;
    }

    /// How many datagrams to the program were lost.
    public long lost() {
        return lost;
    }

    private void ready(SelectionKey key, long nowNanos) {
        try {
            for (int i = 0; i < DATAGRAMS_PER_TURN && channel.isOpen(); i++) {
                incoming.clear();
                var from = (InetSocketAddress) channel.receive(incoming);
                if (from == null) {
                    break;
                }
                incoming.flip();
                // The channel returns the same object for the same source.
                if (from.equals(program)) {
                    receiver.received(incoming, nowNanos);
                } else {
                    strangers++;
                }
            }
        } catch (IOException failed) {
            LOG.log(Level.DEBUG, "receiving failed: {0}", Text.escape(failed.toString()));
        }
    }

    /// Sends to the program.
    public void send(ByteBuffer datagram) {
        try {
            int length = datagram.remaining();
            if (channel.send(datagram, program) < length) {
                lost++;
            }
        } catch (IOException | RuntimeException failed) {
            lost++;
        }
    }

    @Override
    public void close() {
        Driver.closeQuietly(channel);
    }
}
