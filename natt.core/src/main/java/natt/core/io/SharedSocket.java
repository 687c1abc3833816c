package natt.core.io;

import natt.core.HostAndPort;
import natt.core.Route;
import natt.core.Text;
import natt.core.unix.Errors;
import natt.core.unix.SocketWatch;
import natt.core.unix.UnixException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// A port's own socket on the port of another program: see [SharedPort].
///
/// It is there for questions to servers, handshakes and what opens a NAT, not for data: what the
/// kernel has no room for is lost, and every packet costs a few system calls more. A checksum of
/// IPv4 is not verified, since the kernel leaves it to the network card, if there is one in
/// between; all that natt believes is authenticated, or has an unpredictable number.
final class SharedSocket implements OwnSocket {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How many datagrams of a family are taken before others get a turn.
    private static final int DATAGRAMS_PER_TURN = 64;

    /// The longest header of IPv4, that of UDP, and more than a port ever sends. What is longer is
    /// cut by the kernel, and not whole.
    private static final int MOST_BYTES = 60 + UdpPacket.UDP_BYTES + 2048;

    private final Driver driver;
    private final SharedPort shared;
    private final Receiver receiver;
    private final InetSocketAddress local;
    private final SourceAddresses sources;
    private final SocketWatch watch;
    private final ByteBuffer incoming = ByteBuffer.allocate(MOST_BYTES);
    private final ByteBuffer outgoing = ByteBuffer.allocate(MOST_BYTES);
    private boolean open = true;
    private boolean whole;
    private boolean sendingFails;

    /// The latest source, by the same name for the engines as long as it is the same.
    private @Nullable InetSocketAddress source;

    SharedSocket(Driver driver, SharedPort shared, Receiver receiver) throws IOException {
        this.driver = driver;
        this.shared = shared;
        this.receiver = receiver;
        local = shared.local();
        sources = new SourceAddresses(shared::sourceTo);
        watch = shared.take(() -> driver.execute(this::receiveAll));
    }

    @Override
    public InetSocketAddress local() {
        return local;
    }

    @Override
    public boolean isShared() {
        return true;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void keepWhole() throws IOException {
        whole = true;
        shared.keepIpv6Whole();
    }

    private void receiveAll() {
        if (!open) {
            return;
        }
        try {
            receiveSome(false);
            if (open && shared.hasIpv6()) {
                receiveSome(true);
            }
        } finally {
            if (open) {
                watch.resume();
            }
        }
    }

    private void receiveSome(boolean ipv6) {
        try {
            for (int i = 0; i < DATAGRAMS_PER_TURN && open; i++) {
                InetAddress from = shared.receive(ipv6, incoming.clear());
                take(from, ipv6, incoming.flip());
            }
        } catch (UnixException failed) {
            if (failed.errno() != Errors.EAGAIN) {
                LOG.log(Level.DEBUG, "receiving failed: {0}", Text.escape(failed.toString()));
            }
        }
    }

    private void take(InetAddress from, boolean ipv6, ByteBuffer packet) {
        if (!ipv6 && !UdpPacket.takeIpv4(packet)) {
            return;
        }
        int port = UdpPacket.takeUdp(packet, local.getPort());
        if (port < 0) {
            return;
        }
        InetSocketAddress last = source;
        if (last == null || last.getPort() != port || !last.getAddress().equals(from)) {
            last = new InetSocketAddress(from, port);
            // The network cannot name routes: one from there would be mistaken for this node's.
            if (Route.isRoute(last)) {
                return;
            }
            source = last;
        }
        ByteBuffer datagram = driver.receiveBuffer();
        datagram.clear().put(packet).flip();
        receiver.received(last, datagram, driver.nanoTime());
    }

    @Override
    public boolean send(ByteBuffer datagram, InetSocketAddress remote) {
        try {
            if (remote.getAddress() instanceof Inet6Address six) {
                putDatagram(0, datagram, remote.getPort());
                shared.send(outgoing, six);
            } else {
                sendByIpv4(datagram, remote);
            }
            sendingFails = false;
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

    private void sendByIpv4(ByteBuffer datagram, InetSocketAddress remote) throws IOException {
        int to = SourceAddresses.number(remote);
        int from = sources.to(remote, to, driver.nanoTime());
        putDatagram(UdpPacket.IPV4_BYTES, datagram, remote.getPort());
        int length = outgoing.limit() - UdpPacket.IPV4_BYTES;
        UdpPacket.putIpv4(outgoing, from, to, length, whole);
        UdpPacket.setChecksum(outgoing, UdpPacket.IPV4_BYTES, from, to);
        outgoing.position(0);
        shared.send(outgoing, remote);
    }

    /// Writes the header of UDP and what it carries at an offset of the buffer.
    private void putDatagram(int at, ByteBuffer payload, int toPort) {
        int length = UdpPacket.UDP_BYTES + payload.remaining();
        outgoing.clear().position(at);
        UdpPacket.putUdp(outgoing, local.getPort(), toPort, length);
        outgoing.put(payload).flip();
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            watch.close();
            shared.closeAsker();
        }
    }
}
