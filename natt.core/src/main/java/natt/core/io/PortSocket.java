package natt.core.io;

import natt.core.HostAndPort;
import natt.core.Route;
import natt.core.Text;
import natt.core.unix.DatagramRuns;
import natt.core.unix.Errors;
import natt.core.unix.UnixException;

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
///
/// A socket that carries data sends and receives in runs, where the system can do that
/// ([DatagramRuns]): it begins so after a few datagrams, since finding out takes a while, which
/// another thread spends. Everything but receiving stays the channel's.
final class PortSocket implements OwnSocket, Driver.Ready {
    private static final System.Logger LOG = System.getLogger("natt");

    /// The kernel's buffers, each way, of a socket that carries data.
    static final int LARGE_BUFFERS = 4 << 20;

    /// The same for one of hundreds that a search opens.
    static final int SMALL_BUFFERS = 64 << 10;

    /// After how many datagrams that were sent a socket is one that carries data. What strangers
    /// send does not count: it draws nothing.
    private static final int FEW_DATAGRAMS = 64;

    /// How many datagrams one socket may take before the others get a turn.
    private static final int DATAGRAMS_PER_TURN = 64;

    private final Driver driver;
    private final int number;
    private final DatagramChannel channel;
    private final SelectionKey key;
    private final InetSocketAddress local;
    private final ByteBuffer incoming;
    private final Receiver receiver;
    private final boolean small;
    private final boolean mayUseRuns;
    private int untilData = FEW_DATAGRAMS;
    private boolean sendingFails;

    /// How data goes and comes; null while that is by the channel.
    private @Nullable DatagramRuns runs;

    /// Whether the kernel has refused to cut runs for this device.
    private boolean uncut;

    private final Object handover = new Object();

    /// What another thread has found; guarded by `handover`, as is the next.
    private @Nullable DatagramRuns found;

    private boolean closed;

    /// The latest source and its name for the engines; the channel returns the same object for the
    /// same source.
    private @Nullable InetSocketAddress source;

    private @Nullable InetSocketAddress sourceName;

