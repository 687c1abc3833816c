package natt.core.io;

import natt.core.unix.Errors;
import natt.core.unix.Libc;
import natt.core.unix.SocketWatch;
import natt.core.unix.UnixException;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;

/// natt's part of a UDP port that another program has bound, WireGuard: raw sockets that send from
/// that port, and receive of what comes to it what is natt's.
///
/// Opened before the thread that will use it, see [Driver#openSharedPort]. That takes the
/// capability CAP_NET_RAW, of which nothing is needed afterwards; the sockets cannot be made to
/// receive more than that by whoever has them.
public final class SharedPort implements AutoCloseable {
    private static final int NONE = -1;
    private static final int BUFFER_BYTES = 1 << 20;

    private static final int SOL_IP = 0;
    private static final int IP_HDRINCL = 3;
    private static final int SO_MARK = 36;
    private static final int SO_LOCK_FILTER = 44;
    private static final int SOL_IPV6 = 41;
    private static final int IPV6_CHECKSUM = 7;
    private static final int IPV6_MTU_DISCOVER = 23;
    private static final int IPV6_PMTUDISC_DO = 2;

    /// Where the checksum is in the header of UDP.
    private static final int CHECKSUM_AT = 6;

    private static final long[] NOTHING = {(long) FilterProgram.RETURN << 48};

    private final Libc libc;
    private final int port;
    private int four = NONE;
    private int six = NONE;

    /// Asked from where the kernel would send; nothing is sent through it.
    private int asker = NONE;

    private boolean taken;

    private SharedPort(Libc libc, int port) {
        this.libc = libc;
        this.port = port;
    }

    /// Opens the sockets.
    ///
    /// @param port that of the other program, from 1
    /// @param servers whose datagrams are let through whatever is in them; at most 8
    /// @param mark what the kernel's routing knows the other program's datagrams by (`fwmark`), or
    ///     0: without it they would be routed into the tunnel that they carry
    /// @throws IOException with one line for the user
    public static SharedPort open(int port, List<InetSocketAddress> servers, int mark)
            throws IOException {
        var filter = new SharedFilter(port, servers);
        var shared = new SharedPort(Libc.load(), port);
        try {
            shared.openAll(filter, mark);
        } catch (UnixException failed) {
            shared.close();
            throw new IOException(
                    failed.errno() == Errors.EPERM || failed.errno() == Errors.EACCES
                            ? "sharing UDP port %d takes the capability CAP_NET_RAW, as root has it"
                                    .formatted(port)
                            : "UDP port %d cannot be shared: %s"
                                    .formatted(port, failed.getMessage()),
                    failed);
        }
        return shared;
    }

    private void openAll(SharedFilter filter, int mark) throws UnixException {
        four = raw(Libc.AF_INET);
        prepare(four, filter.ipv4(), mark);
        libc.setOption(four, SOL_IP, IP_HDRINCL, 1);
        asker = libc.socket(Libc.AF_INET, Libc.SOCK_DGRAM, Libc.IPPROTO_UDP);
        mark(asker, mark);
        try {
            six = raw(Libc.AF_INET6);
        } catch (UnixException failed) {
            if (failed.errno() != Errors.EAFNOSUPPORT) {
                throw failed;
            }
            return;
        }
        prepare(six, filter.ipv6(), mark);
        libc.setOption(six, SOL_IPV6, IPV6_CHECKSUM, CHECKSUM_AT);
    }

    private int raw(int family) throws UnixException {
        return libc.socket(family, Libc.SOCK_RAW | Libc.SOCK_NONBLOCK, Libc.IPPROTO_UDP);
    }

    private void prepare(int socket, long[] filter, int mark) throws UnixException {
        libc.attachFilter(socket, NOTHING);
        forgetWhatCame(socket);
        libc.attachFilter(socket, filter);
        libc.setOption(socket, Libc.SOL_SOCKET, SO_LOCK_FILTER, 1);
        libc.setOption(socket, Libc.SOL_SOCKET, Libc.SO_RCVBUF, BUFFER_BYTES);
        mark(socket, mark);
    }

    /// Between its opening and its filter a raw socket takes the datagrams of every program.
    private void forgetWhatCame(int socket) throws UnixException {
        var any = ByteBuffer.allocate(1);
        try {
            while (true) {
                libc.receive(socket, any.clear(), Libc.MSG_DONTWAIT);
            }
        } catch (UnixException failed) {
            if (failed.errno() != Errors.EAGAIN) {
                throw failed;
            }
        }
    }

    private void mark(int socket, int mark) throws UnixException {
        if (mark != 0) {
            libc.setOption(socket, Libc.SOL_SOCKET, SO_MARK, mark);
        }
    }

    /// The port of both programs.
    public int port() {
        return port;
    }

    /// What the other program's socket is bound to.
    InetSocketAddress local() {
        return new InetSocketAddress(InetAddress.ofLiteral(hasIpv6() ? "::" : "0.0.0.0"), port);
    }

    boolean hasIpv6() {
        return six != NONE;
    }

    /// Hands the sockets over to who receives from them, whose end is theirs.
    ///
    /// @param readable called on a thread of the watch's own
    SocketWatch take(Runnable readable) throws IOException {
        if (taken || four == NONE) {
            throw new IOException("the sockets on port " + port + " are no longer here");
        }
        int[] sockets = hasIpv6() ? new int[] {four, six} : new int[] {four};
        try {
            var watch = SocketWatch.start(libc, "natt-shared", readable, sockets);
            taken = true;
            return watch;
        } catch (UnixException failed) {
            four = NONE;
            six = NONE;
            throw failed;
        }
    }

    /// Receives a packet, of IPv4 with its header, of IPv6 without, if there is one.
    ///
    /// @return who has sent it, without the port
    InetAddress receive(boolean ipv6, ByteBuffer into) throws UnixException {
        return libc.receive(ipv6 ? six : four, into, Libc.MSG_DONTWAIT)
                .map(InetSocketAddress::getAddress)
                .orElseThrow(() -> new AssertionError("packets of IP have an address"));
    }

    /// Sends a packet of IPv4, with its header.
    void send(ByteBuffer packet, InetSocketAddress to) throws UnixException {
        libc.sendTo(four, packet, Libc.MSG_DONTWAIT, to);
    }

    /// Sends a datagram of UDP by IPv6, whose checksum the kernel sees to.
    void send(ByteBuffer datagram, Inet6Address to) throws IOException {
        if (!hasIpv6()) {
            throw new IOException("this system has no IPv6");
        }
        // A port would be taken for a protocol's number.
        libc.sendTo(six, datagram, Libc.MSG_DONTWAIT, new InetSocketAddress(to, 0));
    }

    /// From where the kernel sends to an address of IPv4.
    InetSocketAddress sourceTo(InetSocketAddress destination) throws UnixException {
        libc.connect(asker, destination);
        InetSocketAddress source = libc.localAddress(asker);
        libc.disconnect(asker);
        return source;
    }

    /// Lets no router cut datagrams of IPv6, nor the kernel.
    void keepIpv6Whole() throws UnixException {
        if (hasIpv6()) {
            libc.setOption(six, SOL_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
        }
    }

    /// Ends what the watch does not end.
    void closeAsker() {
        libc.close(asker);
        asker = NONE;
    }

    /// Closes the sockets if no port has taken them, whose they are then.
    @Override
    public void close() {
        if (taken) {
            return;
        }
        taken = true;
        for (int each : new int[] {four, six, asker}) {
            if (each != NONE) {
                libc.close(each);
            }
        }
    }
}
