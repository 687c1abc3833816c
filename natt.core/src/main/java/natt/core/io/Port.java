package natt.core.io;

import natt.core.Text;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.util.List;

/// One UDP socket and the engines that share it, because a NAT mapping belongs to one local port.
///
/// A datagram is offered to the engines in their order until one takes it; what none takes is
/// dropped in silence.
public final class Port implements Driver.Ready {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final int SOCKET_BUFFER_BYTES = 4 << 20;

    /// How many datagrams one port may take before the others get a turn.
    private static final int DATAGRAMS_PER_TURN = 64;

    private final Driver driver;
    private final DatagramChannel channel;
    private final SelectionKey key;
    private final InetSocketAddress local;
    private final ByteBuffer incoming;
    private final ByteBuffer outgoing = ByteBuffer.allocateDirect(2048);
    private @Nullable InetSocketAddress outgoingTo;
    private List<? extends Engine> engines = List.of();
    private Owner owner = now -> Engine.NEVER;
    private boolean sendingFails;

    Port(Driver driver, InetSocketAddress bind) throws IOException {
        this.driver = driver;
        incoming = driver.receiveBuffer();
        Opened opened = open(bind);
        channel = opened.channel();
        try {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER_BYTES);
            channel.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER_BYTES);
            channel.bind(opened.bind());
            local = (InetSocketAddress) channel.getLocalAddress();
            key = driver.register(channel, SelectionKey.OP_READ, this);
        } catch (IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    private record Opened(DatagramChannel channel, InetSocketAddress bind) {}

    /// An IPv6 socket takes IPv4 datagrams too when it is bound to the wildcard; where the system
    /// has no IPv6, that wildcard is IPv4's.
    private static Opened open(InetSocketAddress bind) throws IOException {
        if (bind.getAddress() instanceof Inet4Address) {
            return new Opened(DatagramChannel.open(StandardProtocolFamily.INET), bind);
        }
        try {
            return new Opened(DatagramChannel.open(StandardProtocolFamily.INET6), bind);
        } catch (UnsupportedOperationException noIpv6) {
            if (!bind.getAddress().isAnyLocalAddress()) {
                throw new IOException("this system has no IPv6", noIpv6);
            }
            var any = new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), bind.getPort());
            return new Opened(DatagramChannel.open(StandardProtocolFamily.INET), any);
        }
    }

    /// The address that is bound, with the port that the system chose if none was given.
    public InetSocketAddress local() {
        return local;
    }

    /// Moves bytes and news between the engines of a port and the rest of the program.
    public interface Owner {
        /// Called after every batch of inputs and timeouts, before the engines' datagrams are sent.
        ///
        /// @return when to be called again at the latest, in nanoseconds from now; 0 is at once,
        ///     after the other ports had their turn
        long afterInput(long nowNanos);
    }

    /// Gives the port its engines, in the order in which a datagram is offered to them.
    public void attach(List<? extends Engine> theirs, Owner owner) {
        this.engines = List.copyOf(theirs);
        this.owner = owner;
    }

    @Override
    public void ready(SelectionKey ready, long nowNanos) {
        if (ready.isWritable()) {
            ready.interestOps(SelectionKey.OP_READ);
        }
        try {
            for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
                incoming.clear();
                var from = (InetSocketAddress) channel.receive(incoming);
                if (from == null) {
                    break;
                }
                incoming.flip();
                demultiplex(from, nowNanos);
            }
        } catch (IOException failed) {
            LOG.log(Level.DEBUG, "receiving failed: {0}", Text.escape(failed.toString()));
        }
    }

    private void demultiplex(InetSocketAddress from, long nowNanos) {
        int end = incoming.limit();
        for (int i = 0; i < engines.size(); i++) {
            incoming.clear().limit(end);
            if (engines.get(i).handleDatagram(from, incoming, nowNanos)) {
                return;
            }
        }
    }

    /// Handles what is due, lets the owner move bytes, sends, and returns the nanoseconds until the
    /// next deadline.
    long serve(long nowNanos) {
        for (int i = 0; i < engines.size(); i++) {
            if (engines.get(i).nanosUntilTimeout(nowNanos) <= 0) {
                engines.get(i).handleTimeout(nowNanos);
            }
        }
        long wait = owner.afterInput(nowNanos);
        if (!channel.isOpen()) {
            return Engine.NEVER;
        }
        if (!transmit(nowNanos)) {
            key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
            return wait;
        }
        for (int i = 0; i < engines.size(); i++) {
            wait = Math.min(wait, engines.get(i).nanosUntilTimeout(nowNanos));
        }
        return wait;
    }

    /// Sends what the engines have; false when the socket takes no more for now.
    private boolean transmit(long nowNanos) {
        if (outgoingTo != null && !send(outgoingTo)) {
            return false;
        }
        for (int i = 0; i < engines.size(); i++) {
            while (true) {
                outgoing.clear();
                InetSocketAddress to = engines.get(i).pollTransmit(outgoing, nowNanos);
                if (to == null) {
                    break;
                }
                outgoing.flip();
                if (!send(to)) {
                    return false;
                }
            }
        }
        return true;
    }

    /// False when the socket is full: the datagram waits in the buffer.
    private boolean send(InetSocketAddress to) {
        try {
            int length = outgoing.remaining();
            if (channel.send(outgoing, to) == 0 && length > 0) {
                outgoingTo = to;
                return false;
            }
            sendingFails = false;
        } catch (IOException | RuntimeException failed) {
            // The datagram is lost, as the network may lose it; engines notice by silence.
            if (!sendingFails) {
                LOG.log(
                        Level.DEBUG,
                        "sending to {0} failed: {1}",
                        to,
                        Text.escape(failed.toString()));
            }
            sendingFails = true;
        }
        outgoingTo = null;
        return true;
    }

    /// Sends what the engines still have, as far as the socket takes it, and closes it.
    public void close() {
        driver.forget(this);
        try {
            if (channel.isOpen()) {
                transmit(driver.nanoTime());
            }
        } finally {
            Driver.closeQuietly(channel);
        }
    }
}
