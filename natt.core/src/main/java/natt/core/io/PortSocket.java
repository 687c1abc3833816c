package natt.core.io;

import natt.core.HostAndPort;
import natt.core.Route;
import natt.core.Text;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketOption;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;

/// One UDP socket of a port: the port's own, number 0, or an additional one.
final class PortSocket implements OwnSocket, Driver.Ready {
    private static final System.Logger LOG = System.getLogger("natt");

    /// The kernel's buffers, each way, of a socket that carries data.
    static final int LARGE_BUFFERS = 4 << 20;

    /// The same for one of hundreds that a search opens.
    static final int SMALL_BUFFERS = 64 << 10;

    /// After how many datagrams a socket with small buffers is one that carries data.
    private static final int FEW_DATAGRAMS = 64;

    /// How many datagrams one socket may take before the others get a turn.
    private static final int DATAGRAMS_PER_TURN = 64;

    private final int number;
    private final DatagramChannel channel;
    private final SelectionKey key;
    private final InetSocketAddress local;
    private final ByteBuffer incoming;
    private final Receiver receiver;
    private int untilLarge;
    private boolean sendingFails;

    /// The latest source and its name for the engines; the channel returns the same object for the
    /// same source.
    private @Nullable InetSocketAddress source;

    private @Nullable InetSocketAddress sourceName;

    PortSocket(
            Driver driver, int number, InetSocketAddress bind, int bufferBytes, Receiver receiver)
            throws IOException {
        this.number = number;
        this.receiver = receiver;
        incoming = driver.receiveBuffer();
        untilLarge = bufferBytes < LARGE_BUFFERS ? FEW_DATAGRAMS : 0;
        Opened opened = open(bind);
        channel = opened.channel();
        try {
            setBuffers(bufferBytes);
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

    private void setBuffers(int bytes) throws IOException {
        channel.setOption(StandardSocketOptions.SO_RCVBUF, bytes);
        channel.setOption(StandardSocketOptions.SO_SNDBUF, bytes);
    }

    /// Found by its name, since not every system has it.
    @Override
    public void keepWhole() throws IOException {
        for (SocketOption<?> each : channel.supportedOptions()) {
            if (each.name().equals("IP_DONTFRAGMENT") && each.type() == Boolean.class) {
                set(each);
            }
        }
    }

    @SuppressWarnings("unchecked")
    private void set(SocketOption<?> option) throws IOException {
        channel.setOption((SocketOption<Boolean>) option, true);
    }

    @Override
    public InetSocketAddress local() {
        return local;
    }

    @Override
    public boolean isShared() {
        return false;
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public void ready(SelectionKey ready, long nowNanos) {
        if (ready.isWritable()) {
            ready.interestOps(SelectionKey.OP_READ);
        }
        try {
            for (int i = 0; i < DATAGRAMS_PER_TURN && channel.isOpen(); i++) {
                incoming.clear();
                var from = (InetSocketAddress) channel.receive(incoming);
                if (from == null) {
                    break;
                }
                incoming.flip();
                receive(from, nowNanos);
            }
        } catch (IOException failed) {
            LOG.log(Level.DEBUG, "receiving failed: {0}", Text.escape(failed.toString()));
        }
    }

    private void receive(InetSocketAddress from, long nowNanos) {
        if (from != source || sourceName == null) {
            // The network cannot name routes: one from there would be mistaken for this node's.
            if (Route.isRoute(from)) {
                return;
            }
            source = from;
            sourceName = number == 0 ? from : Route.through(number, from);
        }
        countTowardsLarge();
        receiver.received(sourceName, incoming, nowNanos);
    }

    @Override
    public boolean send(ByteBuffer datagram, InetSocketAddress remote) {
        try {
            int length = datagram.remaining();
            if (channel.send(datagram, remote) == 0 && length > 0) {
                key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
                return false;
            }
            sendingFails = false;
            countTowardsLarge();
        } catch (IOException | RuntimeException failed) {
            // The datagram is lost, as the network may lose it; engines notice by silence.
            if (!sendingFails) {
                LOG.log(
                        Level.DEBUG,
                        "sending to {0} failed: {1}",
                        HostAndPort.format(remote),
                        Text.escape(failed.toString()));
            }
            sendingFails = true;
        }
        return true;
    }

    private void countTowardsLarge() {
        if (untilLarge > 0 && --untilLarge == 0) {
            try {
                setBuffers(LARGE_BUFFERS);
            } catch (IOException failed) {
                LOG.log(Level.DEBUG, "small buffers stay: {0}", Text.escape(failed.toString()));
            }
        }
    }

    @Override
    public void close() {
        Driver.closeQuietly(channel);
    }
}