    PortSocket(
            Driver driver, int number, InetSocketAddress bind, int bufferBytes, Receiver receiver)
            throws IOException {
        this.driver = driver;
        this.number = number;
        this.receiver = receiver;
        incoming = driver.receiveBuffer();
        small = bufferBytes < LARGE_BUFFERS;
        mayUseRuns = driver.usesRuns();
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
            if (runs == null) {
                receiveEach(nowNanos);
            } else {
                receiveRuns(runs, nowNanos);
            }
        } catch (IOException failed) {
            LOG.log(Level.DEBUG, "receiving failed: {0}", Text.escape(failed.toString()));
        }
    }

    private void receiveEach(long nowNanos) throws IOException {
        for (int i = 0; i < DATAGRAMS_PER_TURN && channel.isOpen(); i++) {
            incoming.clear();
            var from = (InetSocketAddress) channel.receive(incoming);
            if (from == null) {
                break;
            }
            incoming.flip();
            receive(from, nowNanos);
        }
    }

    private void receiveRuns(DatagramRuns by, long nowNanos) throws IOException {
        for (int left = DATAGRAMS_PER_TURN; left > 0 && channel.isOpen(); ) {
            int bytes = by.receive();
            if (bytes < 0) {
                if (bytes != -Errors.EAGAIN) {
                    LOG.log(Level.DEBUG, "receiving failed: {0}", by.text(-bytes));
                }
                break;
            }
            InetSocketAddress from = by.source();
            int at = 0;
            do {
                int next = Math.min(bytes, at + by.segment());
                incoming.limit(next).position(at);
                receive(from, nowNanos);
                at = next;
                left--;
            } while (at < bytes && channel.isOpen());
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
        receiver.received(sourceName, incoming, nowNanos);
    }

    @Override
    public boolean send(ByteBuffer datagram, InetSocketAddress remote) {
        try {
            int length = datagram.remaining();
            if (channel.send(datagram, remote) == 0 && length > 0) {
                awaitRoom();
                return false;
            }
            sent();
        } catch (IOException | RuntimeException failed) {
            failed(remote, failed.toString());
        }
        return true;
    }

    @Override
    public boolean send(ByteBuffer run, int length, InetSocketAddress remote) {
        DatagramRuns by = runs;
        boolean several = run.remaining() > length;
        if (by == null || several && uncut || DatagramRuns.lacksScope(remote)) {
            return OwnSocket.super.send(run, length, remote);
        }
        int errno;
        try {
            errno = by.send(run, length, remote);
        } catch (RuntimeException failed) {
            failed(remote, failed.toString());
            errno = 0;
        }
        switch (errno) {
            case 0 -> sent();
            case Errors.EAGAIN -> {
                awaitRoom();
                return false;
            }
            default -> {
                if (several && mayGoUncut(errno)) {
                    return OwnSocket.super.send(run, length, remote);
                }
                failed(remote, by.text(errno));
            }
        }
        run.position(run.limit());
        return true;
    }

    /// Whether the datagrams of a run that was refused may be sent one by one: each is then cut
    /// into fragments if the path is too narrow.
    private boolean mayGoUncut(int errno) {
        boolean never =
                errno == Errors.EIO || errno == Errors.ENOPROTOOPT || errno == Errors.EOPNOTSUPP;
        if (never) {
            LOG.log(Level.DEBUG, "the device cuts no runs");
            uncut = true;
        }
        return never || errno == Errors.EINVAL || errno == Errors.EMSGSIZE;
    }

    private void awaitRoom() {
        key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
    }

    private void sent() {
        sendingFails = false;
        countTowardsData();
    }

    /// The datagrams are lost, as the network may lose them; engines notice by silence.
    private void failed(InetSocketAddress remote, String why) {
        if (!sendingFails) {
            LOG.log(
                    Level.DEBUG,
                    "sending to {0} failed: {1}",
                    HostAndPort.format(remote),
                    Text.escape(why));
        }
        sendingFails = true;
    }

    private void countTowardsData() {
        if (untilData > 0 && --untilData == 0) {
            if (small) {
                try {
                    setBuffers(LARGE_BUFFERS);
                } catch (IOException failed) {
                    LOG.log(Level.DEBUG, "small buffers stay: {0}", Text.escape(failed.toString()));
                }
            }
            if (mayUseRuns && DatagramRuns.arePossible()) {
                // The driver receives into the buffer meanwhile.
                ByteBuffer mine = incoming.duplicate();
                Thread.ofPlatform().daemon().name("natt-runs").start(() -> findRuns(mine));
            }
        }
    }

    /// Whether datagrams go and come in runs by now.
    boolean hasRuns() {
        return runs != null;
    }

    private void findRuns(ByteBuffer into) {
        try {
            DatagramRuns mine = DatagramRuns.find(local, into);
            synchronized (handover) {
                if (closed) {
                    mine.close();
                    return;
                }
                found = mine;
            }
            driver.execute(this::useRuns);
        } catch (IOException | RuntimeException failed) {
            LOG.log(
                    Level.DEBUG,
                    "datagrams are sent one by one: {0}",
                    Text.escape(failed.toString()));
        }
    }

    private void useRuns() {
        synchronized (handover) {
            if (closed || found == null) {
                return;
            }
            try {
                found.begin();
                runs = found;
                LOG.log(Level.DEBUG, "datagrams leave and come in runs");
            } catch (UnixException failed) {
                LOG.log(
                        Level.DEBUG,
                        "datagrams are sent one by one: {0}",
                        Text.escape(failed.toString()));
                found.close();
                found = null;
            }
        }
    }

    @Override
    public void close() {
        Driver.closeQuietly(channel);
        synchronized (handover) {
            closed = true;
            if (found != null) {
                found.close();
                runs = null;
                found = null;
            }
        }
    }
}
