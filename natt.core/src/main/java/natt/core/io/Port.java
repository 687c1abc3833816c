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
import java.util.ArrayList;
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
    private final OwnSocket own;
    private final Sockets sockets;
    private final Connections connections;
    private final List<StreamListener> listeners = new ArrayList<>();
    private final Run run = new Run();

    /// Whether the run waits for a socket that was full.
    private boolean waits;

    private List<? extends Engine> engines = List.of();
    private Owner owner = now -> Engine.NEVER;

    /// The latest IPv6 destination that is no route: to look at each address anew costs a copy.
    private @Nullable InetSocketAddress ordinary;

    /// The latest destination through another socket, that socket, and the address behind it.
    private @Nullable InetSocketAddress through;

    private @Nullable PortSocket throughSocket;
    private @Nullable InetSocketAddress throughRemote;
    private long droppedUnsent;

    Port(Driver driver, OwnSocket.Opener opener) throws IOException {
        this.driver = driver;
        own = opener.open(this::demultiplex);
        sockets = new Sockets(driver, this::demultiplex);
        connections = new Connections(driver, this::demultiplex);
    }

    /// The address that is bound, with the port that the system chose if none was given.
    public InetSocketAddress local() {
        return own.local();
    }

    /// Whether another program has bound this port too: see [Driver#openSharedPort]. What an
    /// additional socket finds is then of no use to that program.
    public boolean isShared() {
        return own.isShared();
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

    /// Lets no router cut datagrams of the own socket into fragments, where the system can do that
    /// for this family: those that are too large are lost then, which tells the width of a path.
    ///
    /// @throws IOException if the system should, and does not
    public void keepWhole() throws IOException {
        own.keepWhole();
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

    /// Closes an additional socket. What engines still send through it is dropped; its port is free
    /// from the driver's next turn on.
    public void closeSocket(int socket) {
        sockets.close(socket);
    }

    /// Names a peer that is reached over TCP and TLS, for engines to send to at once. A connection
    /// is made when they do, again, with pauses of 1 to 30 s, when it fails or is lost while they
    /// go on, and ends after 2 minutes without a datagram. What they send meanwhile waits, up to
    /// 256 datagrams or 512 KiB; the rest is dropped, as are those in a pause.
    ///
    /// Nothing is learned of who the peer is; that is for the sessions inside.
    ///
    /// @param remote whose name, if it is one, is looked up for every connection, and is in clear
    ///     in it
    /// @return its [Route]
    public InetSocketAddress connectLater(HostAndPort remote) {
        return connections.add(remote);
    }

    /// Accepts connections like those of [#connectLater]. Each is a [Route] that is used for no
    /// other; it ends when the peer ends it or has sent nothing for 60 s.
    ///
    /// @throws IOException if the address cannot be bound
    public StreamListener listen(
            InetSocketAddress bind, TlsIdentity identity, StreamListener.Limits limits)
            throws IOException {
        var listener = new StreamListener(driver, connections, bind, identity, limits);
        listeners.add(listener);
        return listener;
    }

    /// The transport address at the other end of a connection; empty while there is none.
    public Optional<InetSocketAddress> peer(InetSocketAddress route) {
        return Optional.ofNullable(connections.get(route)).flatMap(Link::peer);
    }

    /// Ends a connection and forgets its route. What engines still send to it is dropped.
    public void disconnect(InetSocketAddress route) {
        Link link = connections.get(route);
        if (link != null) {
            link.close(driver.nanoTime());
        }
    }

    private void demultiplex(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        int begin = datagram.position();
        int end = datagram.limit();
        for (int i = 0; i < engines.size(); i++) {
            datagram.limit(end).position(begin);
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
        boolean all = transmit(nowNanos);
        connections.flush(nowNanos);
        if (!all) {
            return wait;
        }
        for (int i = 0; i < engines.size(); i++) {
            wait = Math.min(wait, engines.get(i).nanosUntilTimeout(nowNanos));
        }
        return wait;
    }

    /// Sends what the engines have; false when a socket takes no more for now.
    private boolean transmit(long nowNanos) {
        // A run is complete here only if sending it has failed by a fault.
        if ((waits || run.isComplete()) && !send(nowNanos)) {
            return false;
        }
        try {
            return poll(nowNanos) && send(nowNanos);
        } catch (RuntimeException | AssertionError fault) {
            // What is another engine's does not wait for the one that fails.
            send(nowNanos);
            throw fault;
        }
    }

    /// Asks the engines for what they have, and sends the runs that are complete.
    private boolean poll(long nowNanos) {
        for (int i = 0; i < engines.size(); i++) {
            InetSocketAddress to;
            while ((to = engines.get(i).pollTransmit(run.room(), nowNanos)) != null) {
                run.add(to);
                if (run.isComplete() && !send(nowNanos)) {
                    return false;
                }
            }
        }
        return true;
    }

    /// Sends complete runs, or the last one. False when the socket is full: the rest waits.
    private boolean send(long nowNanos) {
        do {
            InetSocketAddress to = run.to();
            if (to == null) {
                break;
            }
            ByteBuffer left = run.left();
            boolean sent =
                    isOrdinary(to)
                            ? own.send(left, run.segment(), to)
                            : sendByRoute(left, run.segment(), to, nowNanos);
            run.sentSome();
            waits = !sent;
            if (waits) {
                return false;
            }
            run.next();
        } while (run.isComplete());
        return true;
    }

    private boolean sendByRoute(ByteBuffer left, int length, InetSocketAddress to, long nowNanos) {
        if (Route.isDirect(to)) {
            return sendThrough(left, length, to);
        }
        Link link = connections.get(to);
        int end = left.limit();
        do {
            int next = Math.min(end, left.position() + length);
            left.limit(next);
            if (link == null || !link.send(left, nowNanos)) {
                dropped(to);
            }
            left.limit(end).position(next);
        } while (left.hasRemaining());
        return true;
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

    private boolean sendThrough(ByteBuffer left, int length, InetSocketAddress to) {
        if (to != through) {
            through = to;
            throughSocket = sockets.get(Route.socket(to));
            throughRemote = Route.remote(to);
        }
        if (throughSocket != null && throughRemote != null && throughSocket.isOpen()) {
            return throughSocket.send(left, length, throughRemote);
        }
        dropped(to);
        left.position(left.limit());
        return true;
    }

    /// Counts a datagram for a way that there is not, no longer, or whose queue is full.
    private void dropped(InetSocketAddress to) {
        // Powers of two: the first is told at once, and millions are told in twenty lines.
        if (Long.bitCount(++droppedUnsent) == 1) {
            LOG.log(
                    Level.DEBUG,
                    "{0} datagrams had no way, the latest: {1}",
                    droppedUnsent,
                    HostAndPort.format(to));
        }
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
            listeners.forEach(StreamListener::close);
            connections.closeAll(driver.nanoTime());
        }
    }
}
