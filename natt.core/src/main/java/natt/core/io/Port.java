package natt.core.io;

import natt.core.HostAndPort;
import natt.core.Route;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/// A UDP socket and the engines that share it, because a NAT mapping belongs to one local port; and
/// the other ways by which these engines reach their peers, each named by a [Route]: additional
/// sockets and connections.
///
/// A datagram is offered to the engines in their order until one takes it; what none takes is
/// dropped in silence.
public final class Port {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How many sockets a port has at once from [#addSockets].
    public static final int MOST_EPHEMERAL = 512;

    /// How many file descriptors [#addSockets] leaves to the rest of the program.
    static final int RESERVED_DESCRIPTORS = 32;

    private final Driver driver;
    private final PortSocket own;
    private final Sockets sockets;
    private final ByteBuffer outgoing = ByteBuffer.allocateDirect(2048);
    private @Nullable InetSocketAddress outgoingTo;
    private List<? extends Engine> engines = List.of();
    private Owner owner = now -> Engine.NEVER;

    /// The latest IPv6 destination that is no route: to look at each address anew costs a copy.
    private @Nullable InetSocketAddress ordinary;

    /// The latest destination through another socket, that socket, and the address behind it.
    private @Nullable InetSocketAddress through;

    private @Nullable PortSocket throughSocket;
    private @Nullable InetSocketAddress throughRemote;
    private long droppedUnsent;

    Port(Driver driver, InetSocketAddress bind) throws IOException {
        this.driver = driver;
        own = new PortSocket(driver, 0, bind, PortSocket.LARGE_BUFFERS, this::demultiplex);
        sockets = new Sockets(driver, this::demultiplex);
    }

    /// The address that is bound, with the port that the system chose if none was given.
    public InetSocketAddress local() {
        return own.local();
    }

    /// The address that an additional socket is bound to; empty when it is closed.
    public Optional<InetSocketAddress> local(int socket) {
        return Optional.ofNullable(sockets.get(socket)).map(PortSocket::local);
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

    /// Opens another socket. Its datagrams come from, and leave to, [Route#through] its number.
    ///
    /// @param bind IPv4, since a route has no room for more
    /// @return its number, from 1; one that was closed is not used again soon
    /// @throws IOException if the address cannot be bound
    public int addSocket(InetSocketAddress bind) throws IOException {
        return sockets.add(bind);
    }

    /// Opens sockets on ports that the system chooses, for a search of paths: the kernel's buffers
    /// are small until a socket carries more than a search. Opening hundreds takes milliseconds.
    ///
    /// @return their numbers: `count`, or as many as are left of [#MOST_EPHEMERAL] or as the
    ///     system allows; perhaps none
    public List<Integer> addSockets(int count) {
        return sockets.addEphemeral(count);
    }

    /// Closes an additional socket. What engines still send through it is dropped.
    public void closeSocket(int socket) {
        sockets.close(socket);
    }

    private void demultiplex(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        int end = datagram.limit();
        for (int i = 0; i < engines.size(); i++) {
            datagram.clear().limit(end);
            if (engines.get(i).handleDatagram(from, datagram, nowNanos)) {
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
        if (!own.isOpen()) {
            return Engine.NEVER;
        }
        if (!transmit(nowNanos)) {
            return wait;
        }
        for (int i = 0; i < engines.size(); i++) {
            wait = Math.min(wait, engines.get(i).nanosUntilTimeout(nowNanos));
        }
        return wait;
    }

    /// Sends what the engines have; false when a socket takes no more for now.
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
        boolean sent =
                isOrdinary(to)
                        ? own.send(outgoing, to)
                        : Route.isDirect(to) ? sendThrough(to) : dropped(to);
        outgoingTo = sent ? null : to;
        return sent;
    }

    /// Asked for every datagram. Java has no IPv4-mapped addresses: those are [Inet4Address].
    private boolean isOrdinary(InetSocketAddress to) {
        if (to.getAddress() instanceof Inet4Address || to == ordinary) {
            return true;
        }
        if (Route.isRoute(to)) {
            return false;
        }
        ordinary = to;
        return true;
    }

    private boolean sendThrough(InetSocketAddress to) {
        if (to != through) {
            through = to;
            throughSocket = sockets.get(Route.socket(to));
            throughRemote = Route.remote(to);
        }
        return throughSocket != null && throughRemote != null && throughSocket.isOpen()
                ? throughSocket.send(outgoing, throughRemote)
                : dropped(to);
    }

    /// Counts a datagram for a way that there is not, or no longer.
    private boolean dropped(InetSocketAddress to) {
        // Powers of two: the first is told at once, and millions are told in twenty lines.
        if (Long.bitCount(++droppedUnsent) == 1) {
            LOG.log(
                    Level.DEBUG,
                    "{0} datagrams dropped, the latest to a closed one: {1}",
                    droppedUnsent,
                    HostAndPort.format(to));
        }
        return true;
    }

    /// Sends what the engines still have, as far as the socket takes it, and closes it.
    public void close() {
        driver.forget(this);
        try {
            if (own.isOpen()) {
                transmit(driver.nanoTime());
            }
        } finally {
            own.close();
            sockets.closeAll();
        }
    }
}
